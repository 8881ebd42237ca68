"""Audiences: listed, made, changed, and looked at before they are used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from bypost.admins.role import Role
from bypost.audience import BadAudience, parse, write
from bypost.audience.expression import Saved
from bypost.audience.saved import terms
from bypost.content.audiences import FILE_NAME
from bypost.delivery import audience as use
from bypost.delivery.audience import Known, known, users_of
from bypost.errors import SettingsError
from bypost.store import Connection, Row, audiences, orders, people_list
from bypost.store import audience as store
from bypost.web.desk import counting
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import Desk
from bypost.web.desk.people_lines import PersonLine, lines

#: People of a preview.
_FIRST = 20
#: Strides of a preview: it looks at so many people at most.
_STRIDES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An audience with a name.

    Attributes:
        written: It stands in ``audiences.toml``, and is changed there.
        shadowed: One of the same name was saved here, and does not count.
        used: What it is part of, e.g. ``issue clarity-notes/2026-12-01``.
    """

    name: str
    expression: str
    written: bool
    shadowed: bool
    note: str
    used: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Who is in an audience, as far as a page looks."""

    whole: str
    count: counting.Count
    people: Sequence[PersonLine]


class Audiences:
    """Saved audiences."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._context = desk.context

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [
            Address("GET", "/audiences", self.every),
            Address("GET", "/audiences/new", self.new),
            Address("POST", "/audiences/new", self.make, Role.OPERATOR),
            Address("GET", "/audiences/count", self.count),
            Address("GET", "/audiences/saved/{name}", self.show),
            Address("POST", "/audiences/saved/{name}/remove", self.remove, Role.OPERATOR),
        ]

    def every(self, ask: Ask) -> Response:
        """List every audience with a name."""
        with self._context.store.read() as connection:
            there = known(self._context, connection)
            found = [self._named(connection, there, name) for name in there.names]
        return self._desk.show(ask, "audiences", found=found, broken=there.broken)

    def new(self, ask: Ask) -> Response:
        """Show the form, with what was typed elsewhere."""
        return self._form(ask, expression=ask.query.get("expression", "")[:5000].strip())

    def show(self, ask: Ask) -> Response:
        """Show one audience: the form to change it, and who is in it."""
        name = ask.path["name"]
        with self._context.store.read() as connection:
            there = known(self._context, connection)
            if name not in there.names:
                return self._desk.gone(ask, "audience")
            named = self._named(connection, there, name)
        return self._form(ask, name=name, expression=named.expression, note=named.note, named=named)

    def make(self, ask: Ask) -> Response:
        """Save what was typed, or only look at it."""
        name, expression = ask.text("name", 100), ask.text("expression", 5000)
        note = ask.text("note", 300)
        if ask.text("do") == "preview":
            return self._form(ask, name=name, expression=expression, note=note)
        try:
            with self._context.store.write() as connection:
                use.save_within(self._context, connection, name, expression, note=note)
                self._desk.note(connection, ask, "audience.save", f"audience:{name}", expression)
        except SettingsError as error:
            return self._form(ask, name=name, expression=expression, note=note, error=error)
        return self._desk.done(ask, f"/audiences/saved/{name}", "Saved.")

    def remove(self, ask: Ask) -> Response:
        """Remove a saved audience; issues that name it are sent to nobody."""
        name = ask.path["name"]
        with self._context.store.write() as connection:
            there = known(self._context, connection)
            if name not in there.pages:
                return self._desk.gone(ask, "audience")
            used = list(self._used(connection, there, name)) if name not in there.files else []
            if used:
                raise SettingsError(f"It was not removed: it is used by {', '.join(used)}.")
            use.remove_within(self._context, connection, name)
            self._desk.note(connection, ask, "audience.remove", f"audience:{name}")
        return self._desk.done(ask, "/audiences", f"The audience {name} is removed.")

    def count(self, ask: Ask) -> Response:
        """Count on, where a page had no more time for it."""
        text = ask.query.get("audience", "")[:5000]
        with self._context.store.read() as connection:
            such = use.condition(self._context, connection, text)
            count = counting.count(
                connection,
                such,
                text,
                after=ask.number("after") or 0,
                found=ask.number("found") or 0,
                exact=ask.query.get("exact") == "1",
            )
        name = "audience_count" if ask.part else "audience_counted"
        return self._desk.show(ask, name, count=count)

    def _form(
        self,
        ask: Ask,
        *,
        name: str = "",
        expression: str = "",
        note: str = "",
        named: Named | None = None,
        error: SettingsError | None = None,
    ) -> Response:
        preview = None
        if expression and error is None:
            try:
                preview = self._preview(expression)
            except BadAudience as wrong:
                error = wrong
        return self._desk.show(
            ask,
            "audience",
            422 if error else 200,
            name=name,
            expression=expression,
            note=note,
            named=named,
            preview=preview,
            error=error,
            pointed=error.pointed() if isinstance(error, BadAudience) else (),
        )

    def _preview(self, text: str) -> Preview:
        """Return how many there are, and who came last; raise BadAudience."""
        with self._context.store.read() as connection:
            whole = known(self._context, connection).whole(text)
            such = store.condition(whole, now=self._context.clock.now())
            rows: list[Row] = []
            before = people_list.last_id(connection) + 1
            for _ in range(_STRIDES):
                look = people_list.newest(connection, such, before=before, limit=_FIRST - len(rows))
                rows += look.rows
                before = look.reached
                if look.over or len(rows) >= _FIRST:
                    break
            count = counting.count(connection, such, text)
            people = lines(self._context, connection, rows)
        return Preview(whole=write(whole), count=count, people=people)

    def _named(self, connection: Connection, there: Known, name: str) -> Named:
        row = audiences.by_name(connection, name)
        written = name in there.files
        return Named(
            name=name,
            expression=there.files[name] if written else there.pages[name],
            written=written,
            shadowed=written and name in there.pages,
            note=f"in {FILE_NAME}" if written else (row["note"] if row is not None else ""),
            used=tuple(self._used(connection, there, name)),
        )

    def _used(self, connection: Connection, there: Known, name: str) -> Iterator[str]:
        """Yield what names an audience: others, newsletters, issues and orders about them."""
        for other in users_of(there, name):
            if other != name:
                yield f"audience {other}"
        for newsletter in self._desk.doors.catalogue.newsletters():
            if _names(newsletter.audience, name):
                yield f"newsletter {newsletter.id}"
            for issue in newsletter.issues:
                if _names(issue.audience, name):
                    yield f"issue {newsletter.id}/{issue.id}"
        for row in orders.every(connection):
            if _names(row["audience"] or "", name):
                yield f"issue {row['newsletter']}/{row['issue']}, as it is scheduled"


def _names(text: str, name: str) -> bool:
    """Tell whether an expression names an audience; one that cannot be read names none."""
    try:
        found = parse(text) if text else None
    except BadAudience:
        return False
    return found is not None and Saved(name) in terms(found)
