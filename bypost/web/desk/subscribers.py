"""Subscribers: looked for by address, by name or by audience, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from urllib.parse import urlencode

from starlette.responses import Response

from bypost.audience import BadAudience
from bypost.delivery.audience import Known, known
from bypost.store import Condition, Connection, Row, people_list, subscribers
from bypost.store import audience as store
from bypost.web.desk import counting
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import Desk
from bypost.web.desk.people_lines import lines

_PAGE = 50
#: Seconds for which one page looks for people who are rare.
_ENOUGH = 0.1


class Subscribers:
    """The list of people."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._context = desk.context

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [Address("GET", "/subscribers", self.show)]

    def show(self, ask: Ask) -> Response:
        """Show people, newest first, or those who were looked for by their addresses."""
        typed = _typed(ask, "q")
        text = _typed(ask, "audience")
        with self._context.store.read() as connection:
            there = known(self._context, connection)
            if typed:
                return self._begins(ask, connection, there, typed)
            return self._audience(ask, connection, there, text)

    def _begins(self, ask: Ask, connection: Connection, there: Known, typed: str) -> Response:
        after = _last_of(connection, ask.number("after"))
        rows = people_list.beginning(connection, typed, after=after, limit=_PAGE + 1)
        shown = rows[:_PAGE]
        older = _link(q=typed, after=shown[-1]["id"]) if len(rows) > _PAGE else ""
        return self._page(ask, connection, there, shown, typed=typed, older=older)

    def _audience(self, ask: Ask, connection: Connection, there: Known, text: str) -> Response:
        try:
            expression = there.whole(text or "everyone")
        except BadAudience as error:
            return self._page(ask, connection, there, (), text=text, error=error, status=422)
        such = store.condition(expression, now=self._context.clock.now())
        top = people_list.last_id(connection) + 1
        before = min(ask.number("before") or top, top)
        rows, reached, over = _look(connection, such, before)
        count = counting.count(connection, such, text or "everyone")
        older = "" if over else _link(audience=text, before=reached)
        return self._page(ask, connection, there, rows, text=text, older=older, count=count)

    def _page(
        self,
        ask: Ask,
        connection: Connection,
        there: Known,
        rows: Sequence[Row],
        *,
        typed: str = "",
        text: str = "",
        older: str = "",
        count: counting.Count | None = None,
        error: BadAudience | None = None,
        status: int = 200,
    ) -> Response:
        begun = ask.number("before") or ask.number("after")
        return self._desk.show(
            ask,
            "subscribers",
            status,
            people=lines(self._context, connection, rows),
            names=there.names,
            typed=typed,
            text=text,
            count=count,
            error=error,
            older=older,
            newest=_link(q=typed, audience=text) if begun else "",
        )


def _look(connection: Connection, such: Condition, before: int) -> tuple[list[Row], int, bool]:
    """Return a page of people, newest first, how far it looked, and whether that is all."""
    found: list[Row] = []
    began, over = monotonic(), before <= 1
    while not over and len(found) < _PAGE:
        look = people_list.newest(connection, such, before=before, limit=_PAGE - len(found))
        found += look.rows
        before, over = look.reached, look.over
        if monotonic() - began > _ENOUGH:
            break
    return found, before, over


def _last_of(connection: Connection, subscriber_id: int | None) -> tuple[str, int] | None:
    """Return behind whom a page begins; None for the first page, also if they were erased."""
    row = subscribers.by_id(connection, subscriber_id) if subscriber_id else None
    return (row["email_key"], row["id"]) if row is not None and row["email_key"] else None


def _typed(ask: Ask, name: str) -> str:
    """Return what was typed into a field; NUL and the like match nobody anyway."""
    return ask.query.get(name, "").strip()[:5000]


def _link(**asked: object) -> str:
    return f"/desk/subscribers?{urlencode({name: it for name, it in asked.items() if it})}"
