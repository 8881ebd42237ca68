"""What an edit would do to the people in a course: who gets what, who never does, and when."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from bypost.delivery.concerned import Subject
from bypost.delivery.context import Context
from bypost.delivery.edit import Change, changes, merged
from bypost.delivery.foresee import Foreseen
from bypost.delivery.outlook import Outlook
from bypost.delivery.shape import Place, Shape
from bypost.delivery.shape_file import dump
from bypost.delivery.tally import Effect, Risk, Tallies
from bypost.model.course import IfPast

#: What a text edit changes, which no plan depends on.
_TEXTS = {"title", "content_hash"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One enrollment before and after.

    Attributes:
        zone: IANA zone in which instants are told.
        status: ``active`` or ``finished``.
        before, after: The next lesson; None where none comes, or not before a hold is ended.
    """

    enrollment_id: int
    email: str
    zone: str
    status: str
    before: Foreseen | None
    after: Foreseen | None

    @property
    def moved(self) -> bool:
        """Tell whether their next mail is another one, or comes at another time."""
        return _mail(self.before) != _mail(self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What ``bypost apply`` would do.

    Attributes:
        id: Names this plan: another structure, of the files or of the course, has another.
        wish: The course as its files would have it.
        effects: Every change, in the order of the course, and every further lesson that somebody
            gets or misses because of them.
        people: Everybody in the course, by enrollment.
        risks: What would make people miss something without the author having said so.
    """

    id: str
    course: str
    title: str
    wish: Shape
    effects: Sequence[Effect]
    people: Sequence[Person]
    risks: Sequence[Risk]

    @property
    def changes(self) -> list[Change]:
        """Return what differs between the files and the course."""
        return [change for one in self.effects for change in one.changes]

    @property
    def moved(self) -> int:
        """Return how many people's next mail changes."""
        return sum(one.moved for one in self.people)


def make_plan(context: Context, before: Shape, wish: Shape, people: Iterable[Subject]) -> Plan:
    """Return what taking ``wish`` over would do; nothing is written.

    What is due by the rules of ``before`` counts as owed first, as ``apply`` does it.
    """
    now = context.clock.now()
    after = merged(before, wish, now=now)
    look = _Look(before, after, now=now, late=context.late)
    tallies = Tallies(before, after)
    found = []
    for subject in people:
        person, had, old, new = look.at(subject)
        found.append(person)
        tallies.count(person.status, subject.run.zone, had, old, new)
    effects = tallies.effects(changes(before, wish))
    return Plan(
        id=_id(before, wish),
        course=wish.course,
        title=wish.title,
        wish=wish,
        effects=effects,
        people=found,
        risks=tallies.risks(effects),
    )


def is_brought_back(shape: Shape, place: Place, on: date) -> bool:
    """Tell whether somebody who is through goes on: something was put in for people past it."""
    step = shape.next_step(replace(place, finished=True), on)
    return step is not None and step.if_past in {IfPast.NEXT, IfPast.AT_END}


class _Look:
    """What comes for each person by the old rules and by the new ones."""

    def __init__(self, before: Shape, after: Shape, *, now: datetime, late: timedelta) -> None:
        self._before, self._after = before, after
        self._now, self._late = now, late
        self._old = Outlook(before, now=now, late=late)
        self._new = Outlook(after, now=now, late=late)

    def at(self, subject: Subject) -> tuple[Person, Place, Sequence[Foreseen], Sequence[Foreseen]]:
        """Return a person, their place, and what comes for them before and after."""
        then, owed = subject.owed_first(self._before, now=self._now, late=self._late)
        old = self._old.coming(subject.run) if then.status == "active" else ()
        # Whoever is looked at again is looked at with a hint that says nothing.
        run = replace(then.run, hint=then.run.started_at)
        today = self._now.astimezone(run.zone).date()
        goes_on = then.status == "active" or is_brought_back(self._after, run.place, today)
        new = self._new.coming(run) if goes_on else ()
        new = (owed, *new) if owed else new
        person = Person(
            enrollment_id=subject.enrollment_id,
            email=subject.email,
            zone=run.zone.key,
            status=then.status,
            before=None if subject.held else next(iter(old), None),
            after=None if subject.held else next(iter(new), None),
        )
        return person, subject.run.place, old, new


def _mail(found: Foreseen | None) -> tuple[str, datetime] | None:
    return (found.step.lesson, found.at) if found else None


def _id(before: Shape, wish: Shape) -> str:
    both = json.dumps([_structure(before), _structure(wish)], sort_keys=True)
    return hashlib.sha256(both.encode()).hexdigest()[:12]


def _structure(shape: Shape) -> dict[str, Any]:
    """Return what an edit of structure changes."""
    plain: Mapping[str, Any] = dump(shape)
    steps = [{k: v for k, v in step.items() if k not in _TEXTS} for step in plain["steps"]]
    return {**{k: v for k, v in plain.items() if k not in _TEXTS}, "steps": steps}
