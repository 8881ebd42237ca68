"""Which texts of a lesson were sent: to how many, and when."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, func, literal_column, select

from bypost.store.engine import Connection
from bypost.store.schema import batches, contents


def of_lesson(connection: Connection, course: str, lesson: str) -> Sequence[RowMapping]:
    """Return every text of a lesson, the newest first.

    Rows hold ``hash``, ``title``, ``created_at``, ``accepted`` mails, and the ``first`` and the
    ``last`` time one was accepted (null: none was).
    """
    known = (
        select(contents.c.hash, contents.c.title, contents.c.created_at)
        .where(
            contents.c.kind == "lesson",
            contents.c.collection == course,
            contents.c.item == lesson,
        )
        .subquery()
    )
    # Word for word the condition of `ix_batches_lesson`, which holds all that is asked for.
    sent = (
        select(
            batches.c.content_hash,
            func.sum(batches.c.accepted).label("accepted"),
            func.min(batches.c.accepted_at).label("first"),
            func.max(batches.c.accepted_at).label("last"),
        )
        .where(
            batches.c.kind == literal_column("'lesson'"),
            batches.c.content_hash.in_(select(known.c.hash)),
        )
        .group_by(batches.c.content_hash)
        .subquery()
    )
    query = (
        select(
            known.c.hash,
            known.c.title,
            known.c.created_at,
            func.coalesce(sent.c.accepted, 0).label("accepted"),
            sent.c.first,
            sent.c.last,
        )
        .select_from(known.outerjoin(sent, sent.c.content_hash == known.c.hash))
        .order_by(known.c.created_at.desc(), known.c.hash)
    )
    return connection.execute(query).mappings().all()
