"""Counting clicks, those of machines apart: scanners follow all links of a mail within seconds.

A click is looked at once it is a minute old, when what came before and after it is known. It looks
like a machine's where

* it was asked for with HEAD, or by a program that says what it is;
* it came within ten seconds of the mail's acceptance: nobody reads so fast;
* another link of the same person was followed within two seconds;
* the person's trap, a link that is not seen, was followed within a minute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bypost.delivery.context import Context
from bypost.store import Connection, Row, daily
from bypost.store import clicks as store
from bypost.store.daily import Count, Kind

#: Signs of a machine that are seen at once; at most 16 letters.
HEAD, AGENT, TRAP = "head", "agent", "trap"
#: How old a click is when it is counted: nothing that comes later tells anything of it.
SETTLED = timedelta(seconds=60)
_FAST = timedelta(seconds=10)
_AT_ONCE = timedelta(seconds=2)
_SOME = 300
#: Transactions of one pass.
_MOST = 100

_Who = tuple[int | None, int | None]


def count_clicks(context: Context) -> int:
    """Count clicks that are a minute old; return how many."""
    total = 0
    until = context.clock.now() - SETTLED
    with context.store.read() as connection:
        if not store.uncounted(connection, until=until, limit=1):
            return 0
    for _ in range(_MOST):
        with context.store.write() as connection:
            some = _count_some(connection, until)
        total += some
        if some < _SOME:
            break
    return total


def _count_some(connection: Connection, until: datetime) -> int:
    rows = store.uncounted(connection, until=until, limit=_SOME)
    if not rows:
        return 0
    near = _by_person(store.around(connection, rows, SETTLED))
    sent = store.accepted_at(connection, rows)
    counts = []
    for row in rows:
        if row["sign"] == TRAP:
            continue  # no link of the mail: it only tells of the others
        key = (row["enrollment_id"], row["subscription_id"], row["item"])
        machine = _is_machine(row, near[_who(row)], sent.get(key))
        link = store.address_of(connection, row["link"])
        counts.append(
            Count(
                day=daily.day_of(row["at"]),
                kind=Kind.BOT_CLICK if machine else Kind.CLICK,
                collection=link["collection"] if link else "",
                item=row["item"],
                label=row["link"],
            )
        )
    daily.add_all(connection, counts)
    store.mark_counted(connection, [row["id"] for row in rows])
    return len(rows)


def _who(row: Row) -> _Who:
    return row["enrollment_id"], row["subscription_id"]


def _by_person(rows: Sequence[Row]) -> Mapping[_Who, Sequence[Row]]:
    found: dict[_Who, list[Row]] = defaultdict(list)
    for row in rows:
        found[_who(row)].append(row)
    return found


def _is_machine(row: Row, near: Sequence[Row], sent: datetime | None) -> bool:
    """Tell whether a click looks like a machine's."""
    if row["sign"] or (sent is not None and row["at"] - sent < _FAST):
        return True
    for other in near:
        apart = abs(other["at"] - row["at"])
        if other["sign"] == TRAP and apart <= SETTLED:
            return True
        if other["link"] != row["link"] and other["sign"] != TRAP and apart <= _AT_ONCE:
            return True
    return False
