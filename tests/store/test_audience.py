"""Audiences in SQL: who is found, and that an expression is never part of a statement."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, text
from sqlalchemy.dialects import postgresql

from bypost.audience import Expression, parse
from bypost.audience import expression as tree
from bypost.audience.expression import Field, How
from bypost.people import join
from bypost.store import Connection, Store, audience, audiences, people_list, subscribers
from bypost.store.schema import subscribers as table
from tests import kept
from tests.audience.crowd import NOW, Person, crowds, write
from tests.audience.reference import is_in
from tests.audience.trees import expressions

_LET = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
HOSTILE = [
    "'; DROP TABLE subscribers; --",
    '" OR 1=1 --',
    "' UNION SELECT email FROM subscribers --",
    "%",
    "_%",
    "\\",
    "$.city",
    '"]',
    ":param",
    "%(name)s",
    "?",
    "{{ 7*7 }}",
    "<script>alert(1)</script>",
]


@pytest.fixture
def store(tmp_path: Path, empty_database: Path) -> Iterator[Store]:
    shutil.copy(empty_database, tmp_path / "test.db")
    store = Store("sqlite:///test.db", root=tmp_path)
    event.listen(store._writer, "connect", kept.do_not_flush)
    yield store
    store.close()


@contextmanager
def rolled_back(store: Store) -> Iterator[Connection]:
    """Yield a connection of which nothing stays."""
    with store._writer.connect() as connection:
        yield connection
        connection.rollback()


def found(connection: Connection, expression: Expression) -> list[int]:
    such = audience.condition(expression, now=NOW)
    return list(connection.execute(select(table.c.id).where(such).order_by(table.c.id)).scalars())


@_LET
@given(crowd=crowds, wanted=st.lists(expressions, min_size=6, max_size=6))
def test_sql_finds_whom_plain_python_finds(
    store: Store, crowd: list[Person], wanted: list[Expression]
) -> None:
    with rolled_back(store) as connection:
        write(connection, crowd)
        for expression in wanted:
            expected = [n for n, one in enumerate(crowd, 1) if is_in(one, expression)]
            assert found(connection, expression) == expected


def add(connection: Connection, count: int = 1, **of: object) -> None:
    first = subscribers.next_id(connection)
    for number in range(first, first + count):
        row = join.new_subscriber(
            subscriber_id=number,
            email=f"p{number}@example.org",
            name="",
            time_zone="",
            status="confirmed",
            now=NOW,
        )
        subscribers.add_all(connection, [{**row, **of}])


@pytest.mark.parametrize("words", HOSTILE)
def test_a_hostile_text_is_only_ever_compared(store: Store, words: str) -> None:
    quoted = words.replace("\\", "\\\\").replace('"', '\\"')
    with store.write() as connection:
        add(connection, tags=[words], attributes={words.casefold(): words}, name=words)
        add(connection, tags=["other"], attributes={"city": "Berlin"}, name="Berlin")
        for expression in (
            f'tag "{quoted}"',
            f'name is "{quoted}"',
            f'name contains "{quoted}"',
            f'name begins with "{quoted}"',
            f'attribute "{quoted}" is "{quoted}"',
            f'attribute "{quoted}" contains "{quoted}"',
        ):
            assert found(connection, parse(expression)) == [1], expression
        for name in ("course", "newsletter"):
            assert found(connection, parse(f'{name} "{quoted}" active')) == []
        assert found(connection, parse(f'form "{quoted}"')) == []
        assert connection.execute(text("SELECT count(*) FROM subscribers")).scalar() == 2


@_LET
@given(expression=expressions)
@example(expression=tree.Tag("secret"))
@example(expression=tree.Text(Field.NAME, How.CONTAINS, "secret"))
def test_no_text_of_an_expression_stands_in_the_statement(expression: Expression) -> None:
    query = select(table.c.id).where(audience.condition(expression, now=NOW))
    for dialect in (None, postgresql.dialect()):
        sql = str(query.compile(dialect=dialect)) if dialect else str(_sqlite(query))
        for term in ("DROP", "O'Hara", "Berlin", "alumni", "secret", "footer", "letters", "Ω"):
            assert term not in sql


def _sqlite(query: object) -> object:
    from sqlalchemy.dialects import sqlite

    return query.compile(dialect=sqlite.dialect())  # type: ignore[attr-defined]


@pytest.mark.parametrize("expression", ["everyone", "not tag x", "not (paused and name known)"])
def test_nobody_who_was_erased_is_in_any_audience(store: Store, expression: str) -> None:
    with store.write() as connection:
        add(connection, email=None, email_key=None, status="erased")
        add(connection)
        assert found(connection, parse(expression)) == [2]


def test_the_largest_expression_is_answered(store: Store) -> None:
    deep = "not (" * 10 + "tag a" + ")" * 10
    wide = " or ".join(f'course "c{n}" left after lesson "x"' for n in range(40))
    with store.write() as connection:
        add(connection)
        assert found(connection, parse(deep)) == []
        assert found(connection, parse(wide)) == []


# Pages


def test_pages_of_an_audience_show_everybody_once_newest_first(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_list, "STRIDE", 7)
    with store.write() as connection:
        for number in range(60):
            add(connection, tags=["a"] if number % 3 else [])
        such = audience.condition(parse("tag a"), now=NOW)
        seen, before, over = [], people_list.last_id(connection) + 1, False
        while not over:
            look = people_list.newest(connection, such, before=before, limit=4)
            assert len(look.rows) <= 4
            seen += [row["id"] for row in look.rows]
            before, over = look.reached, look.over
        assert seen == sorted(found(connection, parse("tag a")), reverse=True)


def test_counting_by_strides_gives_what_counting_at_once_gives(store: Store) -> None:
    with store.write() as connection:
        for number in range(40):
            add(connection, tags=["a"] if number % 3 else [])
        such = audience.condition(parse("tag a"), now=NOW)
        parts = [
            people_list.count(connection, such, after=at, until=min(at + 7, 40))
            for at in range(0, 40, 7)
        ]
        assert sum(parts) == people_list.any_such(connection, such, 1000) == 26
        assert people_list.any_such(connection, such, 10) == 10


def test_people_are_found_by_how_their_address_or_name_begins(store: Store) -> None:
    with store.write() as connection:
        for key, name in (("ana@x.org", "Zoe"), ("bo@x.org", "Ana Maria"), ("cy@x.org", "ANA")):
            add(connection, email=key, email_key=key, name=name)
        add(connection, email=None, email_key=None, name="", status="erased")
        for typed, expected in (
            ("ana", [1, 2, 3]),
            ("Ana", [1, 2, 3]),
            ("ANA@", [1]),
            ("b", [2]),
            ("%", []),
            ("_", []),
            ("", [1, 2, 3]),
        ):
            rows = people_list.beginning(connection, typed, after=None, limit=9)
            assert [row["id"] for row in rows] == expected, typed
        first = people_list.beginning(connection, "ana", after=None, limit=2)
        last = (first[-1]["email_key"], first[-1]["id"])
        rest = people_list.beginning(connection, "ana", after=last, limit=2)
        assert [row["id"] for row in (*first, *rest)] == [1, 2, 3]


@pytest.mark.sqlite
def test_people_are_looked_for_by_index(store: Store) -> None:
    statements: list[tuple[str, object]] = []

    def remember(_c: object, _cursor: object, sql: str, values: object, *_: object) -> None:
        statements.append((sql, values))

    with store.read() as connection:
        event.listen(connection, "before_cursor_execute", remember)
        people_list.beginning(connection, "ana", after=("b", 2), limit=50)
        event.remove(connection, "before_cursor_execute", remember)
        ((sql, values),) = [one for one in statements if one[0].startswith("SELECT")]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
        steps = [str(row[-1]) for row in plan]
    assert not [step for step in steps if "SCAN subscribers" in step], steps


# Saved


def test_a_saved_audience_is_changed_by_its_name_and_removed_once(store: Store) -> None:
    with store.write() as connection:
        assert audiences.save(connection, "a", expression="paused", note="n", now=NOW)
        assert not audiences.save(connection, "a", expression="tag x", note="", now=NOW)
        assert audiences.expressions(connection) == {"a": "tag x"}
        assert audiences.remove(connection, "a")
        assert not audiences.remove(connection, "a")
        assert audiences.every(connection) == []
