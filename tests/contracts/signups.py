"""What every database must do with requests and limits; mixed into its class of rules."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from bypost.people import join
from bypost.store import (
    Connection,
    Store,
    consents,
    enrollments,
    ledger,
    limits,
    notices,
    signups,
    subscribers,
    subscriptions,
    suppressions,
)
from bypost.store.schema import batches, deliveries, events
from bypost.store.schema import limits as limits_table
from tests.contracts.store import NOON, add_people, owe, statements

HOUR = timedelta(hours=1)


def add_stranger(connection: Connection, **values: Any) -> int:
    """Add somebody who has not confirmed anything; return who."""
    number = subscribers.next_id(connection)
    row = join.new_subscriber(
        subscriber_id=number,
        email=f"s{number}@example.org",
        name="",
        time_zone="",
        status="unconfirmed",
        now=NOON,
    )
    return int(subscribers.add(connection, {**row, **values})["id"])


def ask(connection: Connection, subscriber_id: int, at: datetime = NOON, **values: Any) -> int:
    """Add a request; return its number."""
    empty = dict.fromkeys(("name", "time_zone", "hour", "form", "wording", "network"), "")
    row = {"course": "alpha", "newsletters": [], "language": "en", "link_id": join.new_link_id()}
    times = {"requested_at": at, "mailed_at": at, "expires_at": at + timedelta(days=7)}
    return signups.add(
        connection, {**empty, **row, **times, "subscriber_id": subscriber_id, **values}
    )


def mail(connection: Connection, subscriber_id: int, signup_id: int, at: datetime = NOON) -> int:
    """Owe the notice of a request; return its batch."""
    member = {"subscriber_id": subscriber_id, "request": signups.request_of(signup_id, at)}
    return owe(connection, [member], "confirmation", kind="notice", collection="")


def settle(connection: Connection, batch: int) -> None:
    values = {"state": "settled", "accepted": 1, "recipe": b"to whom", "frozen": b"the mail"}
    connection.execute(update(batches).where(batches.c.id == batch).values(**values))


def take(connection: Connection, name: str = "form:a", **values: Any) -> bool:
    return limits.take(connection, name, **{"most": 2, "per": HOUR, "now": NOON, **values})


class SignupContract:
    """The rules of requests and limits."""

    def plan(self, connection: Connection, sql: str, parameters: Any) -> str:
        """Return the database's own words on how it would answer a query."""
        raise NotImplementedError

    # Limits

    def test_a_limit_lets_so_many_through_and_then_nobody_until_its_window_is_over(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            assert [take(connection) for _ in range(4)] == [True, True, False, False]
            assert not take(connection, now=NOON + HOUR - timedelta(microseconds=1))
            assert [take(connection, now=NOON + HOUR) for _ in range(3)] == [True, True, False]

    def test_limits_of_different_names_do_not_know_each_other(self, store: Store) -> None:
        with store.write() as connection:
            assert [take(connection, most=1) for _ in range(2)] == [True, False]
            assert take(connection, "form:b", most=1)

    def test_a_limit_without_a_time_holds_for_ever(self, store: Store) -> None:
        with store.write() as connection:
            assert take(connection, per=None, most=1)
            years = timedelta(days=9999)
            assert not take(connection, per=None, most=1, now=NOON + years)
            assert limits.forget_over(connection, NOON + years) == 0
            limits.clear(connection, ["form:a"])
            assert take(connection, per=None, most=1)

    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(most=st.integers(1, 4), minutes=st.lists(st.integers(0, 90), min_size=1, max_size=25))
    def test_no_window_ever_lets_more_through_than_allowed(
        self, store: Store, most: int, minutes: Sequence[int]
    ) -> None:
        now, began, let = NOON, NOON, 0
        with store.write() as connection:
            limits.clear(connection, ["form:a"])
            for minute in minutes:
                now += timedelta(minutes=minute)
                if now - began >= HOUR or not let:
                    began, let = now, 0
                taken = take(connection, most=most, now=now)
                let += taken
                assert let <= most
                assert taken or let == most, "nothing is refused before its time"

    def test_a_clock_that_was_ahead_for_a_moment_does_not_close_a_limit_for_years(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            assert take(connection, most=1, now=NOON + timedelta(days=3650))
            assert take(connection, most=1)
            assert not take(connection, most=1, now=NOON - timedelta(minutes=5)), "a small step"

    def test_the_first_refusal_of_a_window_is_told_from_the_others(self, store: Store) -> None:
        later = NOON + timedelta(minutes=59)
        with store.write() as connection:
            take(connection, most=1)
            assert limits.closed(connection, "form:", NOON) == []
            assert [limits.close(connection, "form:a", NOON) for _ in range(2)] == [True, False]
            assert [row["name"] for row in limits.closed(connection, "form:", later)] == ["form:a"]
            assert limits.closed(connection, "network:", later) == []
            assert limits.closed(connection, "form:", NOON + HOUR) == []
            assert take(connection, most=1, now=NOON + HOUR)
            assert limits.close(connection, "form:a", NOON + HOUR), "the next window"

    def test_windows_that_are_over_are_forgotten(self, store: Store) -> None:
        with store.write() as connection:
            take(connection, "form:old")
            take(connection, "form:new", now=NOON + HOUR)
            take(connection, "address:ever", per=None)
            assert limits.forget_over(connection, NOON + HOUR) == 1
            names = set(connection.execute(select(limits_table.c.name)).scalars())
        assert names == {"form:new", "address:ever"}

    def test_two_never_take_the_last_place_both(self, store: Store) -> None:
        taken: list[bool] = []
        start = threading.Barrier(4)

        def run() -> None:
            start.wait()
            for _ in range(10):
                with store.write() as connection:
                    taken.append(take(connection, most=15))

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(taken), sum(taken)) == (40, 15)

    # Requests

    def test_a_request_is_found_by_its_link_and_confirmed_once(self, store: Store) -> None:
        with store.write() as connection:
            who = add_stranger(connection)
            number = ask(connection, who, link_id=b"l" * 16, newsletters=["gazette"], name="Ana")
            row = signups.by_link(connection, b"l" * 16)
            assert row is not None
            assert (row["id"], row["newsletters"], row["confirmed_at"]) == (
                number,
                ["gazette"],
                None,
            )
            assert row["email"] == f"s{who}@example.org"
            assert signups.by_link(connection, b"m" * 16) is None
            assert signups.confirm(connection, number, network="n", now=NOON)
            assert not signups.confirm(connection, number, network="n", now=NOON + HOUR)
            row = signups.by_id(connection, number)
            assert row is not None
            assert (row["confirmed_at"], row["name"]) == (NOON, ""), "used by now"
            assert [one["id"] for one in signups.of_subscriber(connection, who)] == [number]

    def test_two_requests_never_have_the_same_link(self, store: Store) -> None:
        with store.write() as connection:
            who = add_stranger(connection)
            ask(connection, who, link_id=b"l" * 16)
        with pytest.raises(IntegrityError), store.write() as connection:
            ask(connection, who, link_id=b"l" * 16)

    def test_adding_an_address_a_second_time_gives_the_first_person_back(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            who = add_stranger(connection, email="a@b.org", email_key="a@b.org")
            assert add_stranger(connection, email="A@b.org", email_key="a@b.org") == who

    def test_only_stale_requests_without_an_answer_are_removed(self, store: Store) -> None:
        old, new = NOON - timedelta(days=20), NOON - timedelta(days=13)
        with store.write() as connection:
            people = [add_stranger(connection) for _ in range(3)]
            stale = ask(connection, people[0], old)
            settle(connection, mail(connection, people[0], stale, old))
            confirmed = ask(connection, people[1], old)
            assert signups.confirm(connection, confirmed, network="", now=old)
            fresh = ask(connection, people[2], new)
            before = NOON - timedelta(days=14)
            assert signups.remove_stale(connection, before=before, limit=9) == [people[0]]
            left = [signups.by_id(connection, n) is not None for n in (stale, confirmed, fresh)]
        assert left == [False, True, True]

    @pytest.mark.parametrize("state", ["pending", "sending", "unknown"])
    def test_a_request_stays_while_nobody_knows_what_becomes_of_its_mail(
        self, store: Store, state: str
    ) -> None:
        with store.write() as connection:
            who = add_stranger(connection)
            batch = mail(connection, who, ask(connection, who))
            connection.execute(update(batches).where(batches.c.id == batch).values(state=state))
            late = NOON + timedelta(days=99)
            assert signups.remove_stale(connection, before=late, limit=9) == []
            settle(connection, batch)
            assert signups.remove_stale(connection, before=late, limit=9) == [who]

    def test_a_number_used_again_does_not_bring_back_the_old_mail(self, store: Store) -> None:
        later = NOON + timedelta(days=30)
        with store.write() as connection:
            who = add_stranger(connection)
            first = ask(connection, who)
            settle(connection, mail(connection, who, first))
            signups.remove_stale(connection, before=later, limit=9)
            second = ask(connection, who, later)
            request = signups.request_of(second, later)
            assert not notices.is_owed(connection, who, "confirmation", request)
            mail(connection, who, second, later)
            assert notices.is_owed(connection, who, "confirmation", request)

    @pytest.mark.parametrize(
        "known", ["file", "confirmed", "run", "subscription", "consent", "request"]
    )
    def test_people_of_whom_anything_else_is_on_record_stay(self, store: Store, known: str) -> None:
        with store.write() as connection:
            values: dict[str, Any] = {}
            if known == "file":
                values["csv_cells"] = {"subscribers.csv": {"email": "x"}}
            if known == "confirmed":
                values["status"] = "confirmed"
            who = add_stranger(connection, **values)
            nobody = add_stranger(connection)
            run = join.new_enrollment(subscriber_id=who, course="alpha", now=NOON)
            letter = join.new_subscription(subscriber_id=who, newsletter="news", now=NOON)
            consent = join.new_consent(
                subscriber_id=who, purpose="course:alpha", source="api", note="", now=NOON
            )
            if known == "run":
                enrollments.add_all(connection, [run])
            if known == "subscription":
                subscriptions.add_all(connection, [letter])
            if known == "consent":
                consents.add_all(connection, [consent])
            if known == "request":
                ask(connection, who)
            assert signups.unknown_else(connection, [who, nobody]) == [nobody]

    def test_an_emptied_person_keeps_their_place_in_the_ledger_and_nothing_else(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            (other,) = add_people(connection, 1)
            who = add_stranger(connection)
            batch = mail(connection, who, ask(connection, who))
            settle(connection, batch)
            delivery = connection.execute(select(deliveries.c.id)).scalar_one()
            told = {"provider": "p", "event_id": "e", "delivery_id": delivery, "kind": "bounced"}
            instants = {"at": NOON, "received_at": NOON, "raw": {"to": "them"}}
            connection.execute(events.insert().values(**told, **instants))
            signups.remove_stale(connection, before=NOON + HOUR, limit=9)
            signups.blank(connection, [who], NOON)
            person = subscribers.by_id(connection, who)
            sent = ledger.batch(connection, batch)
            raw = connection.execute(select(events.c.raw)).scalar_one()
            assert person is not None
            assert sent is not None
            assert (person["email"], person["email_key"], person["status"]) == (
                None,
                None,
                "erased",
            )
            assert (sent["recipe"], sent["frozen"], sent["accepted"]) == (None, None, 1)
            assert raw is None
            assert subscribers.count(connection) == 1
            assert subscribers.by_id(connection, other) is not None

    # Notices

    def test_notices_come_before_everything_else_that_is_ready(self, store: Store) -> None:
        with store.write() as connection:
            people = add_people(connection, 3)
            runs = enrollments.of_subscribers(connection, people)
            old = [
                owe(connection, [{"subscriber_id": r["subscriber_id"], "enrollment_id": r["id"]}])
                for r in runs
            ]
            notice = mail(connection, people[0], ask(connection, people[0]))
            assert ledger.ready(connection, NOON, 9) == [notice, *old]
            assert ledger.ready(connection, NOON, 2) == [notice, old[0]]
            assert ledger.ready_notices(connection, NOON, 9) == [notice]
            assert ledger.ready(connection, NOON - HOUR, 9) == []

    def test_open_notices_are_found_by_their_own_index(self, store: Store) -> None:
        with store.read() as connection, statements(connection) as seen:
            ledger.ready_notices(connection, NOON, 9)
            plans = [self.plan(connection, *statement) for statement in list(seen)]
        assert all("ix_batches_open_notices" in plan for plan in plans)
        assert plans

    def test_a_notice_that_is_not_named_again_keeps_its_text(self, store: Store) -> None:
        with store.write() as connection:
            assert notices.texts(connection) == {}
            notices.put(connection, {"confirmation": "a", "goodbye": "b"}, {"gazette": "Gazette"})
            notices.put(connection, {"goodbye": "c"}, {})
            assert notices.texts(connection) == {"confirmation": "a", "goodbye": "c"}
            assert notices.newsletter_titles(connection) == {"gazette": "Gazette"}

    # Coming back

    def test_only_leaving_is_lifted_and_only_for_what_somebody_came_back_to(
        self, store: Store
    ) -> None:
        who = b"1" * 16
        with store.write() as connection:
            for reason, scope in (
                ("left", "all"),
                ("left", "course:alpha"),
                ("left", "course:beta"),
                ("manual", "course:alpha"),
            ):
                suppressions.add(connection, who, reason=reason, scope=scope, now=NOON)
            suppressions.add(connection, b"2" * 16, reason="left", now=NOON)
            suppressions.lift_leaving(connection, who, ["course:alpha"])
            assert suppressions.find(connection, [who]) == {}
            assert suppressions.find(connection, [who], "course:alpha") == {who: "manual"}
            assert suppressions.find(connection, [who], "course:beta") == {who: "left"}
            assert suppressions.find(connection, [b"2" * 16]) == {b"2" * 16: "left"}

    def test_a_subscription_that_was_left_begins_again_with_its_old_link(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            add_people(connection, 1)
            letter = join.new_subscription(subscriber_id=1, newsletter="news", now=NOON)
            subscriptions.add_all(connection, [letter])
            assert subscriptions.leave(connection, 1, NOON)
            subscriptions.rejoin(connection, 1, NOON + HOUR)
            row = subscriptions.by_id(connection, 1)
        assert row is not None
        assert (row["status"], row["left_at"]) == ("active", None)
        assert (row["started_at"], row["link_id"]) == (NOON + HOUR, letter["link_id"])
