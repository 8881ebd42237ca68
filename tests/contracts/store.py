"""What every database must do; subclassed once for each, without changing a test.

A subclass gives the fixture ``store`` (up to date and empty) and :meth:`StoreContract.plan`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError, StatementError

from bypost.errors import StoreError
from bypost.people import join
from bypost.store import (
    Connection,
    Store,
    binding,
    budgets,
    contents,
    counts,
    enrollments,
    imports,
    issues,
    ledger,
    meta,
    migrate,
    subscribers,
    subscriptions,
    suppressions,
)
from bypost.store.schema import metadata
from scheduler.pacing import Budget
from tests.contracts.operations import OPERATIONS, operate, truth
from tests.contracts.rows import NOON, add_people, lessons, owe, statements


class StoreContract:
    """The rules of a database."""

    def plan(self, connection: Connection, sql: str, parameters: Any) -> str:
        """Return the database's own words on how it would answer a query."""
        raise NotImplementedError

    # Instants

    def test_a_naive_instant_is_refused(self, store: Store) -> None:
        with store.write() as connection:
            (run,) = add_people(connection, 1)
            with pytest.raises(StatementError, match="naive instant"):
                enrollments.set_hints(connection, [(run, datetime(2026, 1, 1))])  # noqa: DTZ001

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(
        at=st.datetimes(
            datetime(1900, 1, 1),  # noqa: DTZ001
            datetime(9000, 1, 1),  # noqa: DTZ001
            timezones=st.timezones(),
        )
    )
    def test_an_instant_comes_back_to_the_microsecond_and_in_utc(
        self, store: Store, at: datetime
    ) -> None:
        with store.write() as connection:
            budgets.save(connection, "resend", Budget(updated_at=at))
            found = budgets.load(connection, "resend")[0].updated_at
        assert found is not None
        assert (found, found.tzinfo) == (at.astimezone(UTC), UTC)

    def test_instants_of_several_zones_are_compared_as_instants(self, store: Store) -> None:
        with store.write() as connection:
            run, other = add_people(connection, 2)
            early = NOON.astimezone(ZoneInfo("Pacific/Auckland"))
            late = (NOON + timedelta(microseconds=1)).astimezone(ZoneInfo("America/Lima"))
            enrollments.set_hints(connection, [(run, early), (other, late)])
            due = enrollments.due(connection, ["alpha"], now=NOON, after_id=0, limit=9)
        assert [row.id for row in due] == [run]

    # Nothing twice

    def test_a_second_delivery_of_a_lesson_to_one_run_is_refused(self, store: Store) -> None:
        with store.write() as connection:
            members = lessons(connection, add_people(connection, 2))
            owe(connection, members[:1])
        with pytest.raises(IntegrityError), store.write() as connection:
            owe(connection, members)
        with store.write() as connection:
            assert counts.count(connection).owed == 1, "nothing of the second batch stays"
            owe(connection, [{**members[0], "copy": 1}])

    def test_a_second_delivery_of_an_issue_to_one_person_is_refused(self, store: Store) -> None:
        with store.write() as connection:
            member = {
                "subscriber_id": lessons(connection, add_people(connection, 1))[0]["subscriber_id"]
            }
            owe(connection, [member], "news/one", kind="issue")
        with pytest.raises(IntegrityError), store.write() as connection:
            owe(connection, [member], "news/one", kind="issue")
        with store.write() as connection:
            owe(connection, [{**member, "copy": 1}], "news/one", kind="issue")
            owe(connection, [member], "news/two", kind="issue")

    def test_a_notice_answers_one_request_once(self, store: Store) -> None:
        with store.write() as connection:
            person = lessons(connection, add_people(connection, 1))[0]["subscriber_id"]
            member = {"subscriber_id": person, "request": "r1"}
            owe(connection, [member], "confirm", kind="notice")
        with pytest.raises(IntegrityError), store.write() as connection:
            owe(connection, [member], "confirm", kind="notice")
        with store.write() as connection:
            owe(connection, [{**member, "request": "r2"}], "confirm", kind="notice")

    @pytest.mark.parametrize("what", ["person", "run", "subscription", "foreign key"])
    def test_doubles_and_orphans_are_refused_by_the_database_itself(
        self, store: Store, what: str
    ) -> None:
        with store.write() as connection:
            add_people(connection, 1)
            person = subscribers.by_id(connection, 1)
            assert person is not None
            letter = join.new_subscription(subscriber_id=1, newsletter="news", now=NOON)
            subscriptions.add_all(connection, [letter])
        run = join.new_enrollment(subscriber_id=1, course="alpha", now=NOON)
        again: Callable[[Connection], None] = {
            "person": lambda c: subscribers.add_all(c, [{**person, "id": 2}]),
            "run": lambda c: enrollments.add_all(c, [run]),
            "subscription": lambda c: subscriptions.add_all(c, [{**letter, "link_id": b"2" * 16}]),
            "foreign key": lambda c: enrollments.add_all(c, [{**run, "subscriber_id": 77}]),
        }[what]
        with pytest.raises(IntegrityError), store.write() as connection:
            again(connection)

    def test_of_two_passes_at_one_issue_the_first_word_counts(self, store: Store) -> None:
        for state in ("planned", "archived"):
            with store.write() as connection:
                issues.add(connection, "news", "one", state=state, schedule="", now=NOON)
                found = issues.find(connection, "news", "one")
                assert found is not None
                assert found["state"] == "planned"
        for state in ("done", "archived"):
            with store.write() as connection:
                issues.settle_zone(connection, found["id"], "UTC", due_at=NOON, state=state)
                assert issues.settled_zones(connection, found["id"]) == {"UTC"}

    def test_contents_are_kept_once_by_their_hash(self, store: Store) -> None:
        with store.write() as connection:
            for body in (b"the first", b"another"):
                contents.save(
                    connection,
                    "b" * 64,
                    body,
                    kind="lesson",
                    collection="alpha",
                    item="one",
                    title="t" * 999,
                    now=NOON,
                )
            assert contents.load(connection, "b" * 64) == b"the first"
            with pytest.raises(KeyError):
                contents.load(connection, "c" * 64)

    # Leases

    def test_a_lease_is_taken_once_and_its_fence_shuts_the_others_out(self, store: Store) -> None:
        until = NOON + timedelta(minutes=2)
        with store.write() as connection:
            batch = owe(connection, lessons(connection, add_people(connection, 1)))
            assert ledger.lease(connection, batch, fence=0, until=until, owner="a")
            assert not ledger.lease(connection, batch, fence=0, until=until, owner="b")
            assert ledger.lease(connection, batch, fence=1, until=until, owner="b")
            assert not ledger.update_fenced(connection, batch, 1, {"state": "settled"})
            assert ledger.update_fenced(connection, batch, 2, {"state": "settled", "accepted": 1})
            assert not ledger.update_fenced(connection, batch, 2, {"state": "pending"}), "settled"
            assert not ledger.lease(connection, batch, fence=2, until=until, owner="c")
            row = ledger.batch(connection, batch)
        assert row is not None
        assert (row["state"], row["lease_owner"], row["fence"]) == ("settled", "b", 2)

    # Numbers

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(
        steps=st.lists(
            st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 9), st.integers(0, 3)),
            min_size=3,
            max_size=30,
        )
    )
    def test_what_is_owed_is_the_sum_of_what_became_of_it_after_every_commit(
        self, store: Store, steps: list[tuple[str, int, int]]
    ) -> None:
        for operation, choice, amount in steps:
            with store.write() as connection:
                operate(connection, operation, choice, amount)
            with store.read() as connection:
                counted, true = counts.count(connection), truth(connection)
                shown = len(counts.unknown_deliveries(connection))
            assert counted == true, operation
            assert counted.unknown == shown, operation
            assert counted.owed == (
                counted.accepted
                + counted.failed
                + counted.cancelled
                + counted.unknown
                + counted.pending
            )

    # Transactions

    def test_a_reader_sees_one_picture_while_a_writer_is_in_the_middle(self, store: Store) -> None:
        with store.write() as connection:
            add_people(connection, 3)
        with store.read() as reader:
            assert subscribers.count(reader) == 3
            with store.write() as writer:
                add_people(writer, 2)
                assert subscribers.count(reader) == 3, "not committed"
            assert subscribers.count(reader) == 3, "committed after this look began"
        with store.read() as reader:
            assert subscribers.count(reader) == 5

    def test_an_exception_takes_everything_of_its_transaction_back(self, store: Store) -> None:
        with pytest.raises(IntegrityError), store.write() as connection:
            _fail_in_the_middle(connection)
        with store.read() as connection:
            assert subscribers.count(connection) == 0

    def test_a_read_connection_cannot_write(self, store: Store) -> None:
        with pytest.raises(StoreError), store.read() as connection:
            meta.put(connection, "key", "value")
        with store.read() as connection:
            assert meta.get(connection, "key") is None

    def test_writers_in_threads_never_fail_and_lose_nothing(self, store: Store) -> None:
        failures: list[BaseException] = []
        start = threading.Barrier(4)

        def write() -> None:
            start.wait()
            try:
                for _ in range(40):
                    with store.write() as connection:
                        found = int(meta.get(connection, "number") or 0)
                        meta.put(connection, "number", str(found + 1))
            except BaseException as error:  # noqa: BLE001 - handed to the test
                failures.append(error)

        threads = [threading.Thread(target=write) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with store.read() as connection:
            number = meta.get(connection, "number")
        assert (failures, number) == ([], "160")

    # Speed by construction

    def test_who_is_due_is_found_by_the_index_among_many_who_are_not(self, store: Store) -> None:
        with store.write() as connection:
            runs = add_people(connection, 20_000)
            later = NOON + timedelta(days=1)
            enrollments.set_hints(connection, [(run, later) for run in runs[50:]])
        with store.read() as connection, statements(connection) as seen:
            due = enrollments.due(connection, ["alpha"], now=NOON, after_id=0, limit=1000)
            enrollments.next_hint(connection, ["alpha"])
            assert [row.id for row in due] == runs[:50]
            plans = [self.plan(connection, *statement) for statement in list(seen)]
        assert all("ix_enrollments_due" in plan for plan in plans)

    def test_open_batches_are_found_by_the_index_among_many_that_are_settled(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            members = lessons(connection, add_people(connection, 3000))
            found = [owe(connection, [member]) for member in members]
            for batch in found[:2990]:
                assert ledger.update_fenced(connection, batch, 0, {"state": "settled"})
        with store.read() as connection, statements(connection) as seen:
            assert ledger.ready(connection, NOON, 5) == found[2990:2995]
            assert ledger.next_try(connection) == NOON
            assert len(binding.foreign(connection, ["resend"], now=NOON, limit=50)) == 10
            plans = [self.plan(connection, *statement) for statement in list(seen)]
        assert all("ix_batches_open" in plan for plan in plans)

    def test_the_many_who_are_due_come_in_key_order_each_once(self, store: Store) -> None:
        with store.write() as connection:
            runs = add_people(connection, 90)
            hints = [(run, NOON - timedelta(minutes=run % 7)) for run in runs]
            enrollments.set_hints(connection, hints)
        found: list[int] = []
        with store.read() as connection:
            while rows := enrollments.due(
                connection, ["alpha"], now=NOON, after_id=max(found, default=0), limit=20
            ):
                found += [row.id for row in rows]
        assert found == runs

    # Schema

    def test_the_migrations_make_exactly_the_tables_of_the_code(self, store: Store) -> None:
        with store.read() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            assert compare_metadata(context, metadata) == []

    def test_every_constraint_in_the_database_has_a_name(self, store: Store) -> None:
        with store.read() as connection:
            look = inspect(connection)
            for table in metadata.tables:
                constraints = [
                    *look.get_unique_constraints(table),
                    *look.get_check_constraints(table),
                    *look.get_foreign_keys(table),
                ]
                # SQLite has no place for the name of a key that counts up by itself.
                if not metadata.tables[table].dialect_options["sqlite"]["autoincrement"]:
                    constraints.append(look.get_pk_constraint(table))
                assert all(constraint["name"] for constraint in constraints), table

    def test_upgrading_twice_changes_nothing(self, store: Store) -> None:
        with store.read() as connection:
            tag = meta.tag(connection)
        before, after = migrate.upgrade(store)
        assert before == after
        assert migrate.is_current(store)
        with store.read() as connection:
            assert meta.tag(connection) == tag
            assert tag is not None
            assert len(tag) == 8

    def test_a_database_of_a_newer_version_is_refused(self, store: Store) -> None:
        with store.write() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        for look in (migrate.upgrade, migrate.is_current):
            with pytest.raises(StoreError, match=r"newer version of ByPost \(schema 9999\)"):
                look(store)

    # The smaller nouns

    def test_suppressing_twice_is_suppressing_once_and_scopes_are_kept_apart(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            for _ in range(2):
                suppressions.add(connection, b"1" * 16, reason="bounced", now=NOON)
            suppressions.add(connection, b"2" * 16, reason="left", scope="course:alpha", now=NOON)
            both = [b"1" * 16, b"2" * 16]
            assert suppressions.find(connection, both) == {b"1" * 16: "bounced"}
            assert set(suppressions.find(connection, both, "course:alpha")) == set(both)
            assert suppressions.find(connection, []) == {}

    def test_a_breaker_stays_open_until_it_is_closed_and_the_budget_with_it(
        self, store: Store
    ) -> None:
        budget = Budget(tokens=1.5, updated_at=NOON, day=NOON.date(), used_today=7)
        with store.write() as connection:
            assert budgets.load(connection, "resend") == (Budget(), "")
            budgets.save(connection, "resend", budget)
            budgets.open_breaker(connection, "resend", "HTTP 401", NOON)
            assert budgets.load(connection, "resend") == (budget, "HTTP 401")
            assert budgets.breakers(connection) == {"resend": "HTTP 401"}
            budgets.close_breaker(connection, "resend", NOON)
            assert budgets.load(connection, "resend") == (budget, "")

    def test_the_latest_import_of_a_name_is_the_one_remembered(self, store: Store) -> None:
        with store.write() as connection:
            for number in range(3):
                imports.record(
                    connection,
                    path="people.csv",
                    digest=str(number),
                    signature="",
                    at=NOON,
                    summary={"rows": number},
                )
            latest = imports.latest(connection, "people.csv")
            assert latest is not None
            assert (latest["digest"], latest["summary"]) == ("2", {"rows": 2})
            assert imports.latest(connection, "other.csv") is None

    def test_everybody_is_read_in_chunks_without_gaps_or_doubles(self, store: Store) -> None:
        with store.write() as connection:
            add_people(connection, 25)
            subscribers.change(connection, 10, {"email": None, "email_key": None})
        with store.read() as connection:
            ids = [person["id"] for person in subscribers.every(connection, chunk=6)]
        assert ids == [i for i in range(1, 26) if i != 10]


def _fail_in_the_middle(connection: Connection) -> None:
    add_people(connection, 3)
    connection.exec_driver_sql("INSERT INTO meta (key) VALUES ('without a value')")
