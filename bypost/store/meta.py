"""Facts about this database: its tag, and the instance it belongs to."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime

import orjson
from sqlalchemy import delete, func, insert, select, update

from bypost.store.engine import Connection
from bypost.store.schema import attempts, meta

#: Its name among the facts: where the database was moved to.
MOVED = "moved"

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which database this is, and how far it has come.

    Attributes:
        instance: The instance that may send from it; None until it was given one.
        tag: Begins every reference; copies share it.
        attempts: Number of the newest attempt, 0 before the first. Attempts are only ever added,
            so a lower number than one seen before is an older state of the database.
        moved: Where everything is by now; None where it is here.
    """

    instance: str | None
    tag: str
    attempts: int
    moved: Mark | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """That a database was moved.

    Attributes:
        to: The new one, in words without a password.
    """

    to: str
    at: datetime


_IDENTITY = select(
    select(meta.c.value).where(meta.c.key == "instance").scalar_subquery(),
    select(meta.c.value).where(meta.c.key == "tag").scalar_subquery(),
    select(func.max(attempts.c.id)).scalar_subquery(),
    select(meta.c.value).where(meta.c.key == MOVED).scalar_subquery(),
)


def get(connection: Connection, key: str) -> str | None:
    """Return a fact."""
    return connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()


def put(connection: Connection, key: str, value: str) -> None:
    """Write a fact."""
    if get(connection, key) is None:
        connection.execute(insert(meta).values(key=key, value=value))
    else:
        connection.execute(update(meta).where(meta.c.key == key).values(value=value))


def remove(connection: Connection, key: str) -> None:
    """Forget a fact."""
    connection.execute(delete(meta).where(meta.c.key == key))


def keys(connection: Connection, beginning: str) -> list[str]:
    """Return the names of facts that begin like this."""
    query = select(meta.c.key).where(meta.c.key.startswith(beginning, autoescape=True))
    return list(connection.execute(query.order_by(meta.c.key)).scalars())


def tag(connection: Connection) -> str | None:
    """Return this database's tag: it begins every reference, so that two never share one."""
    return get(connection, "tag")


def make_tag(connection: Connection) -> str:
    """Make the tag on first use; eight letters and digits that cannot be misread."""
    made = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    put(connection, "tag", made)
    return made


def identity(connection: Connection) -> Identity:
    """Return which database this is, with one question."""
    instance, own_tag, newest, mark = connection.execute(_IDENTITY).one()
    return Identity(instance, own_tag or "", newest or 0, _mark(mark))


def moved(connection: Connection) -> Mark | None:
    """Return where the database was moved to; None if it was not."""
    return _mark(get(connection, MOVED))


def mark_moved(connection: Connection, mark: Mark) -> None:
    """Write down where the database is moved to: nothing is sent from here any more."""
    put(connection, MOVED, orjson.dumps(asdict(mark)).decode())


def _mark(plain: str | None) -> Mark | None:
    if plain is None:
        return None
    fields = orjson.loads(plain)
    return Mark(to=fields["to"], at=datetime.fromisoformat(fields["at"]))


def join_instance(connection: Connection, instance: str) -> None:
    """Give the database its instance, unless it has one."""
    if get(connection, "instance") is None:
        put(connection, "instance", instance)
