"""How sending stands, as one calm screen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from bypost.cli import console, moment
from bypost.cli.sheet import Line, sheet
from bypost.model.quantity import quantity

if TYPE_CHECKING:
    from bypost.delivery.standing import ProviderStanding, Standing

#: Unknown deliveries that are listed; ``--json`` lists more.
_LISTED = 10
#: What comes, by its kind.
_COMING = {
    "lesson": "the next lesson of {what}",
    "issue": "the issue {what}",
    "batch": "another try of {what}",
    "question": "asking about {what}",
}


def screen(found: Standing, *, timed: bool = False) -> RenderableType:
    """Return the screen.

    Args:
        timed: Begin with the time: one of several screens.
    """
    lines = [("at", Text(moment.second(found.now)))] if timed else []
    lines += [
        ("now", _now(found)),
        ("rate", _rate(found)),
        ("next", _next(found)),
        ("late", _late(found)),
        ("unknown", _unknown(found)),
        ("failed", Text(f"{found.total.failed:,}" if found.total.failed else "none")),
        ("owed", _owed(found)),
    ]
    for one in found.providers:
        lines += _provider(one, found.now)
    lines += _crew(found)
    lines.append(("last pass", _last(found)))
    remarks = list(_remarks(found))
    return Group(sheet(lines), *([Text()] if remarks else []), *remarks)


def _now(found: Standing) -> Text:
    if not found.sending:
        return Text("nothing is on its way")
    people = sum(one["people"] for one in found.sending)
    what = ", ".join(dict.fromkeys(one["content"] for one in found.sending))
    return Text(f"sending {what} to {quantity(people, 'person')}", style=console.ACCENT)


def _rate(found: Standing) -> Text:
    minute = sum(one.accepted_last_minute for one in found.providers)
    hour = sum(one.accepted_last_hour for one in found.providers)
    return Text(f"{quantity(minute, 'mail')} in the last minute, {hour:,} in the last hour")


def _next(found: Standing) -> Text:
    coming = found.next
    if coming is None:
        return Text("nothing is planned")
    what = _COMING[coming.kind].format(what=coming.what)
    whom = f", {quantity(coming.people, 'person')}" if coming.people is not None else ""
    if coming.at > found.now:
        return Text(f"{moment.day(coming.at)}: {what}{whom}")
    return Text(f"with the next pass: {what}{whom}")


def _late(found: Standing) -> Text:
    if not found.late or found.oldest_late is None:
        return Text("none")
    ago = moment.span(found.now - found.oldest_late)
    return Text.assemble(("! ", "yellow"), f"{found.late:,}; the oldest fell due {ago} ago")


def _unknown(found: Standing) -> Text:
    number = found.total.unknown
    return Text.assemble(("! ", "yellow"), f"{number:,}") if number else Text("none")


def _owed(found: Standing) -> Text:
    total = found.total
    parts = [
        f"{getattr(total, name):,} {name}"
        for name in ("accepted", "failed", "cancelled", "unknown", "pending")
        if getattr(total, name) or name == "accepted"
    ]
    return Text(f"{total.owed:,}: {', '.join(parts)}")


def _provider(one: ProviderStanding, now: datetime) -> Iterator[Line]:
    yield one.name, Text(_use(one))
    if one.per_second is not None:
        requests = f"{quantity(one.requests_last_minute, 'request')} in the last minute"
        yield "", Text(f"{requests}, at most {one.per_second:g} a second")
    if one.paused_until:
        rest = moment.span(one.paused_until - now)
        yield "", Text.assemble(("! ", "yellow"), f"asked us to wait, {rest} more")
    if one.breaker:
        since = f" since {moment.second(one.breaker_since)}" if one.breaker_since else ""
        yield "", Text.assemble(("✗ ", "red"), f"stopped{since}: {one.breaker}")
        yield "", Text(f"  mend it, then run: bypost resume {one.name}")


def _use(one: ProviderStanding) -> str:
    """Return what was used of what a provider allows in a day."""
    if one.limit_today is None:
        return f"{quantity(one.used_today, 'mail')} today, no daily limit"
    used = f"{one.used_today:,} of {quantity(one.limit_today, 'mail')} today"
    ramp = one.per_day is None or one.limit_today < one.per_day
    return f"{used} (warming up)" if ramp else used


def _crew(found: Standing) -> Iterator[Line]:
    """Yield who brings batches, where passes do not do so themselves."""
    crew = found.crew
    if crew.engine == "threads":
        return
    waiting = f"{crew.waiting:,} {'batch waits' if crew.waiting == 1 else 'batches wait'}"
    if crew.alive:
        yield "workers", Text(f"{crew.alive:,} for {crew.slots:,} at a time; {waiting}")
        return
    seen = (
        f"the last was seen {moment.span(found.now - crew.last_seen)} ago" if crew.last_seen else ""
    )
    words = "; ".join(filter(None, ["none", seen, waiting]))
    yield "workers", Text.assemble(("✗ ", "red"), words)


def _last(found: Standing) -> Text:
    last = found.last
    if last is None:
        return Text("none was noted yet")
    ago = f"{moment.span(found.now - last.at)} ago"
    if not last.overdue(found.now):
        return Text(ago)
    every = moment.span(last.every) if last.every else ""
    return Text.assemble(
        (f"✗ {ago}", "red"), f"; one should come every {every}: is `bypost serve` running?"
    )


def _remarks(found: Standing) -> Iterator[Text]:
    """Yield what needs somebody, one thing a line."""
    for one in found.paused[:_LISTED]:
        lasts = f" until {moment.day(one['until'])}" if one["until"] else ""
        why = f": {one['reason']}" if one["reason"] else ""
        yield Text.assemble(("! ", "yellow"), f"{one['scope']} {one['name']} is paused{lasts}{why}")
    if len(found.paused) > _LISTED:
        yield Text(f"  ... and {len(found.paused) - _LISTED:,} more are paused", style="dim")
    for trouble in found.troubles:
        yield Text.assemble(("! ", "yellow"), trouble)
    for course, number in found.last.waiting.items() if found.last else ():
        yield Text.assemble(("! ", "yellow"), waiting(course, number))
    for folder in found.last.held if found.last else ():
        yield Text.assemble(("✗ ", "red"), f"{folder} sends nothing: run `bypost check`")
    for one in found.unknown[:_LISTED]:
        whom = f" to {one['email']}" if one["email"] else ""
        yield Text.assemble(("! ", "yellow"), f"unknown: {one['content']}{whom} ({one['ref']})")
    more = found.total.unknown - _LISTED
    if found.unknown:
        tail = f"... and {more:,} more; " if more > 0 else ""
        yield Text(f"  {tail}settle them with `bypost reconcile`", style="dim")


def waiting(course: str, number: int) -> str:
    """Return that changes of a course's structure wait."""
    what = "change waits" if number == 1 else "changes wait"
    return f"lessons/{course}: {number} {what} for `bypost apply`; see `bypost plan`"
