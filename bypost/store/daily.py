"""How often something happened, by day: what charts are made of, and what stays when rows go.

Numbers are added in the transaction that writes down what happened, so that neither is there
without the other whatever crashes. What became of mails is the exception: recording an answer
touches one row (:mod:`bypost.store.ledger`), and its numbers are taken up a moment later by
:mod:`bypost.store.roll_up`, which is as exact.

Days are UTC days. Days of long ago are folded into the first of their month.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Literal

from sqlalchemy import RowMapping, func, select
from sqlalchemy.dialects import postgresql, sqlite

from bypost.store.engine import Connection
from bypost.store.schema import daily

#: The collection of confirmations, goodbyes and other notices.
NOTICES = "notice"

Column = Literal["day", "kind", "collection", "item", "label"]


class Kind(StrEnum):
    """What is counted, at most 24 letters; in brackets what ``label`` says."""

    VISIT = "visit"  #: of a sign-up page, as far as it was not a machine (form)
    BOT_VISIT = "bot-visit"  #: of a machine that says so, or HEAD (form)
    SIGNUP = "signup"  #: a request whose confirmation was owed (form)
    CONFIRMED = "confirmed"  #: a request whose button was pressed (form)
    JOINED = "joined"  #: a run or subscription that began, whoever began it
    LEFT = "left"  #: left by themselves; item: the last lesson they had
    RETURNED = "returned"  #: took a leave back
    FINISHED = "finished"  #: came to the end of a course
    DONE = "done"  #: marked a lesson as done
    ACCEPTED = "accepted"  #: taken over by a provider, on the day of that
    FAILED = "failed"  #: refused by it
    CANCELLED = "cancelled"  #: not sent: the person had left, was suppressed, or skipped it
    DELIVERED = "delivered"  #: taken over by the receiving server; each mail once, as below
    SOFT_BOUNCED = "soft-bounced"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    CLICK = "click"  #: where the course asked for it (link)
    BOT_CLICK = "bot-click"  #: a click that looks like a machine's (link)
    #: The same by receiving domain (label), all collections together.
    DOMAIN_ACCEPTED = "domain-accepted"
    DOMAIN_DELIVERED = "domain-delivered"
    DOMAIN_SOFT_BOUNCED = "domain-soft-bounced"
    DOMAIN_BOUNCED = "domain-bounced"
    DOMAIN_COMPLAINED = "domain-complained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """So many of something on one day; the fields are the table's columns."""

    day: date
    kind: Kind
    collection: str = ""
    item: str = ""
    label: str = ""
    number: int = 1


def course(name: str) -> str:
    """Return a course as ``collection`` names it, e.g. ``course:clarity``."""
    return f"course:{name}"


def newsletter(name: str) -> str:
    """Return a newsletter as ``collection`` names it."""
    return f"newsletter:{name}"


def of_mail(kind: str, collection: str) -> str:
    """Return where a mail counts: ``kind`` and ``collection`` are those of its batch."""
    match kind:
        case "lesson":
            return course(collection)
        case "issue":
            return newsletter(collection)
        case _:
            return NOTICES


def day_of(at: datetime) -> date:
    """Return the day on which something at this instant counts."""
    return at.astimezone(UTC).date()


def add(
    connection: Connection,
    at: datetime,
    kind: Kind,
    collection: str = "",
    *,
    item: str = "",
    label: str = "",
    number: int = 1,
) -> None:
    """Count something that is being written down in this transaction."""
    one = Count(
        day=day_of(at), kind=kind, collection=collection, item=item, label=label, number=number
    )
    add_all(connection, [one])


def add_all(connection: Connection, counts: Iterable[Count]) -> None:
    """Add numbers to what was counted before; numbers below zero take back."""
    total: dict[tuple[Any, ...], int] = {}
    for one in counts:
        key = (one.day, one.kind.value, one.collection, one.item, one.label[:80])
        total[key] = total.get(key, 0) + one.number
    names = ("day", "kind", "collection", "item", "label")
    # In order of the key: two who add at once never wait for each other in a circle.
    rows = [dict(zip(names, key, strict=True), number=n) for key, n in sorted(total.items()) if n]
    if rows:
        connection.execute(_adding(connection.dialect.name), rows)


@cache
def _adding(dialect: str) -> Any:
    """Return the statement of :func:`add_all`; to build it takes longer than to run it."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    new = make(daily)
    return new.on_conflict_do_update(
        index_elements=list(daily.primary_key),
        set_={"number": daily.c.number + new.excluded.number},
    )


def sums(
    connection: Connection,
    *,
    kinds: Collection[Kind],
    by: Sequence[Column] = ("day",),
    collection: str | None = None,
    item: str | None = None,
    label: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Sequence[RowMapping]:
    """Return sums: the columns of ``by`` and ``number``, in their order.

    Args:
        kinds: What to count; together, unless ``kind`` is among ``by``.
        collection: Only of this one; None: of all.
        item: Only of this one; None: of all.
        label: Only of this one; None: of all.
        since: First day; None: from the beginning.
        until: Last day, included; None: to the end.
    """
    columns = [daily.c[name] for name in by]
    query = (
        select(*columns, func.sum(daily.c.number).label("number"))
        .where(daily.c.kind.in_([kind.value for kind in kinds]))
        .group_by(*columns)
        .order_by(*columns)
    )
    for name, value in (("collection", collection), ("item", item), ("label", label)):
        if value is not None:
            query = query.where(daily.c[name] == value)
    if since is not None:
        query = query.where(daily.c.day >= since)
    if until is not None:
        query = query.where(daily.c.day <= until)
    return connection.execute(query).mappings().all()


def total(connection: Connection, kind: Kind, **only: Any) -> int:
    """Return one sum; ``only`` as for :func:`sums`."""
    return sum(int(row["number"] or 0) for row in sums(connection, kinds=[kind], by=(), **only))
