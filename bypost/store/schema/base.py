"""What all tables share: names of constraints, and a column type for instants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, Integer, MetaData, String, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator

#: Constraints have names that migrations can find, on both databases.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: Primary keys: 8 bytes everywhere; on SQLite the row id itself, which needs plain INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")


class Words(String):
    """Text that is meant to have so many characters at most; see :class:`Prose`."""


class Prose(Text):
    """Text of any length.

    On PostgreSQL both are the same, and kept as on SQLite, which takes longer text as well: a
    provider's long words must not stop the record of what it did. There too texts are compared by
    code points: in the order of some language no index would know who begins with ``an``.
    """


@compiles(Words, "postgresql")
@compiles(Prose, "postgresql")
def _text_by_code_points(element: String, compiler: Any, **options: Any) -> str:
    return 'TEXT COLLATE "C"'


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept as microseconds since 1970 in 8 bytes.

    Integers compare alike on every database; a 4-byte real, as PostgreSQL's ``REAL``, would
    be minutes off. Naive values are refused on the way in; UTC comes out.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return microseconds since 1970; raise ValueError for a naive value."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the aware instant in UTC."""
        return instant(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return :func:`instant` itself: a row has many instants, and drivers give integers."""
        return instant


@lru_cache(maxsize=4096)
def instant(number: int | None) -> datetime | None:
    """Return the aware instant in UTC, given its microseconds since 1970.

    Thousands who stand alike share theirs, and whoever is asked next finds it made.
    """
    return None if number is None else _EPOCH + timedelta(microseconds=number)


def microseconds(at: datetime) -> int:
    """Return an instant as :class:`Instant` keeps it; raise ValueError for a naive one."""
    if at.tzinfo is None:
        raise ValueError(f"naive instant {at!r}: add a time zone")
    return (at - _EPOCH) // _MICROSECOND


def id_column(comment: str) -> Column[int]:
    """Return the usual primary key, counted up."""
    return Column("id", BigId, primary_key=True, autoincrement=True, comment=comment)
