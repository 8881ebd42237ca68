"""What ``bypost newsletter`` prints of newsletters and issues, for people and for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.text import Text

from bypost.cli import console
from bypost.cli.sheet import Line, sheet
from bypost.delivery.instants import instant
from bypost.delivery.schedule import in_words
from bypost.delivery.zones import zone
from bypost.model.quantity import quantity

if TYPE_CHECKING:
    from bypost.delivery.issue_count import Count
    from bypost.delivery.issue_find import Found
    from bypost.delivery.issue_report import Progress, Told
    from bypost.delivery.schedule import Schedule
    from bypost.model.course import Newsletter

#: Zones that are listed one by one.
_MOST_ZONES = 12


def print_newsletter(newsletter: Newsletter, people: int, issues: Sequence[Found]) -> None:
    """Print a newsletter with a line for each issue."""
    console.out.print(f"{newsletter.id}: {newsletter.title}, {people} subscribed", markup=False)
    lines: list[Line] = [(f"  {one.written.id}", Text(_in_short(one))) for one in issues]
    if lines:
        console.out.print(sheet(lines))
    else:
        console.out.print(f"  no issues yet: a file in {newsletter.path}/ is one", markup=False)


def _in_short(one: Found) -> str:
    when = in_words(one.schedule, one.newsletter.time_zone)
    if one.counts.owed:
        return f"{one.state}, {one.counts.accepted} of {one.counts.owed} accepted"
    return f"{one.state}, {when}" if one.state.value not in {"cancelled", "archived"} else one.state


def print_issue(found: Found, count: Count | None, far: Progress, heard: Told) -> None:
    """Print all about one issue."""
    console.out.print(f"{found.item}: {found.written.subject}", markup=False)
    lines = [(label, Text(words)) for label, words in _issue(found, count, far, heard)]
    console.out.print(sheet(lines))


def _issue(
    found: Found, count: Count | None, far: Progress, heard: Told
) -> Iterator[tuple[str, str]]:
    order = found.order
    yield "state", found.state + (f" ({order.reason})" if order and order.reason else "")
    yield "file", f"{found.written.source.path}, status: {found.written.status}"
    ordered = order is not None and order.schedule is not None
    yield "time", in_words(found.schedule, found.newsletter.time_zone) + _by(found, ordered)
    if found.one.audience:
        yield "audience", found.one.audience
    if found.is_draft:
        yield "", "nothing goes out before the file says `status: ready`"
    if count is not None:
        yield from _count(found, count)
    if found.counts.owed:
        numbers = asdict(found.counts)
        yield "sent", ", ".join(f"{number} {name}" for name, number in numbers.items() if number)
        yield "heard", _heard(heard)
    if far.pending:
        left = "" if far.left is None else f", {console_span(far)} left"
        yield "rate", f"{far.per_minute:.0f} a minute{left}"


def console_span(far: Progress) -> str:
    """Return how long sending takes, in words."""
    from bypost.cli.moment import span

    return span(far.left) if far.left is not None else "nobody knows how long is"


def _by(found: Found, ordered: bool) -> str:
    return f" (ordered by {found.order.by})" if ordered and found.order is not None else ""


def have_it(number: int) -> str:
    """Return "1 person has it" or "3 people have it"."""
    return f"{quantity(number, 'person')} {'has' if number == 1 else 'have'} it"


def _heard(heard: Told) -> str:
    return (
        f"{heard.bounced} bounced, {heard.complained} complained, {heard.left} left after this one"
    )


def _count(found: Found, count: Count) -> Iterator[tuple[str, str]]:
    """Yield who gets it, and who does not."""
    yield "goes to", quantity(count.goes, "person")
    yield from (("", words) for words in count.others())
    for one in count.zones[:_MOST_ZONES]:
        if found.one.issue.at is None or len(count.zones) > 1:
            own = zone(one.zone, found.newsletter.time_zone)
            yield "", f"{one.zone or 'no zone'}: {one.goes} on {instant(one.at, own)}{_note(one)}"
    if len(count.zones) > _MOST_ZONES:
        yield "", f"and {quantity(len(count.zones) - _MOST_ZONES, 'more zone')}"


def _note(one: Any) -> str:
    notes = {"now": ", now", "late": ", too late", "done": ", done"}
    return notes.get(one.state, "")


def print_meaning(
    found: Found,
    when: Schedule | None,
    count: Count,
    *,
    as_json: bool,
    done: bool,
    aside: bool = False,
) -> None:
    """Print what a schedule means, before it is made or after.

    Args:
        aside: To standard error: JSON follows.
    """
    if as_json:
        console.print_json(
            {**found_as_json(found), "changed": done, "audience_count": count.as_json()}
        )
        return
    out = console.err if aside else console.out
    words = in_words(when or found.schedule, found.newsletter.time_zone)
    out.print("[green]✓[/green] " if done else "", end="")
    out.print(f"{found.item} {'goes' if done else 'would go'} out {words}", markup=False)
    if not done:
        out.print(sheet([(label, Text(line)) for label, line in _count(found, count)]))
    if found.is_draft:
        console.note("its file says `status: draft`: nothing goes out until it says `ready`")
    if found.state.value == "paused":
        console.note(f"it is paused: bypost newsletter resume {found.item}")


def print_done(
    found: Found, as_json: bool, first: str, more: str = "", archived: Sequence[str] = ()
) -> None:
    """Print what an action did."""
    if as_json:
        console.print_json({**found_as_json(found), "archived": list(archived)})
        return
    console.out.print("[green]✓[/green] ", end="")
    console.out.print(first, markup=False)
    if more:
        console.out.print(f"  {more}", markup=False)


def list_as_json(found: Sequence[tuple[Newsletter, int, Sequence[Found]]]) -> dict[str, Any]:
    """Return the stable shape of ``bypost newsletter list --json`` (docs/newsletters.md)."""
    return {
        "newsletters": [
            {
                "name": newsletter.id,
                "title": newsletter.title,
                "subscribers": people,
                "issues": [found_as_json(one) for one in issues],
            }
            for newsletter, people, issues in found
        ]
    }


def issue_as_json(found: Found, count: Count | None, far: Progress, heard: Told) -> dict[str, Any]:
    """Return the stable shape of ``bypost newsletter show --json`` (docs/newsletters.md)."""
    return {
        **found_as_json(found),
        "audience_count": count.as_json() if count is not None else None,
        "progress": far.as_json(),
        "heard": asdict(heard),
    }


def found_as_json(found: Found) -> dict[str, Any]:
    """Return one issue as every command of ``bypost newsletter`` tells it."""
    when, order = found.schedule, found.order
    ordered = None
    if order is not None:
        ordered = {
            "state": order.state.value,
            "schedule": str(order.schedule) if order.schedule else None,
            "audience": order.audience,
            "reason": order.reason,
            "by": order.by,
            "at": order.at,
        }
    return {
        "name": found.item,
        "subject": found.written.subject,
        "file": found.written.source.path,
        "status": found.written.status.value,
        "state": found.state.value,
        "instant": when.instant,
        "date": when.day,
        "hour": when.hour.isoformat("minutes") if when.hour else None,
        "first": found.first,
        "last": found.last,
        "audience": found.one.audience,
        "order": ordered,
        **asdict(found.counts),
    }
