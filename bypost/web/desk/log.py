"""The log: who did what, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from starlette.responses import Response

from bypost.store import Row, audit
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import PREFIX, Desk

_ROWS = 50
#: Recent rows that the names and actions to choose from are taken of.
_RECENT = 500
#: Where the pages of what is named in the log are.
_PAGES = {"course": "courses", "subscriber": "subscribers"}


class Log:
    """The page of the log."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [Address("GET", "/log", self.show)]

    def show(self, ask: Ask) -> Response:
        """Show a page of the log, narrowed to somebody, an action or what it was done to."""
        wanted = {name: ask.query.get(name, "")[:120] for name in ("who", "action", "subject")}
        before, after = ask.number("before"), ask.number("after")
        with self._desk.context.store.read() as connection:
            found = audit.newest(connection, limit=_ROWS + 1, before=before, after=after, **wanted)
            recent = audit.newest(connection, limit=_RECENT)
        more, rows = len(found) > _ROWS, _page(found, after)
        older = more if after is None else True
        newer = more if after is not None else before is not None
        return self._desk.show(
            ask,
            "log",
            rows=rows,
            links={row["subject"]: _link(row["subject"]) for row in rows},
            wanted=wanted,
            narrowed=any(wanted.values()),
            people=sorted({row["who"] for row in recent}),
            actions=sorted({row["action"] for row in recent}),
            older=_address(wanted, "before", rows[-1]["id"]) if older and rows else "",
            newer=_address(wanted, "after", rows[0]["id"]) if newer and rows else "",
        )


def _page(found: Sequence[Row], after: int | None) -> Sequence[Row]:
    """Return the rows that are shown: the one more tells only that there are others."""
    return found[:_ROWS] if after is None else found[-_ROWS:]


def _address(wanted: Mapping[str, str], name: str, number: int) -> str:
    query = {key: value for key, value in wanted.items() if value}
    return f"{PREFIX}/log?{urlencode({**query, name: number})}"


def _link(subject: str) -> str:
    """Return the page of what an action was done to; empty where it has none."""
    kind, _, name = subject.partition(":")
    plain = name.replace("-", "").replace("_", "").isalnum() and name.isascii()
    return f"{PREFIX}/{_PAGES[kind]}/{name}" if kind in _PAGES and plain else ""
