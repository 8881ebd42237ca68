"""What every database must tell of an edit's reach; mixed into its class."""

from __future__ import annotations

from bypost.people import join
from bypost.store import Connection, Store, binding, contents, enrollments, impact, issues
from bypost.store import subscriptions as lists
from bypost.store.impact import Impact
from tests.contracts.rows import NOON, add_people, lessons, owe
from tests.contracts.settling import put

REST = ["one", "two", "three"]


def reach(connection: Connection, *rest: str) -> Impact:
    return impact.of_lesson(connection, "alpha", rest or REST)


def accepted(connection: Connection, runs: list[int], item: str = "one") -> None:
    batch = owe(connection, lessons(connection, runs), item)
    put(connection, batch, state="settled", accepted=len(runs), accepted_at=NOON)


def subscribe(connection: Connection, people: list[int]) -> list[dict[str, int]]:
    """Put people on the newsletter ``notes``; return them as members of a batch."""
    rows = [join.new_subscription(subscriber_id=i, newsletter="notes", now=NOON) for i in people]
    lists.add_all(connection, rows)
    found = lists.of_subscribers(connection, people)
    return [{"subscriber_id": row["subscriber_id"], "subscription_id": row["id"]} for row in found]


def owe_issue(connection: Connection, members: list[dict[str, int]]) -> int:
    kind = {"kind": "issue", "collection": "notes", "item": "notes/may"}
    contents.save(connection, "b" * 64, b"x", title="", now=NOON, **kind)
    values = {"provider": "outbox", "content_hash": "b" * 64, "due_at": NOON, **kind}
    return binding.owe(connection, values, members, now=NOON)


class ImpactContract:
    """Whom an edit reaches."""

    def test_an_edit_reaches_who_is_still_before_the_lesson(self, store: Store) -> None:
        with store.write() as connection:
            runs = add_people(connection, 5)
            accepted(connection, runs[:2])
            assert reach(connection) == Impact(had=2, on_its_way=0, ahead=3)
            assert reach(connection, "two", "three") == Impact(had=0, on_its_way=0, ahead=5)

    def test_who_is_past_a_lesson_without_having_had_it_is_not_reached(self, store: Store) -> None:
        with store.write() as connection:
            runs = add_people(connection, 3)
            accepted(connection, runs[:1], "three")
            assert reach(connection) == Impact(had=0, on_its_way=0, ahead=2)

    def test_what_waits_or_is_unknown_keeps_the_text_it_was_bound_to(self, store: Store) -> None:
        with store.write() as connection:
            runs = add_people(connection, 6)
            owe(connection, lessons(connection, runs[:2]))
            unsure = owe(connection, lessons(connection, runs[2:5]))
            put(connection, unsure, state="unknown", members=3, first_sent_at=NOON)
            assert reach(connection) == Impact(had=0, on_its_way=5, ahead=1)

    def test_who_left_finished_or_is_on_another_course_is_not_reached(self, store: Store) -> None:
        with store.write() as connection:
            left, done, *_ = add_people(connection, 3)
            add_people(connection, 4, course="beta")
            enrollments.leave(connection, left, NOON)
            enrollments.finish(connection, [done], NOON)
            assert reach(connection).ahead == 1

    def test_a_person_who_went_through_twice_counts_once(self, store: Store) -> None:
        with store.write() as connection:
            (run,) = add_people(connection, 1)
            row = enrollments.by_id(connection, run)
            assert row is not None
            again = join.new_enrollment(
                subscriber_id=row["subscriber_id"], course="alpha", now=NOON
            )
            enrollments.add_all(connection, [{**again, "run": 2}])
            accepted(connection, [run, run + 1])
            assert reach(connection) == Impact(had=1, on_its_way=0, ahead=0)

    def test_an_issue_reaches_its_readers_until_it_is_out(self, store: Store) -> None:
        with store.write() as connection:
            members = subscribe(connection, add_people(connection, 3))
            assert impact.of_issue(connection, "notes", "may").ahead == 3
            issues.add(connection, "notes", "may", state="planned", schedule="", now=NOON)
            batch = owe_issue(connection, members[:1])
            put(connection, batch, state="settled", accepted=1, accepted_at=NOON)
            found = impact.of_issue(connection, "notes", "may")
            assert found == Impact(had=1, on_its_way=0, ahead=2)
            row = issues.find(connection, "notes", "may")
            assert row is not None
            issues.settle_zone(connection, row["id"], "", due_at=NOON, state="done")
            found = impact.of_issue(connection, "notes", "may")
            assert found == Impact(had=1, on_its_way=0, ahead=0)

    def test_an_issue_that_was_seen_too_late_reaches_nobody(self, store: Store) -> None:
        with store.write() as connection:
            subscribe(connection, add_people(connection, 2))
            issues.add(connection, "notes", "may", state="archived", schedule="", now=NOON)
            assert impact.of_issue(connection, "notes", "may").ahead == 0
