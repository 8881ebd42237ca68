"""Where everyone stands now, week by week of their start, and how long the course takes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bypost.delivery import figures
from bypost.delivery.shape import Shape
from bypost.store import Connection, Row, course_figures

_IN_IT = ("active", "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """People whose last lesson so far is this one.

    Attributes:
        lesson: Its id; empty for those who have had none yet.
        paused: Of ``people``, those who have paused.
    """

    lesson: str
    title: str
    people: int
    paused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """People who began in the same week.

    Attributes:
        week: Its Monday, in UTC.
        reached: For each lesson of the course, how many had it or a later one.
        stopped: Nothing comes to them any more: they bounced, complained, or are held back.
    """

    week: date
    started: int
    reached: Sequence[int]
    finished: int
    left: int
    stopped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A course as it was counted last.

    Attributes:
        at: When that was; None: not yet.
        median: Days in which half of those who finished did; None: nobody has.
    """

    at: datetime | None
    fates: Mapping[str, int] = field(default_factory=dict)
    places: Sequence[Place] = ()
    cohorts: Sequence[Cohort] = ()
    median: timedelta | None = None

    @property
    def in_it(self) -> int:
        """Return how many are in the course now."""
        return sum(self.fates.get(fate, 0) for fate in _IN_IT)

    @property
    def all(self) -> int:
        """Return how many ever began."""
        return sum(self.fates.values())


def standing(connection: Connection, shape: Shape) -> Standing:
    """Return how the people of a course stand."""
    age = figures.age(connection)
    rows = course_figures.read(connection, age.number, shape.course)
    fates: Counter[str] = Counter()
    for row in rows:
        fates[row["fate"]] += row["number"]
    return Standing(
        at=age.at,
        fates=fates,
        places=_places(shape, rows),
        cohorts=_cohorts(shape, rows),
        median=_median(rows),
    )


def _places(shape: Shape, rows: Iterable[Row]) -> list[Place]:
    """Return where people are, in the order of the course; removed lessons only with people."""
    people: Counter[str] = Counter()
    paused: Counter[str] = Counter()
    for row in rows:
        if row["fate"] in _IN_IT:
            people[row["lesson"]] += row["number"]
            paused[row["lesson"]] += row["number"] if row["fate"] == "paused" else 0
    titles = {"": "Before the first lesson"}
    titles |= {step.lesson: step.title for step in shape.steps if not step.retired}
    titles |= {step.lesson: step.title for step in shape.steps if people[step.lesson]}
    order = ["", *(step.lesson for step in shape.steps)]
    return [
        Place(lesson=name, title=titles[name], people=people[name], paused=paused[name])
        for name in order
        if name in titles
    ]


def _cohorts(shape: Shape, rows: Iterable[Row]) -> list[Cohort]:
    """Return the weeks, newest first."""
    order = {step.lesson: number for number, step in enumerate(shape.steps)}
    weeks: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        weeks[row["week"]].append(row)
    return [_cohort(shape, order, week, weeks[week]) for week in sorted(weeks, reverse=True)]


def _cohort(shape: Shape, order: Mapping[str, int], week: date, rows: Sequence[Row]) -> Cohort:
    fates: Counter[str] = Counter()
    furthest: Counter[int] = Counter()
    for row in rows:
        fates[row["fate"]] += row["number"]
        # Who finished had the last lesson there was, whatever was put in behind it since.
        furthest[order.get(row["lesson"], -1)] += row["number"]
    reached = [
        sum(number for place, number in furthest.items() if place >= order[step.lesson])
        for step in shape.live
    ]
    return Cohort(
        week=week,
        started=fates.total(),
        reached=reached,
        finished=fates["finished"],
        left=fates["left"],
        stopped=fates["stopped"],
    )


def _median(rows: Iterable[Row]) -> timedelta | None:
    """Return the days that half of those who finished needed at most."""
    days: Counter[int] = Counter()
    for row in rows:
        if row["fate"] == "finished":
            days[row["days"]] += row["number"]
    half, seen = (days.total() + 1) // 2, 0
    for number in sorted(days):
        seen += days[number]
        if seen >= half:
            return timedelta(days=number)
    return None
