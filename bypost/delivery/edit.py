"""What an edit changes in the shape of a course: compared, and put together for taking over.

Texts reach everybody who has not had that lesson. Order, time and policy are structure: they wait
for ``bypost apply`` as long as somebody is in the course.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from enum import StrEnum

from bypost.delivery.shape import Shape, Step
from scheduler.window import END_OF_DAY, EVERY_DAY, WEEKDAY_NAMES, Window


class What(StrEnum):
    """Kinds of structural change."""

    INSERT = "insert"
    REMOVE = "remove"
    MOVE = "move"
    RETIME = "retime"
    POLICY = "policy"
    CLOCK = "clock"  #: the course's own hour, zone or window


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One structural change.

    Attributes:
        lesson: Its id; empty for the course itself.
        title: What it is called.
        detail: What it was and what it becomes, e.g. ``2 days -> 1 day``.
    """

    what: What
    lesson: str
    title: str
    detail: str = ""


def changes(before: Shape, wish: Shape) -> list[Change]:
    """Return how the structure of ``wish`` differs, in the order of the course."""
    old = {step.lesson: step for step in before.live}
    new = {step.lesson: step for step in wish.live}
    moved = _moved([name for name in old if name in new], [name for name in new if name in old])
    found = list(_clock(before, wish))
    for number, step in enumerate(wish.live):
        if step.lesson not in old:
            after = wish.live[number - 1].title if number else ""
            detail = f"after “{after}”" if after else "at the beginning"
            found.append(_change(What.INSERT, step, detail))
            continue
        if step.lesson in moved:
            found.append(_change(What.MOVE, step, _places(before, wish, step.lesson)))
        found += _retimed(old[step.lesson], step)
    found += [_change(What.REMOVE, step) for step in before.live if step.lesson not in new]
    return found


def with_texts_of(before: Shape, wish: Shape) -> Shape:
    """Return the structure of ``before`` with the texts of ``wish``."""
    new = {step.lesson: step for step in wish.live}

    def text_of(step: Step) -> Step:
        found = new.get(step.lesson)
        if found is None or step.retired:
            return step
        return replace(step, title=found.title, content_hash=found.content_hash)

    return replace(
        before,
        title=wish.title,
        at_least_once=wish.at_least_once,
        most_a_day=wish.most_a_day,
        steps=tuple(map(text_of, before.steps)),
    )


def merged(before: Shape, wish: Shape, *, now: datetime) -> Shape:
    """Return ``wish`` as people go through it from ``now`` on.

    Lessons that are gone are retired: each keeps its place behind the one it stood behind. One that
    is moved leaves its old place to those who had it there, so that it takes nobody along.
    """
    new = [step.lesson for step in wish.steps]
    old = [step.lesson for step in before.live]
    moved = _moved([name for name in old if name in new], [name for name in new if name in old])
    steps: list[Step] = list(wish.steps)
    behind = 0
    for step in before.steps:
        if not step.retired and step.lesson in new and step.lesson not in moved:
            behind = [one.lesson for one in steps].index(step.lesson) + 1
        else:
            steps.insert(behind, _left_behind(step, now) if step.lesson in new else _gone(step))
            behind += 1
    return replace(wish, steps=tuple(steps), reset_at=now)


def _gone(step: Step) -> Step:
    return replace(step, retired=True)


def _left_behind(step: Step, now: datetime) -> Step:
    """Return the old place of a lesson that stands elsewhere from now on."""
    name = f"{step.lesson} until {now.isoformat()}"
    return replace(step, lesson=name, retired=True, stands_for=step.lesson, until=now)


def _clock(before: Shape, wish: Shape) -> Iterator[Change]:
    for name, old, new in (
        ("hour", before.hour, wish.hour),
        ("time_zone", before.time_zone, wish.time_zone),
        ("window", before.window, wish.window),
    ):
        if old != new:
            detail = f"{name}: {_said(old)} -> {_said(new)}"
            yield Change(what=What.CLOCK, lesson="", title=wish.title, detail=detail)


def _retimed(old: Step, new: Step) -> Iterator[Change]:
    for name, was, becomes in (
        ("delay", old.delay, new.delay),
        ("window", old.window, new.window),
        ("not_before", old.not_before, new.not_before),
        ("expires", old.expires, new.expires),
        ("season", old.season, new.season),
        ("instead_of", old.instead_of or None, new.instead_of or None),
    ):
        if was != becomes:
            yield _change(What.RETIME, new, f"{name}: {_said(was)} -> {_said(becomes)}")
    if old.if_past != new.if_past:
        detail = f"if_past: {_said(old.if_past)} -> {_said(new.if_past)}"
        yield _change(What.POLICY, new, detail)


def _change(what: What, step: Step, detail: str = "") -> Change:
    return Change(what=what, lesson=step.lesson, title=step.title, detail=detail)


def _said(value: object) -> str:
    if isinstance(value, Window):
        return _window(value)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return "none" if value is None else str(value)


def _window(window: Window) -> str:
    """Return "08:00 to 20:00 on mon, tue, without 3 dates"."""
    end = "24:00" if window.end == END_OF_DAY else f"{window.end:%H:%M}"
    days = ", ".join(WEEKDAY_NAMES[day][:3] for day in sorted(window.weekdays))
    on = "" if window.weekdays == EVERY_DAY else f" on {days}"
    number = len(window.skip)
    skip = f", without {number} {'date' if number == 1 else 'dates'}" if number else ""
    return f"{window.start:%H:%M} to {end}{on}{skip}"


def _places(before: Shape, wish: Shape, lesson: str) -> str:
    old = [step.lesson for step in before.live].index(lesson) + 1
    new = [step.lesson for step in wish.live].index(lesson) + 1
    return f"place {old} -> {new}"


def _moved(old: Sequence[str], new: Sequence[str]) -> set[str]:
    """Return the fewest names that have to move to make one order of the other.

    Of two that change places the one moves that goes back: people between them then miss nothing.
    """
    place = {name: number for number, name in enumerate(old)}
    # The longest run that begins with each name; of equal ones that whose names come first.
    runs: dict[str, list[str]] = {}
    for number, name in reversed(list(enumerate(new))):
        after = [runs[one] for one in new[number + 1 :] if place[one] > place[name]]
        runs[name] = [name, *_longest(after)]
    stays = set(_longest([runs[name] for name in new]))
    return {name for name in new if name not in stays}


def _longest(runs: Sequence[list[str]]) -> list[str]:
    return max(runs, key=len, default=[])
