"""Compiled mails by hash, and courses as they were last taken over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from bypost.model.compressed import compress, decompress
from bypost.store.engine import Connection
from bypost.store.schema import applied_courses, contents

#: The least by which two instants differ.
_MOMENT = timedelta(microseconds=1)


def save(
    connection: Connection,
    digest: str,
    body: bytes,
    *,
    kind: str,
    collection: str,
    item: str,
    title: str,
    now: datetime,
) -> None:
    """Keep a compiled mail under its hash; one that is there already stays as it is."""
    known = select(contents.c.body == b"").where(contents.c.hash == digest)
    blank = connection.execute(known).scalar()
    if blank:  # it was forgotten, and is wanted again
        again = update(contents).where(contents.c.hash == digest)
        connection.execute(again.values(body=compress(body), created_at=now))
    if blank is not None:
        return
    connection.execute(
        insert(contents).values(
            hash=digest,
            kind=kind,
            collection=collection,
            item=item,
            title=title[:300],
            body=compress(body),
            created_at=now,
        )
    )


def load(connection: Connection, digest: str) -> bytes:
    """Return a compiled mail; raise KeyError if it is not there."""
    body = connection.execute(select(contents.c.body).where(contents.c.hash == digest)).scalar()
    if not body:
        raise KeyError(digest)
    return decompress(body)


def apply_course(
    connection: Connection, course: str, shape: Mapping[str, Any], now: datetime
) -> None:
    """Make ``shape`` the course as people go through it from now on.

    Each time has an instant of its own, so that whoever remembers one sees that there was another.
    """
    last = applied_at(connection).get(course)
    now = max(now, last + _MOMENT) if last else now
    connection.execute(delete(applied_courses).where(applied_courses.c.course == course))
    connection.execute(
        insert(applied_courses).values(course=course, shape=dict(shape), applied_at=now)
    )


def applied(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return the shape of every course that was ever taken over, by course."""
    rows = connection.execute(select(applied_courses.c.course, applied_courses.c.shape))
    return {row.course: row.shape for row in rows}


def applied_at(connection: Connection) -> dict[str, datetime]:
    """Return when each course was last taken over, as far as one is."""
    rows = connection.execute(select(applied_courses.c.course, applied_courses.c.applied_at))
    return {row.course: row.applied_at for row in rows}
