"""What a database server says of itself: whether it suits, and where it does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from bypost.store.engine import Connection

_QUERY = text("""
    SELECT current_setting('server_version_num')::int AS version,
        current_setting('server_version') AS version_name,
        pg_encoding_to_char(encoding) AS encoding,
        current_setting('fsync') AS fsync,
        current_setting('full_page_writes') AS full_page_writes,
        current_setting('synchronous_commit') AS synchronous_commit,
        current_setting('max_connections')::int
            - current_setting('superuser_reserved_connections')::int AS connections,
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
        pg_is_in_recovery() AS is_standby,
        (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now
    FROM pg_database WHERE datname = current_database()
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server, as it is set up.

    Attributes:
        version: As a number, e.g. 180006.
        encoding: Of this database.
        losing: Settings with which it may lose or damage what it said was written.
        connections: How many ordinary users may have at once, all programs together.
        used: How many there are now.
        is_standby: It only follows another one, and cannot be written.
        now: Its clock.
    """

    version: int
    version_name: str
    encoding: str
    losing: tuple[str, ...]
    connections: int
    used: int
    is_standby: bool
    now: datetime


def look(connection: Connection) -> Server:
    """Ask a PostgreSQL server about itself."""
    row = connection.execute(_QUERY).mappings().one()
    must_be_on = ("fsync", "full_page_writes", "synchronous_commit")
    return Server(
        version=row["version"],
        version_name=row["version_name"],
        encoding=row["encoding"],
        losing=tuple(name for name in must_be_on if row[name] == "off"),
        connections=row["connections"],
        used=row["used"],
        is_standby=row["is_standby"],
        now=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row["now"]),
    )
