"""Signing in: guessing gets slower and slower, and nobody is locked out for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import text

from bypost.admins import account, session, sign_in
from bypost.admins import password as passwords
from bypost.admins.role import Role, Visitor
from bypost.admins.sign_in import MEMORY, Attempt, Result
from bypost.store import Row, Store, admins, audit
from scheduler.clock import SimulatedClock

GOOD = "correct horse battery"
HOME, ELSEWHERE = "203.0.113.0/24", "198.51.100.0/24"
TOKEN = "t" * 43

Try = Callable[..., Result]

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def olga(store: Store, clock: SimulatedClock) -> Row:
    hashed = passwords.hash_of(GOOD)
    with store.write() as connection:
        account.add(connection, "olga", Role.OPERATOR, hashed, clock.now())
        return account.find(connection, "olga")


@pytest.fixture
def attempt(store: Store, olga: Row, clock: SimulatedClock) -> Try:
    """Try to sign in as olga from home with a wrong password, unless told otherwise."""

    number = count(1)

    def trying(
        password: str = "wrong", name: str = "olga", network: str = HOME, browser: str = ""
    ) -> Result:
        given = Attempt(name=name, password=password, network=network, browser=browser)
        return sign_in.sign_in(store, given, f"{TOKEN}{next(number)}", clock.now())

    return trying


def guess(attempt: Try, clock: SimulatedClock, many: int, **options: str) -> timedelta:
    """Fail so often as soon as that is possible; return how long that took."""
    began = clock.now()
    for _ in range(many):
        result = attempt(**options)
        while result.wait:
            clock.advance(result.wait)
            result = attempt(**options)
        assert result.admin is None
    return clock.now() - began


def test_the_right_password_begins_a_session(
    attempt: Try, store: Store, olga: Row, clock: SimulatedClock
) -> None:
    result = attempt(GOOD)
    assert result.admin is not None
    assert result.admin["name"] == "olga"
    assert session.visitor(store, f"{TOKEN}1", clock.now()) == Visitor(
        "olga", Role.OPERATOR, olga["id"]
    )


@pytest.mark.parametrize("name", ["olga", "OLGA", " Olga "])
def test_a_name_is_the_same_in_capitals(attempt: Try, name: str) -> None:
    assert attempt(GOOD, name=name).admin is not None


@pytest.mark.parametrize("name", ["", "karl", "olga' OR '1'='1", "olga\x00", "\ud800", "o" * 9999])
def test_an_unknown_name_is_a_failure_like_any_other(
    attempt: Try, store: Store, clock: SimulatedClock, name: str
) -> None:
    assert attempt(GOOD, name=name) == Result()
    assert session.visitor(store, f"{TOKEN}1", clock.now()) is None


def test_an_unknown_name_costs_the_same_work(attempt: Try, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    monkeypatch.setattr(passwords, "is_right", lambda kept, _: bool(checked.append(kept)))
    attempt()
    attempt(name="karl", network=ELSEWHERE)
    assert len(checked) == 2
    assert checked[1] == passwords.NOBODYS


def test_somebody_who_mistypes_three_times_does_not_wait(
    attempt: Try, clock: SimulatedClock
) -> None:
    assert guess(attempt, clock, 3) == timedelta()
    assert attempt(GOOD).admin is not None


def test_waits_double_up_to_a_quarter_of_an_hour(attempt: Try, clock: SimulatedClock) -> None:
    guess(attempt, clock, 4)
    waits = []
    for _ in range(13):
        wait = attempt().wait
        waits.append(wait.total_seconds())
        clock.advance(wait)
        assert attempt() == Result()
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_while_it_waits_even_the_right_password_is_not_looked_at(
    attempt: Try, clock: SimulatedClock
) -> None:
    guess(attempt, clock, 8)
    waiting = attempt(GOOD)
    assert waiting.admin is None
    assert waiting.wait == timedelta(seconds=16)
    assert attempt(GOOD).wait == waiting.wait  # pressing again makes it no longer
    clock.advance(waiting.wait)
    assert attempt(GOOD).admin is not None


def test_success_begins_to_count_anew(attempt: Try, clock: SimulatedClock) -> None:
    guess(attempt, clock, 3)
    assert attempt(GOOD).admin is not None
    assert guess(attempt, clock, 3) == timedelta()


def test_failures_are_forgotten_after_a_day(attempt: Try, clock: SimulatedClock) -> None:
    guess(attempt, clock, 10)
    clock.advance(MEMORY + timedelta(minutes=15))
    assert guess(attempt, clock, 3) == timedelta()


def test_a_hundred_guesses_from_one_place_take_a_day(attempt: Try, clock: SimulatedClock) -> None:
    assert guess(attempt, clock, 100) > timedelta(hours=20)


def test_one_account_after_another_is_slow_as_well(attempt: Try, clock: SimulatedClock) -> None:
    took = sum(
        (guess(attempt, clock, 1, name=f"name-{number}") for number in range(60)), timedelta()
    )
    assert took > timedelta(hours=5)


def test_a_crowd_of_machines_guesses_twice_a_minute(attempt: Try, clock: SimulatedClock) -> None:
    took = sum(
        (guess(attempt, clock, 1, network=f"10.{n // 200}.{n % 200}.0/24") for n in range(300)),
        timedelta(),
    )
    assert took > timedelta(hours=1, minutes=50)


def test_a_stranger_who_fails_on_purpose_keeps_nobody_out(
    attempt: Try, clock: SimulatedClock
) -> None:
    for number in range(200):
        attempt(network=f"10.0.{number}.0/24")
    assert attempt(GOOD, network=HOME).wait <= timedelta(seconds=30)
    # Whoever signed in before with this browser does not wait for strangers at all.
    assert attempt(GOOD, network=HOME, browser="known").admin is not None


def test_a_known_browser_is_no_free_pass(attempt: Try, clock: SimulatedClock) -> None:
    assert guess(attempt, clock, 100, browser="known") > timedelta(hours=5)


def test_signing_in_oneself_between_guesses_does_not_help(
    attempt: Try, store: Store, clock: SimulatedClock
) -> None:
    hashed = passwords.hash_of(GOOD)
    with store.write() as connection:
        account.add(connection, "vera", Role.VIEWER, hashed, clock.now())
    began = clock.now()
    for number in range(60):
        guess(attempt, clock, 1, name=f"name-{number}")
        result = attempt(GOOD, name="vera")
        while result.wait:
            clock.advance(result.wait)
            result = attempt(GOOD, name="vera")
        assert result.admin is not None
    assert clock.now() - began > timedelta(hours=5)


def test_the_command_that_sets_a_password_ends_every_wait(
    attempt: Try, store: Store, clock: SimulatedClock
) -> None:
    guess(attempt, clock, 20)
    with store.write() as connection:
        sign_in.forget(connection, clock.now())
    assert attempt(GOOD).admin is not None


def test_a_clock_that_was_wrong_keeps_nobody_out(attempt: Try, clock: SimulatedClock) -> None:
    clock.advance(timedelta(days=400))
    guess(attempt, clock, 10)
    clock.step_back(timedelta(days=400))
    assert attempt(GOOD).admin is not None


def test_nothing_that_was_typed_is_kept(attempt: Try, store: Store) -> None:
    attempt("my secret password", name="my secret password typed as a name")
    attempt("my secret password")
    with store.read() as connection:
        rows = [
            str(row)
            for table in ("sign_in_waits", "audit", "admin_sessions")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        ]
    assert len(rows) == 7  # six counters, and one line of the log
    assert "secret" not in "".join(rows)


def test_the_log_tells_of_failures_under_names_that_exist_only(attempt: Try, store: Store) -> None:
    attempt(name="karl")
    attempt()
    attempt(GOOD)
    with store.read() as connection:
        rows = audit.newest(connection, limit=9)
    assert [(row["who"], row["action"], row["detail"]) for row in rows] == [
        ("olga", "admin.sign-in", f"from {HOME}"),
        ("olga", "admin.sign-in-failed", f"from {HOME}"),
    ]


def test_an_outdated_hash_is_replaced_by_whoever_signs_in(
    attempt: Try, store: Store, olga: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import PasswordHasher

    today = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", today)
    attempt()
    with store.read() as connection:
        assert account.find(connection, "olga")["password"] == olga["password"]
    assert attempt(GOOD).admin is not None
    with store.read() as connection:
        row = account.find(connection, "olga")
    assert "m=16,t=2" in row["password"]
    assert row["password_at"] == olga["password_at"]
    assert attempt(GOOD).admin is not None


def test_guessing_the_present_password_of_a_session_waits_too(
    store: Store, olga: Row, clock: SimulatedClock
) -> None:
    for _ in range(6):
        assert sign_in.confirm(store, olga, "wrong", clock.now()) == Result()
    assert sign_in.confirm(store, olga, GOOD, clock.now()).wait == timedelta(seconds=1)
    clock.advance(timedelta(seconds=1))
    assert sign_in.confirm(store, olga, GOOD, clock.now()).admin is not None


def test_attempts_at_one_moment_each_count(
    store: Store, olga: Row, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are under way before the first one is known to have failed."""
    nested: list[Result] = []

    def while_it_is_checked(_kept: str, _password: str) -> bool:
        if len(nested) < 20:
            nested.append(Result())
            given = Attempt(name="olga", password="wrong", network=HOME)
            nested.append(sign_in.sign_in(store, given, TOKEN, clock.now()))
        return False

    monkeypatch.setattr(passwords, "is_right", while_it_is_checked)
    given = Attempt(name="olga", password="wrong", network=HOME)
    sign_in.sign_in(store, given, TOKEN, clock.now())
    with store.read() as connection:
        kept = admins.waits(connection, [f"net:{HOME}"])[f"net:{HOME}"]
    assert kept["failures"] == 4  # the fifth had to wait
    assert any(result.wait for result in nested)
