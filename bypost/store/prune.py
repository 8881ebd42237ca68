"""Folding mails of long ago: rows go, their numbers stay.

Which rows may go is a question of promises, not of age alone:

* **A lesson's delivery stays** as long as its person does. Progress is the set of delivered lesson
  ids; who comes back, begins anew or asks why is answered from it. These rows grow with people.
* **An issue's deliveries** keep it from going out twice. They go all together, when the issue is
  done, nothing of it is open and all of it is old; from then on ``issues.folded_at`` keeps it from
  being owed to anybody, whatever its file says.
* **A notice's delivery** answers one request, which is over long before.
* **An erased person's deliveries** tell of nobody.

A batch goes with its last delivery. The newest batch stays, or SQLite would give its number out
again, which is part of idempotency keys; and so do those of the newest attempts, by which a
restored backup is known (:mod:`bypost.delivery.instance`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, and_, delete, exists, func, or_, select, update

from bypost.store import sums
from bypost.store.engine import Connection
from bypost.store.schema import (
    attempts,
    batches,
    deliveries,
    enrollments,
    events,
    issues,
    lesson_marks,
    subscribers,
)

#: Attempts that always stay, the newest.
NEWEST_ATTEMPTS = 100
#: Batches looked at and deliveries removed in one transaction: 10 ms of processor time among a
#: million people, the worst of 800 36 ms; 26 and 310 ms by the clock where four processes share a
#: core, the worst with a checkpoint of the log in it (SQLite, measured 2026-11).
_BATCHES, _DELIVERIES = 300, 400
_OVER = ("settled", "dissolved")


@dataclass(frozen=True, slots=True)
class Walked:
    """What one transaction of a walk did.

    Attributes:
        removed: Rows that went, and rows that were shortened.
        at: Where to go on; None: it has come to its end.
    """

    removed: int
    at: int | None


def mails(connection: Connection, *, before: datetime, after: int, now: datetime) -> Walked:
    """Fold batches of which everything was over ``before``, in the order of their numbers."""
    query = select(batches).where(batches.c.id > after).order_by(batches.c.id).limit(_BATCHES)
    rows = connection.execute(query).mappings().all()
    if not rows or not any(_last(row) < before for row in rows):
        return Walked(0, None)
    kept = _kept(connection)
    issue_ok: dict[str, bool] = {}
    gone: list[RowMapping] = []
    people = 0
    at = after
    for row in rows:
        if people + row["size"] > _DELIVERIES and gone:
            break
        at = row["id"]
        if _may_go(row, before) and row["id"] not in kept:
            if row["kind"] == "issue" and row["item"] not in issue_ok:
                issue_ok[row["item"]] = _is_over(connection, row["item"], before, now)
            if row["kind"] == "notice" or issue_ok.get(row["item"], False):
                gone.append(row)
                people += row["size"]
    chosen = {row["id"] for row in gone} | set(kept)
    rest = [row for row in rows if row["id"] <= at and row["id"] not in chosen]
    gone += _without_deliveries(connection, [row for row in rest if _may_go(row, before)])
    return Walked(_remove(connection, gone), at)


def erased(connection: Connection, *, before: datetime, after: int) -> Walked:
    """Remove what people were sent who were erased ``before``, in the order of their numbers."""
    query = (
        select(subscribers.c.id, subscribers.c.erased_at)
        .where(subscribers.c.erased_at.is_not(None), subscribers.c.id > after)
        .order_by(subscribers.c.id)
        .limit(_BATCHES)
    )
    people = connection.execute(query).all()
    if not people:
        return Walked(0, None)
    ids = [row.id for row in people if row.erased_at < before]
    over = select(deliveries.c.id).join(batches, batches.c.id == deliveries.c.batch_id)
    over = over.where(
        deliveries.c.subscriber_id.in_(ids), batches.c.state.in_(_OVER), ~_uncounted()
    )
    found = list(connection.execute(over.limit(_DELIVERIES)).scalars())
    if found:  # there may be more of the same people
        return Walked(_remove_deliveries(connection, found), after)
    runs = select(enrollments.c.id).where(enrollments.c.subscriber_id.in_(ids))
    connection.execute(delete(lesson_marks).where(lesson_marks.c.enrollment_id.in_(runs)))
    return Walked(0, people[-1].id)


def _last(batch: RowMapping) -> datetime:
    """Return when a batch was last of any use, as far as its row tells."""
    known: tuple[datetime | None, ...] = (
        *(batch["due_at"], batch["first_sent_at"], batch["accepted_at"]),
    )
    return max(at for at in known if at is not None)


def _may_go(batch: RowMapping, before: datetime) -> bool:
    """Tell whether a batch is settled, old, and all of it in the daily counts."""
    return (
        batch["state"] in _OVER
        and _last(batch) < before
        and all(batch[n] == batch[f"counted_{n}"] for n in ("accepted", "failed", "cancelled"))
    )


def _uncounted() -> ColumnElement[bool]:
    return or_(*(batches.c[n] != batches.c[f"counted_{n}"] for n in ("accepted", "failed")))


def _kept(connection: Connection) -> Collection[int]:
    """Return the batches that stay whatever their age."""
    newest = select(attempts.c.batch_id).order_by(attempts.c.id.desc()).limit(NEWEST_ATTEMPTS)
    last = connection.execute(select(func.max(batches.c.id))).scalar()
    return {*connection.execute(newest).scalars(), last}


def _is_over(connection: Connection, item: str, before: datetime, now: datetime) -> bool:
    """Tell whether an issue can be folded, and write down that it is."""
    newsletter, _, issue = item.partition("/")
    this = and_(issues.c.newsletter == newsletter, issues.c.issue == issue)
    row = connection.execute(select(issues).where(this)).mappings().first()
    if row is None or row["state"] == "planned":
        return False
    if row["folded_at"] is not None:
        return True
    mine = and_(batches.c.kind == "issue", batches.c.item == item)
    last = func.coalesce(batches.c.accepted_at, batches.c.first_sent_at, batches.c.due_at)
    young = select(batches.c.id).where(
        mine, or_(batches.c.state.not_in(_OVER), last >= before, batches.c.due_at >= before)
    )
    if connection.execute(young.limit(1)).first() is not None:
        return False
    connection.execute(update(issues).where(this).values(folded_at=now))
    return True


def _without_deliveries(connection: Connection, rows: Sequence[RowMapping]) -> list[RowMapping]:
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    query = select(batches.c.id).where(
        batches.c.id.in_(ids), ~exists().where(deliveries.c.batch_id == batches.c.id)
    )
    found = set(connection.execute(query).scalars())
    return [row for row in rows if row["id"] in found]


def _remove(connection: Connection, rows: Sequence[RowMapping]) -> int:
    """Remove batches with all that hangs on them; their numbers go to the ledger's sums."""
    if not rows:
        return 0
    ids = [row["id"] for row in rows]
    numbers: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        own = numbers[row["provider"]]
        own["owed"] += row["size"]
        for name in ("accepted", "failed", "cancelled"):
            own[name] += row[name]
    for provider, own in numbers.items():
        sums.fold(connection, provider, own)
    theirs = select(deliveries.c.id).where(deliveries.c.batch_id.in_(ids))
    removed = _remove_deliveries(connection, list(connection.execute(theirs).scalars()))
    connection.execute(delete(attempts).where(attempts.c.batch_id.in_(ids)))
    connection.execute(delete(batches).where(batches.c.id.in_(ids)))
    return removed + len(ids)


def _remove_deliveries(connection: Connection, ids: Sequence[int]) -> int:
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        connection.execute(delete(events).where(events.c.delivery_id.in_(part)))
        connection.execute(delete(deliveries).where(deliveries.c.id.in_(part)))
    return len(ids)
