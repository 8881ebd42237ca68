"""Which CSV files were taken up, by whom and with what result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update

from bypost.store.engine import Connection
from bypost.store.schema import import_changes, imports

#: States of an import that has read its file to the end.
ENDED = ("done", "undone")


def latest(connection: Connection, path: str) -> RowMapping | None:
    """Return the last import that read the file of this name to its end."""
    query = (
        select(imports)
        .where(imports.c.path == path, imports.c.state.in_(ENDED))
        .order_by(imports.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).mappings().first()


def by_id(connection: Connection, import_id: int) -> RowMapping | None:
    """Return one import."""
    query = select(imports).where(imports.c.id == import_id)
    return connection.execute(query).mappings().first()


def page(
    connection: Connection, *, before: int | None = None, limit: int = 25
) -> Sequence[RowMapping]:
    """Return imports, the newest first; those with a lower number than ``before`` alone."""
    query = select(imports).order_by(imports.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(imports.c.id < before)
    return connection.execute(query).mappings().all()


def add(connection: Connection, *, path: str, at: datetime, **values: Any) -> int:
    """Note an import that begins, or a file that is to be looked at first; return its number.

    Args:
        values: Further columns.
    """
    row = {"path": path, "digest": "", "signature": "", "at": at, "summary": {}, **values}
    new = insert(imports).values(**row).returning(imports.c.id)
    number: int = connection.execute(new).scalar_one()
    return number


def change(connection: Connection, import_id: int, **values: Any) -> None:
    """Change columns of one import."""
    connection.execute(update(imports).where(imports.c.id == import_id).values(**values))


def move(connection: Connection, import_id: int, come_from: Sequence[str], **values: Any) -> bool:
    """Change an import that is in one of these states; return False where it is in another."""
    done = connection.execute(
        update(imports)
        .where(imports.c.id == import_id, imports.c.state.in_(come_from))
        .values(**values)
    )
    return done.rowcount == 1


def record(
    connection: Connection,
    *,
    path: str,
    digest: str,
    signature: str,
    at: datetime,
    summary: Mapping[str, int],
) -> None:
    """Remember that the file was taken up."""
    add(
        connection,
        path=path,
        digest=digest,
        signature=signature,
        at=at,
        summary=dict(summary),
        state="done",
    )


def touch(connection: Connection, import_id: int, signature: str) -> None:
    """Remember a new modification time of an unchanged file."""
    change(connection, import_id, signature=signature)


def never_applied(connection: Connection, until: datetime, limit: int = 100) -> list[int]:
    """Return the numbers of files that were put here by then, and never taken up."""
    query = select(imports.c.id).where(
        imports.c.state.in_(("uploaded", "reviewed")), imports.c.at <= until
    )
    return list(connection.execute(query.order_by(imports.c.id).limit(limit)).scalars())


def forget(connection: Connection, import_id: int) -> None:
    """Remove an import that changed nothing."""
    connection.execute(delete(import_changes).where(import_changes.c.import_id == import_id))
    connection.execute(delete(imports).where(imports.c.id == import_id))
