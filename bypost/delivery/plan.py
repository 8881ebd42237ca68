"""What an edit would do to the people in a course: who gets what, who never does, and when."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from bypost.delivery.context import Context
from bypost.delivery.due import Run
from bypost.delivery.edit import Change, What, changes, merged
from bypost.delivery.foresee import Foreseen, foresee, settled
from bypost.delivery.owe import run_of
from bypost.delivery.shape import Place, Shape
from bypost.delivery.shape_file import dump
from bypost.model.course import IfPast
from bypost.store import Row, enrollments, ledger

_CHUNK = 1000
_PLACED = (What.INSERT, What.MOVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One enrollment before and after.

    Attributes:
        zone: IANA zone in which instants are told.
        before, after: The next lesson; None where none comes.
    """

    enrollment_id: int
    email: str
    zone: str
    status: str
    before: Foreseen | None
    after: Foreseen | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one change does.

    Attributes:
        gets: People to whom the lesson comes.
        past: People in the course who are past it and never get it.
        finished: People who are through and never get it.
        waiting: People whose next lesson it was before.
        first: The person to whom it goes first, and when; None where nobody's next lesson it is.
    """

    change: Change
    gets: int = 0
    past: int = 0
    finished: int = 0
    waiting: int = 0
    first: Person | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What ``bypost apply`` would do.

    Attributes:
        id: Names this plan: another state of files or course has another.
        shape: What would hold.
        people: Everybody in the course, by enrollment.
        risks: What would make people miss something without the author having said so.
    """

    id: str
    course: str
    title: str
    shape: Shape
    effects: Sequence[Effect]
    people: Sequence[Person]
    risks: Sequence[str]

    @property
    def moved(self) -> int:
        """Return how many people's next mail changes."""
        return sum(one.before != one.after for one in self.people)


def make_plan(
    context: Context, before: Shape, wish: Shape, rows: Iterator[tuple[Row, Sequence[Row]]]
) -> Plan:
    """Return what taking ``wish`` over would do.

    Args:
        rows: Enrollments with their person's clock, and their history (:func:`people_of`).
    """
    now, late = context.clock.now(), context.late
    after = merged(before, wish, now=now)
    found = changes(before, wish)
    tallies = {one.lesson: _Tally() for one in found}
    people = []
    for row, past in rows:
        run = settled(run_of(row, past, before, context), now)
        person = _person(row, run, before, after, now=now, late=late)
        people.append(person)
        _count(tallies, person, run, after, now.astimezone(run.zone).date())
    effects = [tallies[one.lesson].effect(one) for one in found]
    return Plan(
        id=_id(before, wish),
        course=wish.course,
        title=wish.title,
        shape=after,
        effects=effects,
        people=people,
        risks=[risk for one in effects if (risk := _risk(one, after))],
    )


def people_of(context: Context, course: str) -> Iterator[tuple[Row, Sequence[Row]]]:
    """Yield everybody who is in a course or through with it, with their history."""
    last = 0
    while True:
        with context.store.read() as connection:
            rows = enrollments.in_course(connection, course, after_id=last, limit=_CHUNK)
            past = ledger.history(connection, [row["id"] for row in rows])
        for row in rows:
            yield row, past.get(row["id"], ())
        if len(rows) < _CHUNK:
            return
        last = rows[-1]["id"]


def is_brought_back(shape: Shape, place: Place, on: date) -> bool:
    """Tell whether somebody who is through goes on: something was put in for people past it."""
    step = shape.next_step(replace(place, finished=True), on)
    return step is not None and step.if_past in {IfPast.NEXT, IfPast.AT_END}


def _person(row: Row, run: Run, before: Shape, after: Shape, *, now: datetime, late: Any) -> Person:
    finished = row["status"] == "finished"
    # Whoever is looked at again is looked at with a hint that says nothing.
    woken = replace(run, hint=run.started_at)
    goes_on = not finished or is_brought_back(after, run.place, now.astimezone(run.zone).date())
    return Person(
        enrollment_id=row["id"],
        email=row["email"] or "",
        zone=run.zone.key,
        status=row["status"],
        before=None if finished else foresee(before, run, now=now, late=late),
        after=foresee(after, woken, now=now, late=late) if goes_on else None,
    )


class _Tally:
    """Counts what becomes of one lesson."""

    def __init__(self) -> None:
        self.gets = self.past = self.finished = self.waiting = 0
        self.first: Person | None = None

    def effect(self, change: Change) -> Effect:
        """Return the counts."""
        return Effect(
            change=change,
            gets=self.gets,
            past=self.past,
            finished=self.finished,
            waiting=self.waiting,
            first=self.first,
        )


def _count(tallies: dict[str, _Tally], person: Person, run: Run, after: Shape, today: date) -> None:
    coming = set(to_come(after, run.place, today)) if person.after else set()
    for lesson, tally in tallies.items():
        if person.before and person.before.step.lesson == lesson:
            tally.waiting += 1
        if not lesson or lesson in run.had:
            continue
        if lesson in coming:
            tally.gets += 1
        elif person.status == "finished":
            tally.finished += 1
        else:
            tally.past += 1
        if person.after and person.after.step.lesson == lesson:
            first = tally.first
            if first is None or first.after is None or person.after.at < first.after.at:
                tally.first = person


def to_come(shape: Shape, place: Place, on: date) -> Iterator[str]:
    """Yield the lessons that somebody still gets, in their order, as of a local date."""
    had = set(place.had)
    while step := shape.next_step(replace(place, had=had), on):
        yield step.lesson
        had.add(step.lesson)


def _risk(effect: Effect, after: Shape) -> str:
    """Return what must be said before this is taken over; empty for nothing."""
    change = effect.change
    step = next((one for one in after.live if one.lesson == change.lesson), None)
    if change.what not in _PLACED or step is None or step.if_past or not effect.past:
        return ""
    who = "person is" if effect.past == 1 else "people are"
    return (
        f"{effect.past:,} {who} past “{change.title}” and would never get it: write `if_past: skip`"
        f", `if_past: next` or `if_past: at_end` into the front matter of `{change.lesson}`"
    )


def _id(before: Shape, wish: Shape) -> str:
    both = json.dumps([dump(before), dump(wish)], sort_keys=True)
    return hashlib.sha256(both.encode()).hexdigest()[:12]
