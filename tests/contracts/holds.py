"""What every database must tell of holds; mixed into its class."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bypost.people import join
from bypost.store import Connection, Store, enrollments, erasure, holds, issues, standing
from bypost.store import subscriptions as lists
from tests.contracts.rows import NOON, add_people, statements

DAY = timedelta(days=1)


def hold(connection: Connection, **more: Any) -> int:
    values = {"scope": "course", "name": "alpha", "subscriber_id": None, "until": None}
    return holds.add(connection, **{**values, "since": NOON, "reason": "", **more})


def hold_person(connection: Connection, person: int, until: datetime | None = None) -> int:
    return hold(connection, scope="subscriber", name="", subscriber_id=person, until=until)


def audience(connection: Connection, now: datetime, since: datetime | None = None) -> list[int]:
    rows = lists.audience(
        connection,
        "notes",
        "notes/may",
        zone=None,
        before=NOON,
        limit=10,
        free_at=now,
        freed_since=since,
    )
    return [row["subscriber_id"] for row in rows]


class HoldContract:
    """Holds, and who they keep things from."""

    #: The database's own words on how it would answer a query.
    plan: Callable[[Connection, str, Any], str]

    def test_a_hold_is_told_as_it_was_written(self, store: Store) -> None:
        with store.write() as connection:
            add_people(connection, 2)
            course, person = hold(connection, reason="why"), hold_person(connection, 2, NOON + DAY)
            holds.change(connection, course, until=NOON + DAY, reason="because")
            holds.end(connection, person, NOON + DAY / 2)
            (row,) = holds.of_lists(connection)
            assert (row["scope"], row["name"], row["until"], row["reason"]) == (
                "course",
                "alpha",
                NOON + DAY,
                "because",
            )
            assert [one["id"] for one in holds.of_people(connection, [1, 2])] == [person]
            assert holds.of_people(connection, [1]) == []

    def test_a_person_is_held_until_it_is_over_or_ended(self, store: Store) -> None:
        with store.write() as connection:
            add_people(connection, 3)
            assert not holds.any_person(connection)
            hold_person(connection, 1, NOON + DAY)
            ended = hold_person(connection, 2)
            assert holds.any_person(connection)
            assert len(holds.people_held(connection, NOON)) == 2
            holds.end(connection, ended, NOON + DAY / 2)
            held = holds.people_held(connection, NOON + DAY / 2)
            assert [row["email"] for row in held] == ["p1@example.org"]
            assert holds.people_held(connection, NOON + DAY) == []

    def test_an_audience_leaves_out_who_is_held_and_finds_who_is_free_again(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            add_people(connection, 3)
            people = [1, 2, 3]
            lists.add_all(
                connection,
                [
                    join.new_subscription(subscriber_id=i, newsletter="notes", now=NOON)
                    for i in people
                ],
            )
            assert audience(connection, NOON) == people
            assert audience(connection, NOON, since=NOON - DAY) == []
            hold_person(connection, 1, NOON + DAY)
            ended = hold_person(connection, 2)
            assert audience(connection, NOON) == [3]
            holds.end(connection, ended, NOON + DAY / 2)
            assert audience(connection, NOON + DAY / 2, since=NOON) == [2]
            assert audience(connection, NOON + DAY, since=NOON) == [1, 2]
            assert audience(connection, NOON + 2 * DAY, since=NOON + DAY) == []
            assert holds.any_freed(connection, NOON, NOON + DAY)
            assert not holds.any_freed(connection, NOON + DAY, NOON + 2 * DAY)

    def test_erasing_a_person_takes_the_reason_along(self, store: Store) -> None:
        with store.write() as connection:
            add_people(connection, 1)
            hold_person(connection, 1)
            erasure.blank(connection, 1, NOON)
            assert not holds.any_person(connection)

    def test_what_somebody_runs_is_looked_at_again_also_without_a_hint(self, store: Store) -> None:
        with store.write() as connection:
            first, second = add_people(connection, 2)
            enrollments.set_hints(connection, [(first, None), (second, None)])
            enrollments.look_again_at(connection, 1)
            due = enrollments.due(connection, ["alpha"], now=NOON, after_id=0, limit=10)
            assert [row.id for row in due] == [first]

    def test_a_zone_that_is_opened_again_is_settled_again_and_stays_in_the_archive(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            issues.add(connection, "notes", "may", state="planned", schedule="", now=NOON)
            known = issues.find(connection, "notes", "may")
            assert known is not None
            for zone, at in (("Asia/Tokyo", NOON), ("UTC", NOON + DAY)):
                issues.settle_zone(connection, known["id"], zone, due_at=at, state="done")
            issues.close(connection, known["id"])
            issues.reopen(connection, "notes/may", NOON)
            issues.reopen(connection, "notes/june", NOON)
            assert issues.settled_zones(connection, known["id"]) == {"UTC"}
            again = issues.find(connection, "notes", "may")
            assert again is not None
            assert again["state"] == "planned"
            assert issues.out(connection) == {("notes", "may")}
            issues.settle_zone(connection, known["id"], "Asia/Tokyo", due_at=NOON, state="archived")
            assert issues.settled_zones(connection, known["id"]) == {"Asia/Tokyo", "UTC"}

    def test_the_many_who_are_due_in_a_held_course_are_not_looked_at(self, store: Store) -> None:
        with store.write() as connection:
            add_people(connection, 20_000)
            other = join.new_enrollment(subscriber_id=1, course="beta", now=NOON)
            enrollments.add_all(connection, [other])
        with store.read() as connection, statements(connection) as seen:
            due = enrollments.due(connection, ["beta"], now=NOON, after_id=0, limit=1000)
            assert enrollments.next_hint(connection, ["beta"]) == NOON
            hint = standing.next_hint(connection, ["beta"])
            assert hint is not None
            assert [row.course for row in due] == [hint["course"]] == ["beta"]
            plans = [self.plan(connection, *statement) for statement in list(seen)]
        assert all("ix_enrollments_due" in plan for plan in plans)
