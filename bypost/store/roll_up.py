"""Taking up what became of mails: from the numbers of batches into the daily counts.

A batch keeps its numbers, and of each how much of it was taken up. Where the two differ the batch
stands in a small index, whoever changed a number and for whatever reason; taking it up adds the
difference and makes them equal, in one transaction. So nothing is counted twice and nothing is
lost, wherever a process dies, and the batches of before this version are counted like new ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import ColumnElement, Row, RowMapping, and_, literal_column, or_, select, update

from bypost.model.receiver import OTHER, receiver
from bypost.store import daily
from bypost.store.daily import Count, Kind
from bypost.store.engine import Connection
from bypost.store.schema import batches, deliveries, subscribers

#: Word for word the condition of ``ix_batches_uncounted``, or it is not used.
_UNCOUNTED: ColumnElement[bool] = literal_column(
    "accepted <> counted_accepted OR failed <> counted_failed OR cancelled <> counted_cancelled"
)
#: What is looked at: without the recipe, which is the most of a batch.
_COLUMNS = [column for column in batches.c if column.name not in {"recipe", "frozen"}]
_KINDS = {"accepted": Kind.ACCEPTED, "failed": Kind.FAILED, "cancelled": Kind.CANCELLED}
#: People in the batches of one transaction, and batches: 5 ms of processor time among a million
#: people, the worst of 400 37 ms; 16 and 97 ms by the clock where four processes share a core, the
#: worst with a checkpoint of the log in it (SQLite, measured 2026-11).
_PEOPLE, _BATCHES = 600, 200


def take_up(connection: Connection) -> int:
    """Count what became of the mails of some batches; return how many batches."""
    rows = _some(connection)
    if not rows:
        return 0
    daily.add_all(connection, [*_by_mail(rows), *_by_domain(connection, rows)])
    connection.execute(
        update(batches)
        .where(batches.c.id.in_([row["id"] for row in rows]))
        .values({f"counted_{name}": batches.c[name] for name in _KINDS})
    )
    return len(rows)


def _some(connection: Connection) -> Sequence[RowMapping]:
    """Return batches whose numbers changed, the oldest first, with at most so many people."""
    query = select(*_COLUMNS).where(_UNCOUNTED).order_by(batches.c.id).limit(_BATCHES)
    query = query.with_for_update(skip_locked=True)
    rows = connection.execute(query).mappings().all()
    people = 0
    some: list[RowMapping] = []
    for row in rows:
        people += row["size"]
        if some and people > _PEOPLE:
            break
        some.append(row)
    return some


def _by_mail(rows: Sequence[RowMapping]) -> Iterator[Count]:
    for row in rows:
        for name, kind in _KINDS.items():
            yield Count(
                day=_day(row),
                kind=kind,
                collection=daily.of_mail(row["kind"], row["collection"]),
                item=row["item"],
                number=row[name] - row[f"counted_{name}"],
            )


def _by_domain(connection: Connection, rows: Sequence[RowMapping]) -> Iterator[Count]:
    """Yield what was accepted, by who receives it.

    Who comes later to a batch that was counted before (its answer was lost, then found) is not
    looked for among the others: they count for "other".
    """
    fresh = {row["id"] for row in rows if row["accepted"] and not row["counted_accepted"]}
    known: dict[int, Counter[str]] = {number: Counter() for number in fresh}
    for number, address in _accepted(connection, fresh):
        known[number][receiver(address or "")] += 1
    for row in rows:
        new = row["accepted"] - row["counted_accepted"]
        found = known.get(row["id"], Counter())
        found[OTHER] += new - found.total()
        for domain, number in found.items():
            yield Count(day=_day(row), kind=Kind.DOMAIN_ACCEPTED, label=domain, number=number)


def _accepted(connection: Connection, ids: set[int]) -> Sequence[Row[int, str | None]]:
    if not ids:
        return []
    query = (
        select(deliveries.c.batch_id, subscribers.c.email_key)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(
            deliveries.c.batch_id.in_(ids),
            or_(
                deliveries.c.state == "accepted",
                and_(deliveries.c.state.is_(None), batches.c.state == "settled"),
            ),
        )
    )
    return connection.execute(query).all()


def _day(batch: RowMapping) -> date:
    """Return the day on which a batch counts; it stays the same whatever is heard later."""
    return daily.day_of(batch["accepted_at"] or batch["first_sent_at"] or batch["due_at"])


def any_uncounted(connection: Connection) -> bool:
    """Tell whether some batch has numbers that are not in the daily counts."""
    query = select(batches.c.id).where(_UNCOUNTED).limit(1)
    return connection.execute(query).first() is not None
