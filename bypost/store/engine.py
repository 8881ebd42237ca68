"""Opening the database, whichever it is: one door to read, one to write."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, ColumnElement, RowMapping, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from bypost.errors import StoreError
from bypost.store.backend import Backend
from bypost.store.sqlite import Sqlite
from scheduler.clock import Clock

__all__ = ["Columns", "Condition", "Connection", "Row", "Store", "driver"]

#: A row by column name; the layers above need it for annotations.
Row = RowMapping
#: A row, or what is made in the form of one: columns by name.
Columns = RowMapping | Mapping[str, Any]
#: What narrows a query; the layers above hand it on and look into it no further.
Condition = ColumnElement[bool]


def driver(connection: Connection) -> Any:
    """Return the driver's own connection, for what it alone can do within this transaction."""
    return connection.connection.driver_connection


class Store:
    """The database, as two doors: :meth:`read` and :meth:`write`.

    Args:
        url: ``sqlite:///path`` (relative to ``root``) or ``postgresql://user@host/database``.
        root: The project folder.

    Raises:
        StoreError: for a URL that is not understood.
    """

    def __init__(self, url: str, *, root: Path) -> None:
        self._backend = _backend(url, root)
        self._reader, self._writer = self._backend.reader, self._backend.writer
        self._turn = threading.RLock() if self._backend.in_turn else nullcontext()
        # A store that is merely dropped, as at the end of a command, closes its files too.
        weakref.finalize(self, self._backend.close)

    @property
    def url(self) -> URL:
        """Return where it is; may hold a password."""
        return self._backend.url

    @property
    def name(self) -> str:
        """Return where it is, in words fit for everybody: a path, or a server and a database."""
        return self._backend.name

    @property
    def is_shared(self) -> bool:
        """Tell whether several machines may use it."""
        return not isinstance(self._backend, Sqlite)

    @property
    def path(self) -> Path:
        """Return the database file.

        Raises:
            StoreError: There is none: the database is a server's.
        """
        if isinstance(self._backend, Sqlite):
            return self._backend.path
        raise StoreError(
            f"{self.name}: is a server's database and not a file\n"
            "    use PostgreSQL's own tools for this, e.g. `pg_dump` and `pg_restore`"
        )

    def exists(self) -> bool:
        """Tell whether the database was ever written."""
        return self._backend.exists()

    def size(self) -> int:
        """Return the bytes of the database and its log; 0 where there is none."""
        return self._backend.size()

    def room(self) -> int | None:
        """Return the bytes an ordinary user may still write beside it; None if unknown."""
        return self._backend.room()

    def stamp(self) -> object:
        """Return what is another value whenever somebody has written since.

        Raises:
            StoreError: The database cannot be asked.
        """
        with _plain_errors(self._backend):
            return self._backend.stamp()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read-only transaction: a consistent look at the database.

        Looking makes no database where there is none.
        """
        if not self.is_shared and not self.exists():
            raise StoreError(
                f"{self.name}: there is no database yet\n    the first `bypost send` makes it"
            )
        with _plain_errors(self._backend), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, together: bool = False) -> Iterator[Connection]:
        """Open the write transaction; it commits at the end and rolls back on an exception.

        One at a time, whatever writes, on however many machines.

        Args:
            together: Beside others who say so too, where the database can. They must lock the
                rows they read before they write.
        """
        self._backend.prepare()
        with (
            self._turn,
            _plain_errors(self._backend),
            self._writer.begin() as connection,
        ):
            self._backend.lock(connection, together=together)
            yield connection

    def clock(self, machine: Clock) -> Clock:
        """Return the clock by which everybody who uses this database goes.

        Raises:
            StoreError: if a server's database cannot be asked for it.
        """
        return self._backend.clock(machine)

    def close(self) -> None:
        """Close every connection; SQLite's log is folded back by the last one."""
        self._backend.close()

    def settle_down(self) -> None:
        """Let go of what was written over: until then SQLite's log goes on holding it."""
        self._backend.settle_down()

    def vacuum(self) -> None:
        """Let a server's database find the room of removed rows, and count its values anew.

        Raises:
            StoreError: It cannot.
        """
        with _plain_errors(self._backend), self._writer.connect() as connection:
            own = connection.execution_options(isolation_level="AUTOCOMMIT")
            own.exec_driver_sql("VACUUM (ANALYZE)")

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of the database to a SQLite file, while others go on writing.

        Raises:
            StoreError: if the database cannot be read, or the copy not be written.
        """
        self._backend.copy_to(path)


def _backend(url: str, root: Path) -> Backend:
    """Return the kind of database that a URL names."""
    try:
        parsed = make_url(url)
    except Exception:  # noqa: BLE001 - several kinds; the text may hold a password
        raise StoreError(
            "[database] url: not a database URL\n    write one such as `sqlite:///var/bypost.db`"
        ) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return Sqlite(parsed, root)
    if kind in ("postgresql", "postgres"):
        from bypost.store.postgres import Postgres  # 200 modules that SQLite does without

        return Postgres(parsed)
    raise StoreError(
        f"[database] url: `{kind}` is not supported\n"
        "    write `sqlite:///var/bypost.db` or `postgresql://user@host/database`"
    )


@contextmanager
def _plain_errors(backend: Backend) -> Iterator[None]:
    """Turn the database's own errors into words an operator can act on."""
    try:
        yield
    except DBAPIError as error:
        plain = backend.in_words(error)
        if plain is None:
            raise
        raise plain from error
