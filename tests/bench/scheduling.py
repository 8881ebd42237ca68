"""Scheduling: when the next lesson falls due for each of very many people in all zones."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as hour_of_day
from random import Random
from zoneinfo import ZoneInfo, available_timezones

from bypost.delivery.zones import zone
from scheduler.cadence import Weekdays
from scheduler.slots import slots_by_clock
from scheduler.window import Window
from tests.bench.figure import Figure
from tests.bench.rounds import compared
from tests.conftest import CHECKOUT

METHOD = """\
The next 09:00 on a weekday after the last lesson, for people in every zone that the machine knows,
80 % of them in ten zones; their last lessons lie at random in six weeks with changes of clocks. In
time of the processor. Beside it `ZoneInfo(name)` for each row, in a process of its own where
nothing else holds zones: it reads a zone again once that fell out of its small cache; and the same
with all zones kept by name. Both are asked for a part of the people; every answer of theirs must
be ours, or nothing is measured. *from cold*: the first time in a process, when nothing is
remembered yet."""

_ZONES = (
    *("America/New_York", "Europe/London", "Europe/Berlin", "Asia/Kolkata", "America/Chicago"),
    *("America/Los_Angeles", "Europe/Paris", "Australia/Sydney", "America/Sao_Paulo", "Asia/Tokyo"),
)
_SHARE = 0.8
_HOUR = hour_of_day(9)
_WINDOW = Window(start=hour_of_day(7), end=hour_of_day(21), weekdays=frozenset(range(5)))
_CADENCE = Weekdays(1)
#: Both changes of clocks of Europe and America lie in weeks after these.
_BEGINNINGS = (datetime(2027, 3, 8, tzinfo=UTC), datetime(2027, 10, 18, tzinfo=UTC))
_WEEKS = timedelta(weeks=3)
_GOAL = 40.0
#: People for whom the slow ways are asked, and rounds of it.
_ASKED, _ROUNDS = 20_000, 5

#: A person: their zone's name, and when they had the last lesson.
Person = tuple[str, datetime]


def figures(people: int = 1_000_000) -> list[Figure]:
    """Return the rate for so many people, beside the same asked of zoneinfo row by row."""
    persons = _people(people)
    part = persons[:_ASKED]
    first = _rate(_ours, persons)
    assert _ours(part) == _each_kept(part)
    ours, named, kept = [], [], []
    for _ in range(_ROUNDS):
        ours.append(_rate(_ours, persons))
        named.append(_elsewhere(len(part)))
        kept.append(_rate(_each_kept, part))
    what = "the next weekday at 09:00"
    return [
        compared("scheduling.named", what, "people/s", ours, named, "`ZoneInfo` a row", goal=_GOAL),
        compared(
            "scheduling.first", f"{what}, from cold", "people/s", [first], named[:1], "the same"
        ),
        compared("scheduling.kept", what, "people/s", ours, kept, "zoneinfo, zones kept"),
    ]


def _asker(name: str) -> Callable[[datetime], datetime]:
    """Return what tells the next instant for people of one zone."""
    return slots_by_clock(_CADENCE, _WINDOW)[zone(name), _HOUR].due


def _ours(people: Sequence[Person]) -> list[datetime]:
    askers = {name: _asker(name) for name in {name for name, _ in people}}
    return [askers[name](last) for name, last in people]


def _each_by_name(people: Sequence[Person]) -> list[datetime]:
    return [_plain(ZoneInfo(name), last) for name, last in people]


def _each_kept(people: Sequence[Person]) -> list[datetime]:
    zones = {name: ZoneInfo(name) for name in {name for name, _ in people}}
    return [_plain(zones[name], last) for name, last in people]


def _plain(where: ZoneInfo, last: datetime) -> datetime:
    """Return the next weekday at 09:00 after the day of ``last``, as one writes it down."""
    day: date = last.astimezone(where).date() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return datetime.combine(day, _HOUR, where).astimezone(UTC)


def _rate(way: Callable[[Sequence[Person]], object], people: Sequence[Person]) -> float:
    began = time.process_time()
    way(people)
    return len(people) / (time.process_time() - began)


def _elsewhere(count: int) -> float:
    """Return the rate of zoneinfo row by row in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scheduling", str(count)],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def _people(count: int) -> list[Person]:
    """Return invented people; the same ones each time."""
    chance = Random(599)
    others = sorted(available_timezones())
    seconds = int(_WEEKS.total_seconds())
    return [
        (
            chance.choice(_ZONES if chance.random() < _SHARE else others),
            chance.choice(_BEGINNINGS) + timedelta(seconds=chance.randrange(seconds)),
        )
        for _ in range(count)
    ]


def main() -> None:
    """Print how many people a second zoneinfo row by row answers for."""
    sys.stdout.write(f"{_rate(_each_by_name, _people(int(sys.argv[1])))}\n")


if __name__ == "__main__":
    main()
