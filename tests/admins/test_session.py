"""Sessions: they end by themselves, and what the database holds opens none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from bypost.admins import account, session
from bypost.admins.role import Role, Visitor
from bypost.store import Row, Store, admins
from scheduler.clock import SimulatedClock

TOKEN = "t" * 43


@pytest.fixture
def olga(store: Store, clock: SimulatedClock) -> Row:
    with store.write() as connection:
        account.add(connection, "olga", Role.OPERATOR, "a hash", clock.now())
        row = account.find(connection, "olga")
        session.begin(connection, row["id"], TOKEN, clock.now())
    return row


def visitor(store: Store, clock: SimulatedClock, token: str = TOKEN) -> Visitor | None:
    return session.visitor(store, token, clock.now())


@pytest.mark.sqlite
def test_only_the_hash_of_the_secret_is_kept(store: Store, olga: Row) -> None:
    with store.read() as connection:
        kept = connection.execute(text("SELECT hash FROM admin_sessions")).scalar_one()
    assert kept == session.hash_of(TOKEN)
    assert TOKEN.encode() not in store.path.read_bytes()
    # What is kept does not open the session: it would be hashed once more.
    assert session.visitor(store, kept.hex(), olga["created_at"]) is None


def test_a_session_that_nobody_uses_ends_after_half_a_day(
    store: Store, olga: Row, clock: SimulatedClock
) -> None:
    for _ in range(3):
        clock.advance(session.IDLE - timedelta(seconds=1))
        assert visitor(store, clock) is not None
    clock.advance(session.IDLE)
    assert visitor(store, clock) is None


def test_a_session_in_use_ends_after_two_weeks(
    store: Store, olga: Row, clock: SimulatedClock
) -> None:
    for _ in range(14 * 4 - 1):
        clock.advance(timedelta(hours=6))
        assert visitor(store, clock) is not None
    clock.advance(timedelta(hours=6))
    assert visitor(store, clock) is None


def test_a_session_that_is_over_is_deleted_by_the_next_sign_in(
    store: Store, olga: Row, clock: SimulatedClock
) -> None:
    clock.advance(session.IDLE)
    with store.write() as connection:
        session.begin(connection, olga["id"], "another", clock.now())
        count = connection.execute(text("SELECT count(*) FROM admin_sessions")).scalar_one()
    assert count == 1


def test_looking_writes_no_more_than_once_a_minute(
    store: Store, olga: Row, clock: SimulatedClock
) -> None:
    seen = []
    for _ in range(4):
        clock.advance(timedelta(seconds=30))
        visitor(store, clock)
        with store.read() as connection:
            row = admins.session(connection, session.hash_of(TOKEN))
        assert row is not None
        seen.append(row["seen_at"] - olga["created_at"])
    assert [one.seconds for one in seen] == [0, 60, 60, 120]


def test_signing_out_ends_it_here(store: Store, olga: Row, clock: SimulatedClock) -> None:
    with store.write() as connection:
        assert session.end(connection, TOKEN)
        assert not session.end(connection, TOKEN)
    assert visitor(store, clock) is None


def test_a_new_password_ends_every_session_but_one(
    store: Store, olga: Row, clock: SimulatedClock
) -> None:
    with store.write() as connection:
        session.begin(connection, olga["id"], "another", clock.now())
        assert account.set_password(connection, olga, "h", clock.now(), token="another") == 1
    assert visitor(store, clock) is None
    assert visitor(store, clock, "another") is not None


def test_a_role_and_a_removal_hold_at_once(store: Store, olga: Row, clock: SimulatedClock) -> None:
    with store.write() as connection:
        account.add(connection, "karl", Role.OPERATOR, "a hash", clock.now())
        account.set_role(connection, olga, Role.VIEWER)
    assert visitor(store, clock) == Visitor("olga", Role.VIEWER, olga["id"])
    with store.write() as connection:
        account.remove(connection, account.find(connection, "olga"))
    assert visitor(store, clock) is None
