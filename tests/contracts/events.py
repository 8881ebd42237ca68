"""What every database must do with events and suppressions; mixed into its class of rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bypost.model.event import Event, EventKind
from bypost.store import Connection, Store, budgets, events, subscribers, suppressions
from bypost.store.once import add_once
from bypost.store.schema import batches, deliveries, meta
from bypost.store.schema import events as table
from tests.contracts.store import NOON, add_people, lessons, owe, statements

DAY_BEFORE = NOON - timedelta(days=1)
ANA, BO = b"1" * 16, b"2" * 16


def event(number: int, kind: EventKind = EventKind.DELIVERED, **values: Any) -> Event:
    """Return an event; its id is the number."""
    plain = Event(
        event_id=f"evt-{number}",
        kind=kind,
        ref="",
        provider_id="",
        recipient="",
        at=NOON,
        raw={"number": number, "nested": {"words": ["é", None]}},
    )
    return replace(plain, **values)


def accepted(connection: Connection, people: Sequence[int], item: str = "one") -> list[int]:
    """Owe a lesson to people and note that the provider took it; return the deliveries."""
    batch = owe(connection, lessons(connection, people), item=item)
    connection.execute(
        update(batches)
        .where(batches.c.id == batch)
        .values(state="settled", accepted=len(people), accepted_at=NOON)
    )
    query = select(deliveries.c.id).where(deliveries.c.batch_id == batch)
    return list(connection.execute(query.order_by(deliveries.c.id)).scalars())


class EventContract:
    """The rules of events."""

    def plan(self, connection: Connection, sql: str, parameters: Any) -> str:
        """Return the database's own words on how it would answer a query."""
        raise NotImplementedError

    def test_an_event_is_recorded_once_for_each_provider(self, store: Store) -> None:
        with store.write() as connection:
            (one,) = accepted(connection, add_people(connection, 1))
            said = [
                events.add(connection, provider, event(1), delivery_id=one, now=NOON)
                for provider in ("resend", "resend", "postmark", "resend")
            ]
            rows = connection.execute(select(table)).mappings().all()
        assert said == [True, False, True, False]
        assert [row["provider"] for row in rows] == ["resend", "postmark"]
        assert rows[0]["raw"] == {"number": 1, "nested": {"words": ["é", None]}}
        assert (rows[0]["at"], rows[0]["received_at"]) == (NOON, NOON)

    def test_an_event_that_is_not_ours_is_recorded_without_a_delivery_and_without_its_text(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            odd = event(1, EventKind.OTHER)
            assert events.add(connection, "resend", odd, delivery_id=None, now=NOON, keep_raw=False)
            row = connection.execute(select(table)).mappings().one()
        assert (row["delivery_id"], row["kind"], row["raw"]) == (None, "other", None)

    def test_an_id_of_any_length_is_recognised_again(self, store: Store) -> None:
        with store.write() as connection:
            long = event(1, event_id="x" * 5000)
            said = [
                events.add(connection, "resend", long, delivery_id=None, now=NOON) for _ in range(2)
            ]
        assert said == [True, False]

    def test_adding_once_keeps_what_stands_there(self, store: Store) -> None:
        with store.write() as connection:
            assert add_once(connection, meta, {"key": "colour", "value": "red"})
            assert not add_once(connection, meta, {"key": "colour", "value": "blue"})
            query = select(meta.c.value).where(meta.c.key == "colour")
            assert connection.execute(query).scalar_one() == "red"

    def test_the_subject_of_an_event_is_found_with_its_state_and_its_person(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            first, second = accepted(connection, add_people(connection, 2))
            found = events.subjects(connection, [second, first, 999])
            assert events.subjects(connection, []) == {}
        assert set(found) == {first, second}
        assert (found[first]["state"], found[first]["batch_state"]) == (None, "settled")
        assert found[second]["email_key"] == "p2@example.org"

    def test_events_are_told_by_delivery(self, store: Store) -> None:
        with store.write() as connection:
            first, second, third = accepted(connection, add_people(connection, 3))
            for number, (delivery, kind) in enumerate(
                [
                    (first, EventKind.SENT),
                    (first, EventKind.BOUNCED),
                    (second, EventKind.REJECTED),
                    (None, EventKind.COMPLAINED),
                ]
            ):
                told = event(number, kind)
                events.add(connection, "resend", told, delivery_id=delivery, now=NOON)
            assert events.of_deliveries(connection, [first, second, third]) == {
                first: {EventKind.SENT, EventKind.BOUNCED},
                second: {EventKind.REJECTED},
            }

    # Soft bounces

    def test_soft_bounces_are_counted_over_a_persons_last_accepted_deliveries(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            person, other = add_people(connection, 2)
            mine = [accepted(connection, [person], f"lesson-{n}")[0] for n in range(7)]
            theirs = accepted(connection, [other], "lesson-0")
            for number, delivery in enumerate([*mine[:4], *mine[:4], *theirs]):
                told = event(number, EventKind.SOFT_BOUNCED)
                events.add(connection, "resend", told, delivery_id=delivery, now=NOON)
            counted = [events.soft_bounces(connection, person, last=n) for n in (3, 4, 5, 9)]
        assert counted == [0, 1, 2, 4]

    def test_a_soft_bounce_for_size_is_not_counted(self, store: Store) -> None:
        with store.write() as connection:
            (person,) = add_people(connection, 1)
            for number in range(4):
                (one,) = accepted(connection, [person], f"lesson-{number}")
                told = event(number, EventKind.SOFT_BOUNCED, too_large=number > 0)
                events.add(connection, "resend", told, delivery_id=one, now=NOON)
            assert events.soft_bounces(connection, person, last=5) == 1

    @pytest.mark.parametrize(
        ("state", "batch_state", "counted"),
        [
            (None, "settled", 1),
            ("accepted", "pending", 1),
            ("failed", "settled", 0),
            ("cancelled", "settled", 0),
            (None, "sending", 0),
            (None, "unknown", 0),
            (None, "pending", 0),
        ],
    )
    def test_a_delivery_that_was_not_accepted_takes_no_place_among_the_last(
        self, store: Store, state: str | None, batch_state: str, counted: int
    ) -> None:
        with store.write() as connection:
            (person,) = add_people(connection, 1)
            (soft,) = accepted(connection, [person], "lesson-1")
            told = event(1, EventKind.SOFT_BOUNCED)
            events.add(connection, "resend", told, delivery_id=soft, now=NOON)
            (newer,) = accepted(connection, [person], "lesson-2")
            connection.execute(
                update(deliveries).where(deliveries.c.id == newer).values(state=state)
            )
            connection.execute(
                update(batches).where(batches.c.item == "lesson-2").values(state=batch_state)
            )
            assert events.soft_bounces(connection, person, last=1) == 1 - counted

    def test_a_delivery_counts_as_accepted_by_its_events_before_the_answer_is_recorded(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            (person,) = add_people(connection, 1)
            (one,) = accepted(connection, [person])
            connection.execute(update(batches).values(state="sending"))
            told = event(1, EventKind.SOFT_BOUNCED)
            events.add(connection, "resend", told, delivery_id=one, now=NOON)
            assert events.soft_bounces(connection, person, last=5) == 1

    # Shares

    def test_a_share_counts_each_delivery_once_and_only_what_was_accepted_and_told_since(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            people = add_people(connection, 4)
            old = accepted(connection, people, "old")
            connection.execute(update(batches).values(accepted_at=DAY_BEFORE))
            new = accepted(connection, people, "new")
            for number, (delivery, kind, received) in enumerate(
                [
                    (new[0], EventKind.BOUNCED, NOON),
                    (new[0], EventKind.BOUNCED, NOON),
                    (new[1], EventKind.BOUNCED, NOON),
                    (new[2], EventKind.BOUNCED, DAY_BEFORE),
                    (new[3], EventKind.COMPLAINED, NOON),
                    (old[0], EventKind.BOUNCED, NOON),
                    (None, EventKind.BOUNCED, NOON),
                ]
            ):
                told = event(number, kind)
                events.add(connection, "outbox", told, delivery_id=delivery, now=received)
            since = NOON - timedelta(hours=1)
            assert events.troubled(connection, "outbox", EventKind.BOUNCED, since) == 2
            assert events.troubled(connection, "outbox", EventKind.COMPLAINED, since) == 1
            assert events.troubled(connection, "resend", EventKind.BOUNCED, since) == 0
            assert events.accepted(connection, "outbox", since) == 4
            assert events.accepted(connection, "outbox", DAY_BEFORE - timedelta(hours=1)) == 8
            assert events.accepted(connection, "resend", since) == 0

    def test_what_is_asked_at_each_event_is_found_by_indexes(self, store: Store) -> None:
        with store.write() as connection:
            people = add_people(connection, 500)
            for number, one in enumerate(accepted(connection, people)):
                events.add(connection, "outbox", event(number), delivery_id=one, now=NOON)
        since = NOON - timedelta(hours=1)
        with store.read() as connection, statements(connection) as seen:
            assert events.troubled(connection, "outbox", EventKind.BOUNCED, since) == 0
            assert events.accepted(connection, "outbox", since) == 500
            assert events.soft_bounces(connection, people[3], last=5) == 0
            plans = [self.plan(connection, *statement) for statement in list(seen)]
        assert "ix_events_recent" in plans[0]
        assert "ix_batches_accepted" in plans[1]
        assert "ix_deliveries_subscriber_id" in plans[2]
        assert "ix_events_delivery_id" in plans[2]
        assert not any("SCAN events" in plan or "SCAN deliveries" in plan for plan in plans)

    # Suppressions and breakers

    def test_suppressing_a_second_time_for_the_same_reason_changes_nothing(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            said = [
                suppressions.add(connection, ANA, reason=reason, now=NOON)
                for reason in ("bounced", "bounced", "complained")
            ]
        assert said == [True, False, True]

    @pytest.mark.parametrize("strong", sorted(suppressions.STOPS_NOTICES))
    @pytest.mark.parametrize("first", ["left", "strong"])
    def test_of_several_reasons_one_that_stops_notices_is_told(
        self, store: Store, strong: str, first: str
    ) -> None:
        reasons = ["left", strong] if first == "left" else [strong, "left"]
        with store.write() as connection:
            for reason in reasons:
                suppressions.add(connection, ANA, reason=reason, now=NOON)
            suppressions.add(connection, BO, reason="left", now=NOON)
            found = suppressions.find(connection, [ANA, BO], "notice:")
        assert found == {ANA: strong, BO: "left"}

    def test_a_breaker_remembers_when_it_was_closed(self, store: Store) -> None:
        with store.write() as connection:
            assert budgets.closed_at(connection, "resend") is None
            budgets.open_breaker(connection, "resend", "HTTP 401", NOON)
            assert budgets.closed_at(connection, "resend") is None
            budgets.close_breaker(connection, "resend", NOON)
            budgets.open_breaker(connection, "resend", "HTTP 401", NOON + timedelta(hours=1))
            assert budgets.closed_at(connection, "resend") == NOON
            assert budgets.breakers(connection) == {"resend": "HTTP 401"}

    def test_the_subject_of_an_event_about_an_erased_person_has_no_address(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            (person,) = add_people(connection, 1)
            (one,) = accepted(connection, [person])
            subscribers.change(connection, person, {"email": None, "email_key": None})
            assert events.subjects(connection, [one])[one]["email_key"] is None
