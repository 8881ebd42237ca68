"""PostgreSQL: the same tables and transactions, for several machines.

Writers take a lock of the whole database for the length of a transaction, as on SQLite, where the
file is that lock: what was written with one writer in mind stays right with many machines. Only
those who say ``together`` run beside each other; they lock the rows of the one batch they bring.
Transactions are short, and nobody waits for a provider inside one, so this costs little
(measured: docs/many-machines.md).
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, inspect, literal_column, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError

from bypost.errors import StoreError
from bypost.store.backend import Backend, told
from bypost.store.schema.base import Instant
from bypost.store.server_clock import ServerClock
from scheduler.clock import Clock

#: The lock's number; any other program on the same database would have to choose this very one.
_WRITERS = int.from_bytes(b"bypost")

#: What every connection asks for. Whoever stands still in a transaction, e.g. a frozen machine,
#: loses it instead of keeping everybody out; so does whoever has vanished from the network.
_SESSION = {
    "application_name": "bypost",
    "lock_timeout": "60s",
    "idle_in_transaction_session_timeout": "30s",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "timezone": "UTC",
}

#: Microseconds since 1970 by the database's clock.
_NOW = literal_column("(extract(epoch from clock_timestamp()) * 1000000)::bigint", Instant())

#: A word in the database's own message -> what to do about it.
_FIXES = {
    "authentication failed": "check user and password in [database] url",
    "no password supplied": "give a password in [database] url or in PGPASSWORD",
    "relation": "run `bypost db upgrade`",
    "does not exist": "make the database first (`createdb`), or mend [database] url",
    "Connection refused": "start PostgreSQL, or mend host and port in [database] url",
    "No such file": "start PostgreSQL, or mend the host in [database] url",
    "could not translate host": "mend the host in [database] url",
    "permission denied": "give this user the right to write in that database",
    "read-only": "this is a standby; name the primary in [database] url",
    "No space left": "free some disk space there; what was written before is safe",
    "lock timeout": "another program holds the database; `bypost status` says who is sending",
    "terminat": "the database was stopped or restarted; what was written before is safe",
    "closed the connection": "the database was stopped or restarted; "
    "what was written before is safe",
    "too many": "raise max_connections there, or run fewer workers",
}


#: What the server says, as SQLSTATE, when it is stopping, starting, full of connections, or when
#: somebody else keeps us waiting: 08 connection, 57P01 to 57P03 shutdown and start, 53300 too many
#: connections, 55P03 lock timeout, 40P01 deadlock, 25P03 stood still in a transaction.
_AWAY = ("08", "57P01", "57P02", "57P03", "53300", "55P03", "40P01", "25P03")
#: What only an operator can mend, although no connection comes of it.
_FOR_GOOD = ("authentication failed", "no password supplied", "does not exist", "permission denied")
#: Of the other errors: read-only, too long idle in a transaction, no such table, not allowed.
_TOLD = {"25006", "25P03", "42P01", "42501"}


class Postgres(Backend):
    """One database of a PostgreSQL server.

    Raises:
        StoreError: if the URL names no database, or the driver is not installed.
    """

    in_turn = False

    def __init__(self, url: URL) -> None:
        if not url.database:
            raise StoreError(
                "[database] url: names no database\n    write `postgresql://user@host/database`"
            )
        self.url = url.set(drivername="postgresql+psycopg")
        host = url.host or str(url.query.get("host", ""))
        self.name = f"postgresql://{host}{f':{url.port}' if url.port else ''}/{url.database}"
        self.reader = _engine(self.url, read_only=True)
        self.writer = _engine(self.url, read_only=False)

    def exists(self) -> bool:
        """Tell whether it has our tables."""
        try:
            with self.reader.connect() as connection:
                return inspect(connection).has_table("alembic_version")
        except DBAPIError as error:
            raise self.in_words(error) or error from error

    def prepare(self) -> None:
        """Nothing to do: whoever runs the server has made the database."""

    def lock(self, connection: Connection, *, together: bool) -> None:
        """Take the lock of all writers; PostgreSQL lets the waiting in as they came."""
        how = "pg_advisory_xact_lock_shared" if together else "pg_advisory_xact_lock"
        connection.exec_driver_sql(f"SELECT {how}({_WRITERS})")

    def clock(self, machine: Clock) -> Clock:
        """Return the server's, so that machines with different clocks agree."""
        return ServerClock(self._now, machine)

    def _now(self) -> datetime:
        try:
            with self.reader.connect() as connection:
                return connection.execute(select(_NOW)).scalar_one()
        except DBAPIError as error:
            raise self.in_words(error) or error from error

    def size(self) -> int:
        """Return the bytes of the database on its server."""
        with self.reader.connect() as connection:
            found = connection.exec_driver_sql("SELECT pg_database_size(current_database())")
            return int(found.scalar_one())

    def room(self) -> int | None:
        """Return None: the server's disk is out of sight."""
        return None

    def stamp(self) -> object:
        """Return how far the server's log has come: others' databases move it too."""
        with self.reader.connect() as connection:
            found = connection.exec_driver_sql("SELECT pg_current_wal_insert_lsn()::text")
            return found.scalar_one()

    def settle_down(self) -> None:
        """Nothing to do here: dead rows go when the database vacuums, which it does by itself."""

    def copy_to(self, path: Path) -> None:
        """Write what one look at the database shows to a SQLite file."""
        from bypost.store.tables import file  # alembic, which most commands do without
        from bypost.store.tables.postgres import PostgresTables

        try:
            with self.reader.connect() as connection:
                tables = PostgresTables(connection)
                file.write(tables, path, str(path), lambda _what, _done, _total: None)
        except DBAPIError as error:
            raise self.in_words(error) or error from error
        except sqlite3.Error as error:
            raise StoreError(f"{path}: cannot be written: {error}\n    free some space") from error

    def in_words(self, error: DBAPIError) -> StoreError | None:
        """Return an error an operator can act on; None for a mistake of ours."""
        # Its other kinds are broken rules of the schema: our mistakes, not the operator's.
        state = getattr(error.orig, "sqlstate", None)
        kinds = {DatabaseError, OperationalError, InterfaceError}
        if type(error) not in kinds and state not in _TOLD:
            return None
        reason = str(error.orig).strip().splitlines()[0]
        return told(self.name, reason, _FIXES, away=_is_away(error, reason))


def _is_away(error: DBAPIError, reason: str) -> bool:
    """Tell whether the same may work a moment later: the server restarts, or is out of reach."""
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return bool(state.startswith(_AWAY))
    # Without a state the server did not speak: no connection, or one that broke.
    return not any(words in reason for words in _FOR_GOOD)


def _engine(url: URL, *, read_only: bool) -> Engine:
    """Return an engine; each of its transactions that reads is one consistent look."""
    options = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    how: dict[str, Any] = {"isolation_level": "READ COMMITTED"}
    if read_only:
        how = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        from bypost.store import postgres_values

        engine = create_engine(
            url,
            connect_args={"options": options, "connect_timeout": 10},
            # A connection that died with a restart of the server is replaced, not handed out.
            pool_pre_ping=True,
            pool_size=10,
            max_overflow=40,
            hide_parameters=True,
            execution_options=how,
            json_serializer=postgres_values.to_json,
        )
    except ModuleNotFoundError as error:
        raise StoreError(
            "[database] url: PostgreSQL needs more packages\n"
            "    install them: pip install 'bypost[postgres]'"
        ) from error
    postgres_values.adapt(engine)
    return engine
