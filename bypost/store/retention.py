"""Removing what was kept long enough: what providers told, attempts, clicks, networks, old days.

Each function does one transaction's worth in the order of a key and says where to go on. The newest
row of a table always stays: SQLite would give its number out again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    and_,
    bindparam,
    delete,
    extract,
    func,
    null,
    or_,
    select,
    update,
)

from bypost.store import daily as counts
from bypost.store.daily import Count, Kind
from bypost.store.engine import Connection
from bypost.store.prune import NEWEST_ATTEMPTS, Walked
from bypost.store.schema import (
    applied_courses,
    attempts,
    audit,
    batches,
    clicks,
    consents,
    contents,
    daily,
    deliveries,
    events,
    import_changes,
    imports,
    signups,
)

#: Rows looked at in one transaction: 4 ms of processor time, the worst of 800 33 ms (measured like
#: those of :mod:`bypost.store.prune`).
_ROWS = 500
#: Counts folded in one: each is written twice.
_DAYS = 200
_OPEN = ("pending", "sending", "unknown")


def told(connection: Connection, *, before: datetime, after: int) -> Walked:
    """Remove events heard ``before``, but for those about a mail of which nothing is known yet."""
    query = (
        select(events.c.id, events.c.received_at, batches.c.state)
        .outerjoin(deliveries, deliveries.c.id == events.c.delivery_id)
        .outerjoin(batches, batches.c.id == deliveries.c.batch_id)
        .where(events.c.id > after)
        .order_by(events.c.id)
        .limit(_ROWS)
    )
    rows = connection.execute(query).all()
    old = [row for row in rows if row.received_at < before]
    if not old:
        return Walked(0, None)
    gone = [row.id for row in old if row.state not in _OPEN]
    done = connection.execute(
        delete(events).where(events.c.id.in_(gone), events.c.id < _newest(events))
    )
    return Walked(done.rowcount, old[-1].id if len(old) == len(rows) else None)


def raw_texts(connection: Connection, *, before: datetime, after: int) -> Walked:
    """Blank the text of events heard ``before``; what it meant has its own columns."""
    return _blank(
        connection,
        events,
        events.c.received_at,
        {"raw": null()},
        events.c.raw.is_not(None),
        before=before,
        after=after,
    )


def tries(connection: Connection, *, before: datetime, after: int) -> Walked:
    """Remove attempts begun ``before``, but for the newest ones and those of open batches."""
    query = (
        select(attempts.c.id, attempts.c.started_at, batches.c.state)
        .join(batches, batches.c.id == attempts.c.batch_id)
        .where(attempts.c.id > after, attempts.c.id <= _newest(attempts) - NEWEST_ATTEMPTS)
        .order_by(attempts.c.id)
        .limit(_ROWS)
    )
    rows = connection.execute(query).all()
    old = [row for row in rows if row.started_at < before]
    if not old:
        return Walked(0, None)
    gone = [row.id for row in old if row.state not in _OPEN]
    connection.execute(delete(attempts).where(attempts.c.id.in_(gone)))
    return Walked(len(gone), old[-1].id if len(old) == len(rows) else None)


def clicked(connection: Connection, *, before: datetime) -> int:
    """Remove clicks of ``before`` that are in the daily counts; return how many."""
    some = (
        select(clicks.c.id)
        .where(clicks.c.at < before, clicks.c.counted.is_(True), clicks.c.id < _newest(clicks))
        .order_by(clicks.c.at)
        .limit(_ROWS)
    )
    return _delete(connection, clicks.c.id, some)


def networks_of_consents(connection: Connection, *, before: datetime, after: int) -> Walked:
    """Blank the networks from which somebody agreed ``before``; they were short from the start."""
    told_any = or_(consents.c.network != "", consents.c.confirmed_network != "")
    values = {"network": "", "confirmed_network": ""}
    return _blank(
        connection, consents, consents.c.requested_at, values, told_any, before=before, after=after
    )


def networks_of_signups(connection: Connection, *, before: datetime, after: int) -> Walked:
    """Blank the networks of requests made ``before``."""
    told_any = or_(signups.c.network != "", signups.c.confirmed_network != "")
    values = {"network": "", "confirmed_network": ""}
    return _blank(
        connection, signups, signups.c.requested_at, values, told_any, before=before, after=after
    )


def logged(connection: Connection, *, before: datetime) -> int:
    """Remove entries of the log of ``before``; return how many."""
    some = select(audit.c.id).where(audit.c.at < before, audit.c.id < _newest(audit)).limit(_ROWS)
    return _delete(connection, audit.c.id, some)


def import_reports(connection: Connection, *, before: datetime) -> int:
    """Remove what imports of ``before`` changed, then the imports, but for each file's newest."""
    old = select(imports.c.id).where(imports.c.at < before)
    changes = select(import_changes.c.id).where(import_changes.c.import_id.in_(old)).limit(_ROWS)
    removed = _delete(connection, import_changes.c.id, changes)
    if removed:
        return removed
    newest = select(func.max(imports.c.id)).group_by(imports.c.path)
    over = imports.c.state.not_in(("uploaded", "reviewed", "running"))
    some = old.where(imports.c.id.not_in(newest), over).limit(_ROWS)
    return _delete(connection, imports.c.id, some)


def unused_texts(connection: Connection, *, before: datetime, keep: Collection[str]) -> list[str]:
    """Return compiled mails first seen ``before`` that nothing names any more, at most 500.

    Reads every batch where there are some (0.2 s for a million): not for a write transaction.

    Args:
        keep: Hashes of what the files say now, and so may be owed in a moment.
    """
    old = select(contents.c.hash).where(contents.c.created_at < before, contents.c.body != b"")
    found = set(connection.execute(old).scalars()) - set(keep)
    if found:
        # The newest of each lesson: what a course that lost its files would go on with.
        found -= set(connection.execute(_newest_texts()).scalars())
        found -= _hashes(connection.execute(select(applied_courses.c.shape)).scalars().all())
    if found:
        found -= set(connection.execute(select(batches.c.content_hash).distinct()).scalars())
    return sorted(found)[:_ROWS]


def blank_texts(connection: Connection, hashes: Sequence[str]) -> int:
    """Forget the text of compiled mails; one that is wanted again is written anew.

    The row stays: to remove it the database would look through all batches.
    """
    done = connection.execute(update(contents).where(contents.c.hash.in_(hashes)).values(body=b""))
    return done.rowcount


def days(connection: Connection, *, before: date) -> int:
    """Fold days of full months before ``before`` into the first of their month."""
    first = before.replace(day=1)
    query = (
        select(daily)
        .where(daily.c.day < first, extract("day", daily.c.day) != 1)
        .order_by(daily.c.day)
        .limit(_DAYS)
    )
    rows = connection.execute(query).mappings().all()
    if not rows:
        return 0
    counts.add_all(
        connection,
        (
            Count(**{**row, "kind": Kind(row["kind"]), "day": row["day"].replace(day=1)})
            for row in rows
        ),
    )
    key = list(daily.primary_key)
    connection.execute(
        delete(daily).where(*(column == bindparam(f"_{column.name}") for column in key)),
        [{f"_{column.name}": row[column.name] for column in key} for row in rows],
    )
    return len(rows)


def _blank(
    connection: Connection,
    table: Table,
    moment: Column[Any],
    values: dict[str, Any],
    telling: ColumnElement[bool],
    *,
    before: datetime,
    after: int,
) -> Walked:
    query = select(table.c.id, moment.label("moment")).where(table.c.id > after)
    rows = connection.execute(query.order_by(table.c.id).limit(_ROWS)).all()
    old = [row.id for row in rows if row.moment < before]
    if not old:
        return Walked(0, None)
    done = connection.execute(
        update(table).where(and_(table.c.id.in_(old), telling)).values(**values)
    )
    return Walked(done.rowcount, old[-1] if len(old) == len(rows) else None)


def _delete(connection: Connection, key: Column[Any], some: Any) -> int:
    ids = list(connection.execute(some).scalars())
    if ids:
        connection.execute(delete(key.table).where(key.in_(ids)))
    return len(ids)


def _newest(table: Table) -> Any:
    return select(func.max(table.c.id)).scalar_subquery()


def _newest_texts() -> Any:
    same = (contents.c.kind, contents.c.collection, contents.c.item)
    latest = select(*same, func.max(contents.c.created_at).label("at")).group_by(*same).subquery()
    return select(contents.c.hash).join(
        latest,
        and_(
            *(column == latest.c[column.name] for column in same),
            contents.c.created_at == latest.c.at,
        ),
    )


def _hashes(value: object) -> set[str]:
    """Return everything in a JSON value that may be the hash of a compiled mail."""
    if isinstance(value, str):
        return {value} if len(value) == 64 else set()
    if isinstance(value, dict):
        return set().union(*(_hashes(one) for one in value.values()), set())
    if isinstance(value, list | tuple):
        return set().union(*(_hashes(one) for one in value), set())
    return set()
