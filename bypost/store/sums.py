"""The ledger added up by blocks of batches, so that years of it are counted at once.

A block holds :data:`BLOCK` numbers. Its sums are written once none of its batches is open any more,
and a trigger of the database removes them when one of those is changed, added or removed all the
same (a bounce proves that a failed mail arrived, say): whoever writes to ``batches`` need not know.
What no block holds, the newest batches above all, is added up from the batches themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import ColumnElement, RowMapping, case, delete, func, insert, select

from bypost.store.engine import Connection
from bypost.store.ledger import IS_OPEN
from bypost.store.once import add_once
from bypost.store.schema import batch_sums, batches

#: Batches of one block; the triggers know it too (migration 0006).
BLOCK = 4096
#: In place of a block's number: batches that are there no more.
FOLDED = -1
#: Blocks that are left out at the end: others are still writing there.
_NEWEST = 2
_NAMES = ("owed", "accepted", "failed", "cancelled", "unknown")

_UNKNOWN = case((batches.c.state == "unknown", batches.c.members), else_=0)
_SUMS = (
    func.coalesce(func.sum(batches.c.size), 0).label("owed"),
    func.coalesce(func.sum(batches.c.accepted), 0).label("accepted"),
    func.coalesce(func.sum(batches.c.failed), 0).label("failed"),
    func.coalesce(func.sum(batches.c.cancelled), 0).label("cancelled"),
    func.coalesce(func.sum(_UNKNOWN), 0).label("unknown"),
)


def by_provider(connection: Connection) -> dict[str, dict[str, int]]:
    """Return the sums over the whole ledger: provider -> owed, accepted, failed and so on."""
    found: dict[str, dict[str, int]] = {}
    query = select(batch_sums.c.provider, *(func.sum(batch_sums.c[name]) for name in _NAMES))
    for provider, *numbers in connection.execute(query.group_by(batch_sums.c.provider)):
        _add(found, provider, numbers)
    for first, last in _gaps(connection):
        inside = select(batches.c.provider, *_SUMS).where(*_within(first, last))
        for provider, *numbers in connection.execute(inside.group_by(batches.c.provider)):
            _add(found, provider, numbers)
    return found


def total(connection: Connection) -> dict[str, int]:
    """Return the sums over the whole ledger and all providers."""
    rows = by_provider(connection).values()
    return {name: sum(row[name] for row in rows) for name in _NAMES}


def fold(connection: Connection, provider: str, numbers: Mapping[str, int]) -> None:
    """Keep the numbers of batches that are about to be removed, in the same transaction.

    Args:
        numbers: owed, accepted, failed and cancelled; what is left out is 0.
    """
    row = select(batch_sums).where(batch_sums.c.block == FOLDED, batch_sums.c.provider == provider)
    known = connection.execute(row).mappings().first()
    before = {name: known[name] if known else 0 for name in _NAMES}
    if known:
        connection.execute(
            delete(batch_sums).where(
                batch_sums.c.block == FOLDED, batch_sums.c.provider == provider
            )
        )
    after = {name: before[name] + numbers.get(name, 0) for name in _NAMES}
    connection.execute(insert(batch_sums).values(block=FOLDED, provider=provider, **after))


def next_block(connection: Connection, after: int) -> int | None:
    """Return the next block behind ``after`` that can be added up; None if there is none."""
    newest = (connection.execute(select(func.max(batches.c.id))).scalar() or 0) // BLOCK
    for first, last in _gaps(connection):
        for block in range(max(first, after + 1), min(last, newest - _NEWEST) + 1):
            if not _is_open(connection, block) and _has_any(connection, block):
                return block
    return None


def add_up(connection: Connection, block: int) -> None:
    """Write the sums of a block, unless one of its batches is open; takes about 2 ms."""
    # Where the database locks rows, nobody changes one of them until these sums are committed.
    locked = select(batches.c.id).where(*_within(block, block)).with_for_update()
    connection.execute(locked).all()
    if _is_open(connection, block):
        return
    inside = select(batches.c.provider, *_SUMS).where(*_within(block, block))
    rows = connection.execute(inside.group_by(batches.c.provider)).mappings().all()
    for row in rows:
        add_once(connection, batch_sums, {"block": block, **_plain(row)})


def _plain(row: RowMapping) -> dict[str, object]:
    return dict(row)


def _add(found: dict[str, dict[str, int]], provider: str, numbers: list[int]) -> None:
    known = found.setdefault(provider, dict.fromkeys(_NAMES, 0))
    for name, number in zip(_NAMES, numbers, strict=True):
        known[name] += int(number)


def _gaps(connection: Connection) -> Iterator[tuple[int, int]]:
    """Yield the runs of blocks that have batches, perhaps, and no sums: the first and the last."""
    # One question each: only so are both answered from the ends of the key.
    lowest = connection.execute(select(func.min(batches.c.id))).scalar()
    highest = connection.execute(select(func.max(batches.c.id))).scalar()
    if lowest is None or highest is None:
        return
    query = select(batch_sums.c.block).where(batch_sums.c.block >= lowest // BLOCK).distinct()
    first, last = lowest // BLOCK, highest // BLOCK
    for block in connection.execute(query.order_by(batch_sums.c.block)).scalars():
        if block > first:
            yield first, block - 1
        first = block + 1
    if first <= last:
        yield first, last


def _within(first: int, last: int) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a batch is in one of these blocks."""
    return batches.c.id >= first * BLOCK, batches.c.id < (last + 1) * BLOCK


def _is_open(connection: Connection, block: int) -> bool:
    """Tell whether a batch of a block may still leave; the few open ones have an index."""
    query = select(batches.c.id).where(IS_OPEN, *_within(block, block)).limit(1)
    return connection.execute(query).first() is not None


def _has_any(connection: Connection, block: int) -> bool:
    query = select(batches.c.id).where(*_within(block, block)).limit(1)
    return connection.execute(query).first() is not None
