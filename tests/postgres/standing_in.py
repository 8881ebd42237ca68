"""Databases of a server in the place of files: ``python -m pytest --database postgresql``.

A test goes on naming a file. What stands there then is a slip of paper: the name of a database, and
where the slip was written. A slip that is found elsewhere was copied, and with it the database is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, make_url

from bypost.store import Store, engine, postgres, postgres_values
from bypost.store.backend import Backend
from bypost.store.postgres import Postgres
from tests.postgres.cluster import Cluster

#: Statements; one store alone keeps 500.
_STATEMENTS = 5_000
#: Bytes of a copy without a row: its head and its end.
_NO_ROWS = 21
_SLIP = "a database of tests"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
#: Databases that wait to be used again, and how large one of them may have become.
_MOST_SPARE = 40
_MOST_BYTES = 16_000_000
_SIZE = "SELECT pg_database_size(current_database())"
_SEND_AWAY = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_NUMBERS = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"


class _Standing(Postgres):
    """A database for which a file is named."""

    def __init__(self, url: str, path: Path, real: set[Path]) -> None:
        super().__init__(make_url(url))
        self._path, self._real = path, real

    def prepare(self) -> None:
        """Leave a slip where the file would be."""
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _write(self._path, str(self.url.database))

    def copy_to(self, path: Path) -> None:
        """Write a copy to a SQLite file, which then is one."""
        self._real.add(path.resolve())
        super().copy_to(path)


def _write(path: Path, database: str) -> None:
    path.write_text(f"{_SLIP}\n{database}\n{path}\n", encoding="utf-8")


class StandingIn:
    """A server whose databases stand in for files."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._before = engine._backend
        self._looked_at: dict[Path, str] = {}
        self._real: set[Path] = set()
        self._made: list[str] = []
        self._template_of: dict[str, str] = {}
        self._kept: dict[str, Snapshot] = {}
        self._spare: defaultdict[str, list[str]] = defaultdict(list)
        self.floor = 0

    def backend(self, url: str, root: Path) -> Backend:
        """Open what a URL names; take the place of :func:`bypost.store.engine._backend`."""
        try:
            parsed = make_url(url)
        except Exception:  # noqa: BLE001 - as there
            return self._before(url, root)
        if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
            return self._before(url, root)
        path = (root / str(parsed.database)).resolve()
        if path in self._real:
            return self._before(url, root)
        return _Standing(self._cluster.url(self._database(path)), path, self._real)

    def _database(self, path: Path) -> str:
        if not path.is_file():
            if path not in self._looked_at:
                self._looked_at[path] = self._make(None)
            return self._looked_at[path]
        said, name, owner = path.read_text(encoding="utf-8").splitlines()
        assert said == _SLIP, "a real file: this test is about SQLite"
        if owner != str(path):
            name = self._make(name)
            _write(path, name)
        return name

    def _make(self, template: str | None) -> str:
        if template in self._made[: self.floor]:
            return self._copy(template)
        return self._note(self._cluster.make(template=template))

    def _note(self, name: str) -> str:
        self._made.append(name)
        return name

    def _copy(self, template: str) -> str:
        """Return a copy of what no test changes: another copy, put in order, is made faster."""
        if template not in self._kept:
            with self._open(template) as connection:
                self._kept[template] = take(connection)
        if not self._spare[template]:
            name = self._cluster.make(template=template)
            self._template_of[name] = template
            return self._note(name)
        name = self._spare[template].pop()
        with self._open(name) as connection:
            put(connection, self._kept[template])
        return self._note(name)

    @contextmanager
    def _open(self, name: str) -> Iterator[Any]:
        url = make_url(self._cluster.url(name)).set(drivername="postgresql")
        with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
            yield connection

    def copy(self, store: Store, to: Path) -> None:
        """Leave a slip for a copy of a store's database as it is now."""
        store.close()
        name = str(store.url.database)
        with self._open(name) as connection:
            connection.execute(_SEND_AWAY)
        _write(to, self._note(self._cluster.make(template=name)))

    def forget(self) -> None:
        """Let go of all databases but the first :attr:`floor`."""
        for name in self._made[self.floor :]:
            spare = self._spare[self._template_of.get(name, "")]
            if name in self._template_of and len(spare) < _MOST_SPARE and self._is_fit(name):
                spare.append(name)
            else:
                self._cluster.drop(name)
        gone = set(self._made[self.floor :])
        self._looked_at = {p: name for p, name in self._looked_at.items() if name not in gone}
        del self._made[self.floor :]

    def _is_fit(self, name: str) -> bool:
        """Tell whether a database may be used again; whoever is still connected is sent away."""
        with self._open(name) as connection:
            connection.execute(_SEND_AWAY)
            tables = {table for (table,) in connection.execute(_TABLES)}
            size = connection.execute(_SIZE).fetchone()[0]
        return tables == set(self._kept[self._template_of[name]].rows) and size < _MOST_BYTES

    def settle(self) -> None:
        """Keep all databases there are: what is made from now on is a test's."""
        self.floor = len(self._made)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What stood in a database: rows of each table, and where its numbers had come to."""

    rows: dict[str, bytes]
    numbers: dict[str, int | None]


#: The one that is at work.
_current: list[StandingIn] = []


def copy(store: Store, to: Path) -> None:
    """Leave a slip for a copy of a store's database."""
    _current[-1].copy(store, to)


def take(connection: Any) -> Snapshot:
    """Return what stands in a database; the connection is psycopg's."""
    rows = {}
    for (table,) in connection.execute(_TABLES).fetchall():
        with connection.cursor().copy(f'COPY "{table}" TO STDOUT (FORMAT binary)') as copy:
            rows[table] = b"".join(bytes(part) for part in copy)
    return Snapshot(rows, dict(connection.execute(_NUMBERS).fetchall()))


def put(connection: Any, kept: Snapshot) -> None:
    """Put what was taken in the place of what stands there: faster than another database."""
    # Neither keys nor triggers are in the way of rows that fitted before.
    connection.execute("SET LOCAL session_replication_role = replica")
    connection.execute(";".join(f'DELETE FROM "{table}"' for table in kept.rows))
    for table, rows in kept.rows.items():
        if len(rows) > _NO_ROWS:
            with connection.cursor().copy(f'COPY "{table}" FROM STDIN (FORMAT binary)') as copy:
                copy.write(rows)
    numbers = [
        f"setval('{name}', {last or 1}, {'true' if last else 'false'})"
        for name, last in kept.numbers.items()
    ]
    connection.execute(f"SELECT {', '.join(numbers)}")


@contextmanager
def opened(store: Store) -> Iterator[Any]:
    """Open a transaction of a store past SQLAlchemy."""
    borrowed = store._writer.raw_connection()
    plain: Any = borrowed.driver_connection
    yield plain
    plain.commit()
    borrowed.close()


@contextmanager
def standing_in(cluster: Cluster) -> Iterator[StandingIn]:
    """Let a server's databases stand in for files, and all stores share compiled SQL."""
    shared = create_engine(
        cluster.url("postgres"),
        query_cache_size=_STATEMENTS,
        json_serializer=postgres_values.to_json,
    )
    shared.connect().close()  # the dialect asks its database once what it can do
    shared.dispose()

    def sharing(*words: Any, **options: Any) -> Engine:
        made = create_engine(*words, **options)
        made._compiled_cache = shared._compiled_cache
        made.dialect = shared.dialect
        return made

    one = StandingIn(cluster)
    _current.append(one)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_backend", one.backend)
        patch.setattr(postgres, "create_engine", sharing)
        yield one
