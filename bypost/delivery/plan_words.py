"""A plan in words: in people and dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from bypost.delivery.edit import What
from bypost.delivery.foresee import Foreseen
from bypost.delivery.plan import Person, Plan
from bypost.delivery.tally import Effect
from bypost.model.quantity import quantity

#: A sign before each kind of change, as `diff` has them; what is only touched has none.
SIGNS = {What.INSERT: "+", What.REMOVE: "-"}


def edited(effect: Effect) -> Iterator[str]:
    """Yield what was edited, a line each: ``+ insert “One thing” after “Welcome”``."""
    for change in effect.changes:
        name = f" “{change.title}”" if change.lesson else ""
        detail = f"  {change.detail}" if change.detail else ""
        yield f"{SIGNS.get(change.what, '~')} {change.what}{name}{detail}"
    if not effect.changes:
        yield f"  touched “{effect.title}”"


def outcome(effect: Effect, plan: Plan) -> str:
    """Return what it does, in people and dates."""
    if not plan.people:
        return "nobody is in this course"
    if not effect.lesson:
        return f"{_of(plan.moved, len(plan.people))} get their next lesson at another time"
    if What.REMOVE in effect.kinds:
        words = [f"{effect.lost:,} do not get it any more, {effect.had:,} had it"]
        if effect.waiting:
            words.append(f"{effect.waiting:,} {_are(effect.waiting)} waiting for it and go on")
        return "; ".join(words)
    words = [f"{effect.gets:,} {'gets' if effect.gets == 1 else 'get'} it"]
    if effect.brought_back:
        words.append(f"{effect.brought_back:,} of them were through and go on for it")
    words += [f"{effect.had:,} had it"] if effect.had else []
    words += [f"{effect.past:,} {_are(effect.past)} past it"] if effect.past else []
    words += [f"{effect.lost:,} of them were to get it"] if effect.lost else []
    words += [f"{effect.finished:,} finished"] if effect.finished else []
    first = f"; first send {moment(effect.first)}" if effect.first else ""
    return ", ".join(words) + first


def next_mails(plan: Plan) -> str:
    """Return for how many people the next mail changes."""
    return f"the next mail of {_of(plan.moved, len(plan.people))} changes"


def moved(person: Person) -> str:
    """Return how the next mail of one person changes."""
    zone = ZoneInfo(person.zone)
    return f"{_told(person.before, zone)} -> {_told(person.after, zone)}"


def moment(at: datetime) -> str:
    """Return "Tue 24 Nov 09:00 Berlin", for an instant in a person's zone."""
    place = getattr(at.tzinfo, "key", "UTC").rpartition("/")[2].replace("_", " ")
    return f"{at:%a} {at.day} {at:%b %H:%M} {place}"


def policy(lesson: str, path: str) -> str:
    """Return what to write, and where, so that a risk is none."""
    return (
        f"write one of these into the front matter of {path or lesson}:\n"
        "    if_past: skip     they never get it\n"
        "    if_past: next     it is their next lesson\n"
        "    if_past: at_end   it comes after all others"
    )


def _told(found: Foreseen | None, zone: ZoneInfo) -> str:
    if found is None:
        return "nothing"
    return f"“{found.step.title}” {moment(found.at.astimezone(zone))}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _of(number: int, total: int) -> str:
    return f"{number:,} of {quantity(total, 'person')}"
