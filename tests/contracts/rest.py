"""What every database must tell a process that has nothing to do; mixed into its class."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bypost.store import Store, alarms, course_figures, daily, holds, meta
from bypost.store.daily import Kind
from tests.contracts.holds import hold, hold_person
from tests.contracts.rows import NOON, add_people, lessons, owe

DAY = timedelta(days=1)


class RestContract:
    """Stamps, and the instants until which nothing falls due."""

    def test_the_stamp_is_another_one_after_a_commit(self, store: Store) -> None:
        before = store.stamp()
        with store.write() as connection:
            meta.put(connection, "number", "1")
        assert store.stamp() != before

    def test_the_next_hold_to_end_by_itself_is_the_first_that_is_on(self, store: Store) -> None:
        with store.write() as connection:
            add_people(connection, 1)
            assert holds.next_end(connection, NOON) is None
            hold(connection)
            hold(connection, name="over", until=NOON)
            assert holds.next_end(connection, NOON) is None
            hold(connection, name="beta", until=NOON + 3 * DAY)
            hold_person(connection, 1, until=NOON + 2 * DAY)
            ended = hold(connection, name="ended", until=NOON + DAY)
            holds.end(connection, ended, NOON)
            assert holds.next_end(connection, NOON) == NOON + 2 * DAY

    def test_the_next_message_is_the_first_that_is_open(self, store: Store) -> None:
        with store.write() as connection:
            assert alarms.next_message(connection) is None
            alarms.add_message(connection, "mail", {}, NOON)
            alarms.add_message(connection, "mail", {}, NOON + DAY)
            assert alarms.next_message(connection) == NOON
            (first,) = alarms.due_messages(connection, NOON, 9)
            alarms.end_message(connection, first["id"], {"state": "sent", "ended_at": NOON})
            assert alarms.next_message(connection) == NOON + DAY

    def test_who_begins_or_is_owed_a_lesson_leaves_a_sign(self, store: Store) -> None:
        with store.write() as connection:
            seen = [course_figures.signs(connection, NOON.date())]
            (run,) = add_people(connection, 1)
            seen.append(course_figures.signs(connection, NOON.date()))
            owe(connection, lessons(connection, [run]))
            seen.append(course_figures.signs(connection, NOON.date()))
        assert len(set(seen)) == 3

    @pytest.mark.parametrize("kind", [Kind.LEFT, Kind.RETURNED, Kind.FINISHED, Kind.COMPLAINED])
    def test_who_leaves_comes_back_or_ends_leaves_a_sign(self, store: Store, kind: Kind) -> None:
        with store.write() as connection:
            seen = [self._signs(store, NOON.date())]
            daily.add(connection, NOON, kind, "course:letters")
        seen.append(self._signs(store, NOON.date()))
        assert len(set(seen)) == 2

    def test_a_visit_and_a_click_leave_none(self, store: Store) -> None:
        before = self._signs(store, NOON.date())
        with store.write() as connection:
            daily.add(connection, NOON, Kind.VISIT)
            daily.add(connection, NOON, Kind.CLICK, "course:letters")
        assert self._signs(store, NOON.date()) == before

    def _signs(self, store: Store, today: date) -> str:
        with store.read() as connection:
            return course_figures.signs(connection, today)
