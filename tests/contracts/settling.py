"""What every database must do to settle the unknown, move it and date it; mixed into its class."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from bypost.store import (
    Connection,
    Row,
    Store,
    batch_members,
    binding,
    budgets,
    clock_step,
    counts,
    ledger,
    meta,
    settle,
    tags,
    trace,
)
from bypost.store.schema import batches, enrollments
from tests.contracts.rows import NOON, add_people, lessons, owe, statements

MINUTE = timedelta(minutes=1)
SENT = NOON - MINUTE


def unknown(connection: Connection, people: int, course: str = "alpha", **values: Any) -> int:
    """Owe a lesson to people whose request is not answered; return the batch."""
    batch = owe(connection, lessons(connection, add_people(connection, people, course)))
    put(connection, batch, state="unknown", members=people, first_sent_at=SENT, **values)
    return batch


def put(connection: Connection, batch: int, **values: Any) -> None:
    connection.execute(update(batches).where(batches.c.id == batch).values(**values))


def of(connection: Connection, batch: int) -> list[int]:
    """Return the deliveries of a batch."""
    return list(trace.deliveries_of(connection, batch))


def get(connection: Connection, batch: int) -> Row:
    row = ledger.batch(connection, batch)
    assert row is not None
    return row


def own_state(connection: Connection, delivery: int) -> tuple[str | None, str | None]:
    row = trace.delivery(connection, delivery)
    assert row is not None
    return row["state"], row["provider_id"]


class SettlingContract:
    """The rules of settling, of tags, and of a clock that was set back."""

    def plan(self, connection: Connection, sql: str, parameters: Any) -> str:
        """Return the database's own words on how it would answer a query."""
        raise NotImplementedError

    # Settling

    def test_what_is_settled_is_settled_once(self, store: Store) -> None:
        with store.write() as connection:
            batch = unknown(connection, 3)
            one, two, three = of(connection, batch)
            told = [(one, "id-1"), (two, "")]
            assert settle.accept(connection, told, how="asked", now=NOON) == 2
            assert settle.accept(connection, told, how="asked", now=NOON) == 0
            assert get(connection, batch)["state"] == "unknown"
            assert settle.fail(connection, [(three, "rejected")], now=NOON) == 1
            assert settle.fail(connection, [(three, "again"), (one, "no")], now=NOON) == 0
            assert get(connection, batch)["state"] == "settled"
            assert counts.count(connection) == counts.Counts(owed=3, accepted=2, failed=1)
            assert own_state(connection, one) == ("accepted", "id-1")

    def test_proof_that_a_mail_arrived_outweighs_a_failure(self, store: Store) -> None:
        with store.write() as connection:
            (one,) = of(connection, unknown(connection, 1))
            settle.fail(connection, [(one, "rejected")], now=NOON)
            assert settle.accept(connection, [(one, "")], how="told", now=NOON) == 1
            assert counts.count(connection) == counts.Counts(owed=1, accepted=1)

    def test_a_mail_counts_as_accepted_when_it_was_sent(self, store: Store) -> None:
        with store.write() as connection:
            batch = unknown(connection, 1)
            ids = [(i, "") for i in of(connection, batch)]
            settle.accept(connection, ids, how="told", now=NOON + 60 * MINUTE)
            assert get(connection, batch)["accepted_at"] == SENT

    def test_what_waits_to_be_repeated_with_the_same_bytes_is_left_to_its_answer(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            batch = unknown(connection, 1)
            put(connection, batch, state="pending", ambiguous=True)
            ids = [(i, "") for i in of(connection, batch)]
            assert settle.accept(connection, ids, how="told", now=NOON) == 0

    def test_what_is_owed_again_goes_in_parts_and_only_out_of_its_own_batch(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            batch, other = unknown(connection, 5), unknown(connection, 1)
            mine, theirs = of(connection, batch), of(connection, other)
            again = {"provider": "other", "size": 2, "now": NOON}
            assert settle.owe_again(connection, batch, [*mine[:3], *theirs], **again) == 3
            assert settle.owe_again(connection, batch, mine[:3], **again) == 0, "moved before"
            assert of(connection, batch) == mine[3:]
            assert of(connection, other) == theirs
            moved = [get(connection, i) for i in ledger.ready(connection, NOON, 9)]
            assert [(row["size"], row["provider"]) for row in moved] == [(2, "other"), (1, "other")]
            assert settle.owe_again(connection, batch, mine[3:], **again) == 2
            assert get(connection, batch)["state"] == "settled"
            assert counts.count(connection) == counts.Counts(owed=6, unknown=1, pending=5)

    def test_a_mail_owed_again_that_had_arrived_is_not_sent_again(self, store: Store) -> None:
        with store.write() as connection:
            batch = unknown(connection, 2)
            one, two = of(connection, batch)
            settle.owe_again(connection, batch, [one, two], provider="other", size=9, now=NOON)
            assert settle.accept(connection, [(one, "")], how="told", now=NOON) == 1
            (fresh,) = ledger.ready(connection, NOON, 9)
            assert batch_members.ids(connection, fresh) == [two]

    def test_a_lesson_that_its_course_has_overtaken_falls_due_anew(self, store: Store) -> None:
        with store.write() as connection:
            batch = unknown(connection, 3)
            first, second, third = of(connection, batch)
            runs = lessons(connection, [1, 2, 3])
            owe(connection, runs[:1], item="two")
            finished = update(enrollments).where(enrollments.c.id == runs[1]["enrollment_id"])
            connection.execute(finished.values(status="finished"))
            late = settle.overtaken_by_the_course(connection, [first, second, third])
            assert late == [first, second]

    def test_whatever_is_open_can_be_doubted_and_its_owner_is_shut_out(self, store: Store) -> None:
        with store.write() as connection:
            pending = owe(connection, lessons(connection, add_people(connection, 2)))
            sending = owe(connection, lessons(connection, add_people(connection, 1, "beta")))
            ledger.lease(connection, sending, fence=0, until=NOON, owner="a")
            values = {"state": "sending", "members": 1, "first_sent_at": SENT}
            ledger.update_fenced(connection, sending, 1, values)
            ask = NOON + 15 * MINUTE
            assert settle.doubt(connection, at=NOON, next_try=ask, why="restored") == 3
            assert not ledger.update_fenced(connection, sending, 1, {"state": "settled"})
            firsts = [get(connection, i)["first_sent_at"] for i in (pending, sending)]
            assert firsts == [NOON, SENT]
            assert settle.all_unknown(connection) == [1, 2, 3]
            assert [row["id"] for row in settle.unknown_of(connection, [3, 99])] == [3]
            assert settle.doubt(connection, at=NOON, next_try=ask, why="again") == 0

    def test_doubt_about_batches_without_anybody_left_settles_them(self, store: Store) -> None:
        with store.write() as connection:
            batch = owe(connection, lessons(connection, add_people(connection, 1)))
            put(connection, batch, cancelled=1)
            ledger.except_deliveries(connection, [(1, "cancelled", "left")])
            assert settle.doubt(connection, at=NOON, next_try=NOON, why="restored") == 0
            assert get(connection, batch)["state"] == "settled"

    def test_questions_come_oldest_first_when_their_time_has_come(self, store: Store) -> None:
        with store.write() as connection:
            batches_of = [
                unknown(connection, 1, course, next_try=NOON + wait * MINUTE)
                for course, wait in (("late", 9), ("second", 2), ("first", 1))
            ]
            assert settle.next_question(connection) == NOON + MINUTE
            due = settle.unknown_due(connection, NOON + 5 * MINUTE, 9)
            assert [row["id"] for row in due] == [batches_of[2], batches_of[1]]
            settle.ask_later(connection, batches_of[2], NOON + 30 * MINUTE)
            assert settle.next_question(connection) == NOON + 2 * MINUTE

    def test_the_unknown_is_found_by_its_index_among_many_that_are_settled(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            for member in lessons(connection, add_people(connection, 2000)):
                put(connection, owe(connection, [member]), state="settled", accepted=1)
            unknown(connection, 1, "beta")
        with store.read() as connection, statements(connection) as seen:
            assert len(settle.unknown_due(connection, NOON + MINUTE, 9)) == 1
            settle.next_question(connection)
            assert len(settle.all_unknown(connection)) == 1
            assert len(counts.unknown_deliveries(connection)) == 1
            plans = [self.plan(connection, *statement) for statement in list(seen)]
        assert all("ix_batches_unknown" in plan for plan in plans), plans

    # Binding

    def test_a_delivery_that_waits_for_the_end_of_a_pause_has_a_batch_of_its_own(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            batch = owe(connection, lessons(connection, add_people(connection, 2)))
            one, two = of(connection, batch)
            binding.defer(connection, get(connection, batch), one, NOON + 60 * MINUTE)
            assert of(connection, batch) == [two]
            assert ledger.next_try(connection, after=NOON) == NOON + 60 * MINUTE
            assert counts.count(connection) == counts.Counts(owed=2, pending=2)

    # Attempts

    def test_the_latest_outcomes_are_those_of_one_provider_newest_first(self, store: Store) -> None:
        with store.write() as connection:
            runs = lessons(connection, add_people(connection, 2))
            ours = owe(connection, runs[:1])
            other = owe(connection, runs[1:], provider="other")
            for fence, (batch, word) in enumerate(
                [(ours, "refused"), (other, "lost"), (ours, "accepted"), (ours, "")]
            ):
                ledger.begin_attempt(connection, batch, fence, NOON)
                if word:
                    ended = {"now": NOON, "outcome": word, "status": None, "detail": ""}
                    ledger.end_attempt(connection, batch, fence, **ended)
            assert ledger.lately(connection, "outbox", 9) == ["accepted", "refused"]
            assert ledger.lately(connection, "outbox", 1) == ["accepted"]
            assert [row["outcome"] for row in trace.attempts_of(connection, other)] == ["lost"]

    def test_resuming_wakes_what_waits_and_leaves_leases_alone(self, store: Store) -> None:
        with store.write() as connection:
            runs = lessons(connection, add_people(connection, 3))
            free, held, other = (
                owe(connection, [run], provider=name)
                for run, name in zip(runs, ("outbox", "outbox", "other"), strict=True)
            )
            for batch in (free, held, other):
                put(connection, batch, next_try=NOON + 60 * MINUTE)
            ledger.lease(connection, held, fence=0, until=NOON + MINUTE, owner="a")
            budgets.open_breaker(connection, "outbox", "HTTP 401", NOON)
            ledger.wake_waiting(connection, "outbox", NOON)
            assert ledger.ready(connection, NOON, 9) == [free]

    # Tags

    def test_a_renewed_tag_leaves_the_former_one_to_the_deliveries_it_named(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            before = meta.tag(connection)
            unknown(connection, 2)
            middle = tags.renew(connection)
            unknown(connection, 1, "beta")
            last = tags.renew(connection)
            assert len({before, middle, last}) == 3
            assert meta.tag(connection) == last
            assert list(tags.former(connection).items()) == [(before, 2), (middle, 3)]

    # A clock that was set back

    def test_instants_ahead_of_the_clock_are_found_and_brought_back(self, store: Store) -> None:
        hour = 60 * MINUTE
        with store.write() as connection:
            runs = lessons(connection, add_people(connection, 4))
            ids = [owe(connection, [run]) for run in runs]
            held, failed, asked, new = ids
            put(connection, held, state="sending", lease_until=NOON + hour, attempts=1)
            put(connection, failed, attempts=3, next_try=NOON + 9 * hour)
            put(connection, asked, state="unknown", next_try=NOON + 9 * hour, attempts=1)
            put(connection, new, next_try=NOON + 8 * hour)
            for batch in (held, failed, asked):
                put(connection, batch, first_sent_at=NOON + hour)
            ledger.begin_attempt(connection, held, 1, NOON + hour)
            assert clock_step.newest(connection) == clock_step.Newest(
                1, NOON + hour, NOON + hour, NOON + 8 * hour
            )
            clock_step.end_leases(connection, beyond=NOON + MINUTE)
            clock_step.hasten(connection, now=NOON, longest=hour)
            clock_step.ask_by(connection, beyond=NOON + hour, at=NOON + 2 * MINUTE)
            clock_step.date_back(connection, now=NOON, by=hour)
            rows = [get(connection, batch) for batch in ids]
        assert rows[0]["lease_until"] == NOON + MINUTE
        tries = [row["next_try"] for row in rows]
        assert tries == [NOON, NOON + hour, NOON + 2 * MINUTE, NOON]
        assert [row["first_sent_at"] for row in rows] == [NOON, NOON, NOON, None]

    def test_a_noticed_step_is_remembered_until_the_clock_goes_back_further(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            assert not clock_step.noticed(connection, 7, NOON)
            clock_step.remember(connection, 7, NOON)
            assert clock_step.noticed(connection, 7, NOON + MINUTE)
            assert not clock_step.noticed(connection, 7, NOON - MINUTE)
            assert not clock_step.noticed(connection, 8, NOON + MINUTE)
