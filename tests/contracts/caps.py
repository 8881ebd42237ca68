"""What a database must know for caps; subclassed once for each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from bypost.store import Connection, Store, batch_members, caps, counts, issues, ledger
from bypost.store.schema import batches
from tests.contracts.rows import NOON, add_people, lessons, owe, statements

_DAY = timedelta(days=1)
_HELD = {"since": NOON.isoformat(), "hour": "09:00", "zone": "UTC"}


class CapContract:
    """The rules of what people had, are owed, and wait for."""

    def plan(self, connection: Connection, sql: str, parameters: Any) -> str:
        """Return the database's own words on how it would answer a query."""
        raise NotImplementedError

    def test_lessons_and_issues_count_and_notices_copies_and_what_failed_do_not(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            (member,) = lessons(connection, add_people(connection, 1))
            person = {"subscriber_id": member["subscriber_id"]}
            lesson = owe(connection, [member])
            issue = owe(connection, [person], "news/one", kind="issue")
            owe(connection, [{**person, "request": "r"}], "confirm", kind="notice")
            owe(connection, [{**member, "copy": 1}])
            gone = owe(connection, [person], "news/two", kind="issue")
            ids = batch_members.ids(connection, gone)
            ledger.except_deliveries(connection, [(i, "failed", "no") for i in ids])
            rows, found = caps.mails(connection, [person["subscriber_id"]], since=NOON)
        assert [row[3] for row in rows] == [lesson, issue]
        assert {number: row["state"] for number, row in found.items()} == {
            lesson: "pending",
            issue: "pending",
        }

    def test_what_was_accepted_before_is_left_out_and_what_is_open_never(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            members = lessons(connection, add_people(connection, 3))
            old, new, open_ = (owe(connection, [member]) for member in members)
            for batch, at in ((old, NOON - 9 * _DAY), (new, NOON - _DAY)):
                connection.execute(
                    update(batches)
                    .where(batches.c.id == batch)
                    .values(state="settled", accepted=1, accepted_at=at)
                )
            people = [member["subscriber_id"] for member in members]
            rows, _ = caps.mails(connection, people, since=NOON - 8 * _DAY)
            apart, _ = caps.mails(connection, [*people[1:], 10_000], since=NOON - 8 * _DAY)
        assert sorted(row[3] for row in rows) == [new, open_]
        assert sorted(row[3] for row in apart) == [new, open_]

    def test_of_people_who_are_close_together_nobody_else_is_found(self, store: Store) -> None:
        with store.write() as connection:
            members = lessons(connection, add_people(connection, 3))
            owe(connection, members)
            first, _, third = (member["subscriber_id"] for member in members)
            rows, _ = caps.mails(connection, [first, third], since=NOON)
            runs = caps.runs(connection, [first, third])
        assert sorted(row[1] for row in rows) == [first, third]
        assert sorted(row[1] for row in runs) == [first, third]

    def test_mails_and_runs_of_people_are_found_by_the_index(self, store: Store) -> None:
        with store.write() as connection:
            members = lessons(connection, add_people(connection, 3000))
            owe(connection, members)
        people = [member["subscriber_id"] for member in members]
        with store.read() as connection, statements(connection) as seen:
            for some in (people[:9], people[::300]):
                caps.mails(connection, some, since=NOON)
                found = caps.runs(connection, some)
                caps.whole_runs(connection, [row[0] for row in found])
            plans = [self.plan(connection, *statement) for statement in list(seen)]
        assert not any("SCAN" in plan for plan in plans), plans

    def test_a_batch_is_kept_back_for_some_and_an_ordinary_one_for_others(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            members = lessons(connection, add_people(connection, 4))
            people = [{"subscriber_id": member["subscriber_id"]} for member in members]
            number = owe(connection, people, "news/one", kind="issue", held=_HELD)
            old = ledger.batch(connection, number)
            assert old is not None
            assert old["held"] == _HELD
            ids = batch_members.ids(connection, number)
            until = NOON + _DAY
            caps.keep_back(connection, old, ids[:2], until=until, held=_HELD, why="full")
            ledger.except_deliveries(connection, [(ids[2], "cancelled", "no room")])
            assert caps.let_go(connection, number, moved=2, cancelled=1) == 1
            kept = ledger.batch(connection, number + 1)
            assert kept is not None
            assert (kept["due_at"], kept["next_try"], kept["detail"]) == (until, until, "full")
            assert (kept["held"], kept["size"]) == (_HELD, 2)
            firm = ledger.batch(connection, number)
            assert firm is not None
            assert (firm["held"], firm["size"], firm["cancelled"]) == (None, 2, 1)
            assert counts.count(connection) == counts.Counts(owed=4, cancelled=1, pending=3)

    def test_a_batch_from_which_everybody_was_moved_is_over(self, store: Store) -> None:
        with store.write() as connection:
            (member,) = lessons(connection, add_people(connection, 1))
            person = {"subscriber_id": member["subscriber_id"]}
            number = owe(connection, [person], "news/one", kind="issue", held=_HELD)
            old = ledger.batch(connection, number)
            assert old is not None
            ids = batch_members.ids(connection, number)
            caps.keep_back(connection, old, ids, until=NOON + _DAY, held=_HELD, why="full")
            assert caps.let_go(connection, number, moved=1, cancelled=0) == 0
            assert ledger.ready(connection, NOON, 9) == []
            assert ledger.ready(connection, NOON + _DAY, 9) == [number + 1]

    def test_an_operators_wish_wakes_nothing_before_it_is_due(self, store: Store) -> None:
        with store.write() as connection:
            members = lessons(connection, add_people(connection, 2))
            late = owe(connection, members[:1], due_at=NOON + _DAY)
            owe(connection, members[1:])
            ledger.wake_waiting(connection, "outbox", NOON)
            batch = ledger.batch(connection, late)
        assert batch is not None
        assert batch["next_try"] == NOON + _DAY

    def test_the_plan_of_an_issue_can_be_changed_until_it_is_done(self, store: Store) -> None:
        with store.write() as connection:
            for name in ("one", "two"):
                issues.add(connection, "news", name, state="planned", schedule="before", now=NOON)
            known = issues.find(connection, "news", "two")
            assert known is not None
            issues.close(connection, known["id"])
            for name in ("one", "two"):
                caps.reschedule(connection, "news", name, "after")
            assert [tuple(row.values()) for row in caps.planned(connection)] == [
                ("news", "one", "after")
            ]
            done = issues.find(connection, "news", "two")
        assert done is not None
        assert done["schedule"] == "before"
