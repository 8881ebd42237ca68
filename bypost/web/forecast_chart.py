"""The forecast as bars: mails per hour and per day, with what the provider allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bypost.delivery.forecast import Day, Forecast
from bypost.model.quantity import quantity
from bypost.web.chart import FAR, round_up
from bypost.web.when import short_day

#: Hours and days that are drawn.
HOURS, DAYS = 48, 14
#: Height of the drawing in its own units; its width is 10 for each bar.
HEIGHT, WIDTH = 100, 10
#: Every so many hours one has a label under it.
_EVERY = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One hour or day.

    Attributes:
        label: Under it, in two lines.
        name: In the table and the sentence.
        mails: That fall due.
        waiting: Mails that are due and cannot leave by its end.
        x, y, width, height: In units of the drawing; from the top.
        hot: Height, at its top, of what is over the limit.
    """

    label: tuple[str, str]
    name: str
    mails: int
    waiting: int
    x: float
    y: float
    width: float
    height: float
    hot: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One drawing with its table.

    Attributes:
        title: What it shows.
        said: The same in a sentence.
        top: Mails at its upper edge; 0 where there are none.
        limit: Points of the line of what is allowed; empty for none.
        allowed: What that line is, in words; empty for none.
        span: How many bars stand over one label.
    """

    title: str
    unit: str
    said: str
    top: int
    bars: Sequence[Bar]
    limit: str
    allowed: str
    span: int

    @property
    def width(self) -> int:
        """Return the width of the drawing in its own units."""
        return WIDTH * len(self.bars)

    @property
    def labels(self) -> Sequence[tuple[str, str]]:
        """Return what stands under the bars."""
        return [bar.label for bar in self.bars[:: self.span]]

    @property
    def rows(self) -> Sequence[Bar]:
        """Return the rows of the table: hours without mails are left out."""
        return [bar for bar in self.bars if bar.mails or bar.waiting or self.span == 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the local page shows of a forecast.

    Attributes:
        pending: The first one is being worked out.
        charts: Empty without a forecast.
        allows: What the provider allows, in a sentence; may be empty.
        together: Of people who get several mails on one day; may be empty.
    """

    pending: bool
    charts: Sequence[Chart] = ()
    allows: str = ""
    together: str = ""


def shown(found: Forecast | None, *, pending: bool) -> Shown:
    """Return what the local page shows of a forecast; None stands for none."""
    if found is None:
        return Shown(pending=pending)
    return Shown(
        pending=False,
        charts=(_by_hour(found), _by_day(found)),
        allows=_allows(found),
        together=_together(found),
    )


def _allows(found: Forecast) -> str:
    """Return what the provider allows, in a sentence."""
    limit = found.days[0].limit if found.days else None
    parts = [f"{quantity(found.an_hour, 'mail')} an hour"] if found.an_hour is not None else []
    parts += [f"{quantity(limit, 'mail')} today"] if limit is not None else []
    allows = f"{found.provider} allows {' and '.join(parts)}." if parts else ""
    return f"{allows} Caps move some of them to later days." if found.capped else allows


def _together(found: Forecast) -> str:
    """Return what is said of people who get several mails on one day."""
    if not found.clashes:
        return ""
    most = max(found.clashes, key=lambda clash: clash.people)
    who = "1 person gets" if most.people == 1 else f"{most.people:,} people get"
    day = f"{most.day:%a} {most.day.day} {most.day:%b}"
    others = len(found.clashes) - 1
    cases = f"{others:,} more such {'case is' if others == 1 else 'cases are'}"
    more = f" {cases} listed by bypost forecast." if others else ""
    return f"{who} {' and '.join(most.mails)} on one day, {day}.{more}"


def _by_hour(found: Forecast) -> Chart:
    hours = found.hours[:HOURS]
    limits = [found.an_hour] * len(hours)
    names = [f"{one.at:%a %H:%M}" for one in hours]
    said = _said([one.due for one in hours], f"in {len(hours)} hours", names)
    waiting = [one.waiting for one in hours]
    return _chart(
        title=f"Next {len(hours)} hours",
        unit="Hour",
        said=said,
        labels=[(f"{one.at:%a}", f"{one.at:%H:%M}") for one in hours],
        names=names,
        dues=[one.due for one in hours],
        waiting=waiting,
        limits=limits,
        span=_EVERY,
    )


def _by_day(found: Forecast) -> Chart:
    days = found.days[:DAYS]
    names = [f"{one.day:%a} {one.day.day} {one.day:%b}" for one in days]
    limits = [one.limit for one in days]
    dues = [one.due for one in days]
    said = f"{_said(dues, f'in {len(days)} days', names)} {_through(days)}".strip()
    waiting = [one.waiting for one in days]
    return _chart(
        title=f"Next {len(days)} days",
        unit="Day",
        said=said,
        labels=[(f"{one.day:%a}", str(one.day.day)) for one in days],
        names=names,
        dues=dues,
        waiting=waiting,
        limits=limits,
        span=1,
    )


def _said(dues: Sequence[int], when: str, names: Sequence[str]) -> str:
    """Return a chart in a sentence."""
    if not any(dues):
        return f"No mail falls due {when}."
    most = max(dues)
    at = names[dues.index(most)]
    return f"{quantity(sum(dues), 'mail')} {when}; most of them, {most:,}, on {at}."


def _through(days: Sequence[Day]) -> str:
    """Return what is said of the first day that is too much."""
    over = next((day for day in days if day.waiting), None)
    if over is None:
        return ""
    name = f"{over.day:%a} {over.day.day} {over.day:%b}"
    many = f"On {name} {quantity(over.waiting, 'mail')} cannot leave"
    if over.through is None:
        return f"{many}, and not within a year."
    last = over.through - timedelta(microseconds=1)
    return f"{many}; the last leaves on {short_day(last)}."


def _chart(
    *,
    title: str,
    unit: str,
    said: str,
    labels: Sequence[tuple[str, str]],
    names: Sequence[str],
    dues: Sequence[int],
    waiting: Sequence[int],
    limits: Sequence[int | None],
    span: int,
) -> Chart:
    highest = max(dues, default=0)
    near = [limit for limit in limits if limit is not None and limit <= FAR * highest]
    top = round_up(max([highest, *near]))
    bars = []
    for number, (due, waits) in enumerate(zip(dues, waiting, strict=True)):
        limit = limits[number]
        height = HEIGHT * due / top if top else 0
        over = max(0, due - limit) if limit is not None else 0
        bars.append(
            Bar(
                label=labels[number],
                name=names[number],
                mails=due,
                waiting=waits,
                x=number * WIDTH + 1,
                y=round(HEIGHT - height, 2),
                width=WIDTH - 2,
                height=round(height, 2),
                hot=round(HEIGHT * over / top, 2) if top else 0,
            )
        )
    return Chart(
        title=title,
        unit=unit,
        said=said,
        top=top,
        bars=bars,
        limit=_line(limits, top) if near else "",
        allowed=_allowed(near, unit) if near else "",
        span=span,
    )


def _allowed(limits: Sequence[int], unit: str) -> str:
    """Return "Dashed: 2,000 an hour are allowed"."""
    least, most = min(limits), max(limits)
    many = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    each = "an hour" if unit == "Hour" else "a day"
    return f"The dashed line: {many} {each} can leave."


def _line(limits: Sequence[int | None], top: int) -> str:
    """Return the points of a stepped line; it leaves the drawing where there is no limit."""
    points = []
    for number, limit in enumerate(limits):
        y = HEIGHT - HEIGHT * limit / top if limit is not None else -HEIGHT
        points += [f"{number * WIDTH},{y:g}", f"{(number + 1) * WIDTH},{y:g}"]
    return " ".join(points)
