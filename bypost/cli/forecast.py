"""``bypost forecast``: the mails of the coming days, against what the provider allows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption
from bypost.model.quantity import quantity

if TYPE_CHECKING:
    from rich.text import Text

    from bypost.delivery.backlog import Hour
    from bypost.delivery.clashes import Clash
    from bypost.delivery.forecast import Day, Forecast

#: Signs of a full bar.
_BAR = 32
_FULL, _PARTS = "█", " ▏▎▍▌▋▊▉"
#: Collisions that are listed; ``--json`` lists all of them.
_LISTED = 8


def forecast(
    project: ProjectOption = HERE,
    days: Annotated[int, typer.Option(help="How many days, today the first.", min=1, max=366)] = 14,
    as_json: JsonOption = False,
) -> int:
    """Show how many mails come, hour by hour, and whether the provider allows them.

    It is the decision that sends them, made ahead; it asks the database and changes nothing.

    Example: bypost forecast --days 14
    """
    from bypost.delivery.forecast import forecast as look_ahead
    from bypost.project import is_new, open_project

    if is_new(project):
        return _nothing_yet(as_json=as_json)
    with open_project(project, upgrade=False) as context:
        found = look_ahead(context, days)
    if as_json:
        console.print_json(found.as_json())
    else:
        for line in _lines(found):
            console.out.print(line)
    return 0


def _nothing_yet(*, as_json: bool) -> int:
    """Tell that there is no database."""
    from bypost.delivery.forecast import NOTHING

    if as_json:
        console.print_json(NOTHING)
    else:
        console.out.print("nothing was sent yet: `bypost send` makes the database and sends")
    return 0


def _lines(found: Forecast) -> Iterator[Text]:
    """Yield what is shown, line by line."""
    from rich.text import Text

    most = max((max(day.due, day.leaves) for day in found.days), default=0)
    days = quantity(len(found.days), "day")
    yield Text(f"{quantity(found.due, 'mail')} in {days}, through {_provider(found)}")
    if found.stopped:
        yield Text.assemble(("✗ ", "red"), f"{found.provider} is stopped: {found.stopped}")
    if found.capped:
        yield Text.assemble(("! ", "yellow"), "[caps] move some of these mails to later days")
    yield Text("days and hours are those of UTC: providers count by them", style="dim")
    yield Text()
    busy = _busy(found)
    for day in found.days:
        yield _day(day, most)
        if day.waiting:
            yield _over(day)
        if day.day in busy:
            yield from _hours(found, day.day)
    yield from _clashes(found)
    for folder, why in found.held.items():
        yield Text.assemble(("✗ ", "red"), f"{folder} sends nothing: {why}")


def _provider(found: Forecast) -> str:
    limits = []
    if found.rate.per_second is not None:
        limits.append(f"{found.rate.per_second:g} requests a second")
    if found.rate.per_day is not None:
        limits.append(f"{quantity(found.rate.per_day, 'mail')} a day")
    if found.rate.ramp is not None:
        limits.append("warming up")
    return f"{found.provider} ({', '.join(limits)})" if limits else f"{found.provider}, no limit"


def _busy(found: Forecast) -> set[date]:
    """Return the days whose hours are shown: those that are too much, and the fullest."""
    fullest = max(found.days, key=lambda day: day.due, default=None)
    over = {day.day for day in found.days if day.waiting}
    return over | ({fullest.day} if fullest and fullest.due else set())


def _day(day: Day, most: int) -> Text:
    from rich.text import Text

    limit = f"of {day.limit:,}" if day.limit is not None else ""
    names = ", ".join(f"{name} {people:,}" for name, people in day.most)
    return Text.assemble(
        f"{day.day:%a} {day.day.day:>2} {day.day:%b}  {day.due:>9,}  ",
        (f"{_bar(day.due, most):<{_BAR}}", "yellow" if day.waiting else console.ACCENT),
        f" {limit:<10} " if limit else " ",
        (names, "dim"),
    )


def _over(day: Day) -> Text:
    from rich.text import Text

    when = f"the last leaves by {_moment(day.through)}" if day.through else "not within a year"
    return Text.assemble(
        ("          ! ", "yellow"),
        f"{quantity(day.waiting, 'mail')} cannot leave on this day; {when}",
    )


def _hours(found: Forecast, day: date) -> Iterator[Text]:
    from rich.text import Text

    own = [hour for hour in found.hours if hour.at.date() == day and (hour.due or hour.leaves)]
    most = max((max(hour.due, hour.leaves) for hour in own), default=0)
    for hour in own:
        yield Text.assemble(
            f"     {hour.at:%H:%M}  {hour.due:>9,}  ",
            (_bar(hour.due, most, _BAR // 2), "dim"),
            _left_over(hour),
        )


def _left_over(hour: Hour) -> str:
    return f"  {hour.leaves:,} leave, {hour.waiting:,} wait" if hour.waiting else ""


def _clashes(found: Forecast) -> Iterator[Text]:
    from rich.text import Text

    if not found.clashes:
        return
    yield Text()
    yield Text("several mails for one person on one day (their own day):")
    for clash in _largest(found):
        people = "1 person" if clash.people == 1 else f"{clash.people:,} people"
        named = ", ".join(clash.examples) + (" ..." if clash.people > len(clash.examples) else "")
        yield Text.assemble(
            f"{clash.day:%a} {clash.day.day:>2} {clash.day:%b}  {people:>12}  ",
            " + ".join(clash.mails),
            (f"  {named}", "dim"),
        )
    if len(found.clashes) > _LISTED:
        yield Text(f"... and {len(found.clashes) - _LISTED:,} more: --json lists them", style="dim")


def _largest(found: Forecast) -> list[Clash]:
    """Return the collisions of most people, in the order of their days."""
    largest = sorted(found.clashes, key=lambda clash: -clash.people)[:_LISTED]
    return sorted(largest, key=lambda clash: clash.day)


def _bar(number: int, most: int, width: int = _BAR) -> str:
    """Return a bar; whatever is more than nothing shows."""
    if not number or not most:
        return ""
    eighths = max(1, round(8 * width * number / most))
    return _FULL * (eighths // 8) + (_PARTS[eighths % 8] if eighths % 8 else "")


def _moment(at: datetime) -> str:
    """Return "Tue 24 Nov 09:00 UTC"."""
    local = at.astimezone(UTC)
    return f"{local:%a} {local.day} {local:%b %H:%M} UTC"
