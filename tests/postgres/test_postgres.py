"""The store over PostgreSQL: the shared rules, and what is PostgreSQL's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, literal, select

from bypost.audience.expression import Tag
from bypost.errors import StoreError
from bypost.store import Connection, Store, audience, meta, subscribers
from bypost.store.schema import batch_sums, metadata
from bypost.store.schema import subscribers as people
from tests.contracts.database import DatabaseContract
from tests.contracts.rows import add_people
from tests.postgres.cluster import Cluster


class TestPostgres(DatabaseContract):
    def plan(self, connection: Connection, sql: str, parameters: Any) -> str:
        # As the server does by itself, once there are enough rows to count.
        with connection.engine.connect() as other:
            other.execution_options(isolation_level="AUTOCOMMIT", postgresql_readonly=False)
            other.exec_driver_sql("ANALYZE")
        # A small table is read as a whole, faster; here it counts whether an index could serve.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {sql}", parameters)
        return "\n".join(str(row[0]) for row in rows)


#: What a database is made of, in PostgreSQL's own words.
_COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name,
        col_description(table_name::regclass, ordinal_position)
    FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name <> 'alembic_version' ORDER BY 1, 2"""
_INDEXES = """
    SELECT indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1"""
_CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
        AND conrelid::regclass::text <> 'alembic_version' ORDER BY 1, 2"""


def catalogue(store: Store) -> list[list[tuple[Any, ...]]]:
    """Return columns, indexes, constraints and comments."""
    with store.read() as connection:
        return [
            [tuple(row) for row in connection.exec_driver_sql(query)]
            for query in (_COLUMNS, _INDEXES, _CONSTRAINTS)
        ]


def test_the_migrations_make_what_the_code_would_to_the_last_index(
    store: Store, cluster: Cluster, tmp_path: Path
) -> None:
    name = cluster.make()
    other = Store(cluster.url(name), root=tmp_path)
    with other.write() as connection:
        metadata.create_all(connection)
    assert catalogue(store) == catalogue(other)
    other.close()
    cluster.drop(name)


def test_texts_are_compared_by_code_points_and_have_no_limit_of_their_own(store: Store) -> None:
    columns, *_ = catalogue(store)
    kinds = {
        (kind, order) for _, _, kind, _, _, order, _ in columns if kind.startswith(("t", "ch"))
    }
    assert kinds == {("text", "C")}


def test_a_stray_nul_is_shown_and_stops_nothing(store: Store) -> None:
    with store.write() as connection:
        add_people(connection, 1)
        values = {"name": "a\0b", "tags": ["c\0d", "e\\u0000f", "\\\0"]}
        subscribers.change(connection, 1, values)
        row = subscribers.by_id(connection, 1)
        assert row is not None
        assert row["name"] == "a\ufffdb"
        assert row["tags"] == ["c\ufffdd", "e\\u0000f", "\\\ufffd"]
        now = datetime(2026, 11, 23, tzinfo=UTC)
        such = audience.condition(Tag("e\\u0000f"), now=now)
        assert connection.execute(select(people.c.id).where(such)).scalars().all() == [1]
        assert connection.execute(select(people.c.id).where(people.c.name == "\0")).all() == []


def test_sums_of_large_numbers_are_whole_numbers(store: Store) -> None:
    with store.write() as connection:
        row = dict.fromkeys(("owed", "accepted", "failed", "cancelled", "unknown"), 2**40)
        connection.execute(batch_sums.insert().values(block=-1, provider="x", **row))
        found = connection.execute(select(func.sum(batch_sums.c.owed))).scalar_one()
        half = connection.execute(select(func.avg(literal(3)) / 2)).scalar_one()
    assert (found, type(found)) == (2**40, int)
    assert half == 1.5


@pytest.mark.parametrize(
    ("do", "words"),
    [
        (lambda connection: meta.put(connection, "a", "b"), "read-only"),
        (lambda connection: connection.exec_driver_sql("SELECT 1 FROM songs"), "bypost db upgrade"),
    ],
)
def test_what_the_database_refuses_is_told_in_words(
    store: Store, do: Callable[[Connection], None], words: str
) -> None:
    with pytest.raises(StoreError, match=words), store.read() as connection:
        do(connection)


def test_a_failed_statement_takes_its_transaction_along_and_nothing_else(store: Store) -> None:
    with pytest.raises(Exception, match="division by zero"), store.write() as connection:
        _fail_in_the_middle(connection)
    with store.write() as connection:
        assert meta.get(connection, "a") is None
        meta.put(connection, "a", "c")
    with store.read() as connection:
        assert meta.get(connection, "a") == "c"


def _fail_in_the_middle(connection: Connection) -> None:
    meta.put(connection, "a", "b")
    connection.exec_driver_sql("SELECT 1 / 0")
