"""Databases of a server in the place of files: ``python -m pytest --database postgresql``.

A test goes on naming a file. What stands there then is a slip of paper: the name of a database, and
where the slip was written. A slip that is found elsewhere was copied, and with it the database is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, make_url

from bypost.store import Store, engine, postgres
from bypost.store.backend import Backend
from bypost.store.postgres import Postgres
from tests.postgres.cluster import Cluster

#: Statements; one store alone keeps 500.
_STATEMENTS = 5_000
_SLIP = "a database of tests"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_NUMBERS = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"


class _Standing(Postgres):
    """A database for which a file is named."""

    def __init__(self, url: str, path: Path) -> None:
        super().__init__(make_url(url))
        self._path = path

    def prepare(self) -> None:
        """Leave a slip where the file would be."""
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _write(self._path, str(self.url.database))


def _write(path: Path, database: str) -> None:
    path.write_text(f"{_SLIP}\n{database}\n{path}\n", encoding="utf-8")


class StandingIn:
    """A server whose databases stand in for files."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._before = engine._backend
        self._looked_at: dict[Path, str] = {}
        self._made: list[str] = []

    def backend(self, url: str, root: Path) -> Backend:
        """Open what a URL names; take the place of :func:`bypost.store.engine._backend`."""
        try:
            parsed = make_url(url)
        except Exception:  # noqa: BLE001 - as there
            return self._before(url, root)
        if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
            return self._before(url, root)
        path = (root / str(parsed.database)).resolve()
        return _Standing(self._cluster.url(self._database(path)), path)

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
        name = self._cluster.make(template=template)
        self._made.append(name)
        return name

    def forget(self, until: int) -> None:
        """Remove the databases that were made last; leave the first ``until``."""
        for name in self._made[until:]:
            self._cluster.drop(name)
        gone = set(self._made[until:])
        self._looked_at = {p: name for p, name in self._looked_at.items() if name not in gone}
        del self._made[until:]

    @property
    def made(self) -> int:
        """Return how many databases there are."""
        return len(self._made)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What stood in a database: rows of each table, and where its numbers had come to."""

    rows: dict[str, bytes]
    numbers: dict[str, int | None]


def take(store: Store) -> Snapshot:
    """Return what stands in a database."""
    with _plain(store) as connection:
        tables = [name for (name,) in connection.execute(_TABLES)]
        rows = {}
        for table in tables:
            with connection.cursor().copy(f'COPY "{table}" TO STDOUT (FORMAT binary)') as copy:
                rows[table] = b"".join(bytes(part) for part in copy)
        return Snapshot(rows, dict(connection.execute(_NUMBERS).fetchall()))


def put(store: Store, kept: Snapshot) -> None:
    """Put what was taken in the place of what stands there: faster than another database."""
    with _plain(store) as connection:
        # Neither keys nor triggers are in the way of rows that fitted before.
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(";".join(f'DELETE FROM "{table}"' for table in kept.rows))
        for table, rows in kept.rows.items():
            with connection.cursor().copy(f'COPY "{table}" FROM STDIN (FORMAT binary)') as copy:
                copy.write(rows)
        for name, last in kept.numbers.items():
            connection.execute(
                "SELECT setval(%s::regclass, %s, %s)", (name, last or 1, last is not None)
            )


@contextmanager
def _plain(store: Store) -> Iterator[Any]:
    """Open a transaction past SQLAlchemy."""
    with store._writer.connect() as connection:
        yield connection.connection.driver_connection
        connection.commit()


@contextmanager
def standing_in(cluster: Cluster) -> Iterator[StandingIn]:
    """Let a server's databases stand in for files, and all stores share compiled SQL."""
    shared = create_engine(cluster.url("postgres"), query_cache_size=_STATEMENTS)
    shared.connect().close()  # the dialect asks its database once what it can do
    shared.dispose()

    def sharing(*words: Any, **options: Any) -> Engine:
        made = create_engine(*words, **options)
        made._compiled_cache = shared._compiled_cache
        made.dialect = shared.dialect
        return made

    one = StandingIn(cluster)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_backend", one.backend)
        patch.setattr(postgres, "create_engine", sharing)
        yield one
