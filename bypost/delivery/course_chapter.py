"""One course of one person: how they came to it, what they had, what comes and why then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from bypost.content.loader import COURSES
from bypost.delivery.caps import Diary, Held
from bypost.delivery.due import Run
from bypost.delivery.foresee import Foreseen, ahead, settled
from bypost.delivery.next_because import Next, closed, explain_next
from bypost.delivery.read_run import run_of
from bypost.delivery.reader import Reader
from bypost.delivery.room import diary_of, held_lesson
from bypost.delivery.shape import Shape
from bypost.delivery.story import About, Chapter, Coming, Mail
from bypost.model.course import IfPast
from bypost.model.quantity import quantity
from bypost.store import Row, ledger

#: How far ahead a lesson is looked for.
_AHEAD = timedelta(days=3660)


def chapter(reader: Reader, run: Row) -> Chapter:
    """Return the chapter of one run."""
    return Chapter(
        kind="course",
        name=run["course"],
        title=_title(reader, run["course"]),
        status=run["status"],
        since=run["started_at"],
        because=(*reader.how(f"course:{run['course']}"), *_standing(reader, run)),
        had=reader.had(enrollment_id=run["id"]),
        coming=(_coming(reader, run),),
    )


def about(reader: Reader, run: Row, lesson: str) -> About:
    """Return what became of one lesson in a run."""
    shape = reader.what.shapes[run["course"]]
    step = next((one for one in shape.steps if one.lesson == lesson), None)
    name, title = f"{run['course']}/{lesson}", step.title if step else lesson
    for mail in reversed(reader.had(enrollment_id=run["id"])):
        if mail.name == name:
            return told(mail)
    if step is None:
        words = "it is in the files, and waits for `bypost apply`: nobody gets it before"
        return About(name=name, title=title, verdict="never", at=None, because=(words,))
    stop = (*_standing(reader, run), *_stopped(reader, run))
    if run["status"] == "active" and (going := _going(reader, run)) is not None:
        way = list(_way_to(reader, shape, going, lesson))
        if way:
            because = (*stop, *_chain(reader, shape, going, way))
            at = None if stop else way[-1].at
            return About(name=name, title=title, verdict="coming", at=at, because=because)
    never = tuple(_never(reader, shape, run, lesson))
    return About(name=name, title=title, verdict="never", at=None, because=(*stop, *never))


def told(mail: Mail) -> About:
    """Return what became of a mail that was owed."""
    return About(
        name=mail.name,
        title=mail.title,
        verdict=mail.state,
        at=mail.at,
        because=mail.because,
        ref=mail.ref,
    )


def _title(reader: Reader, course: str) -> str:
    shape = reader.what.shapes.get(course)
    return shape.title if shape else course


def _standing(reader: Reader, run: Row) -> Iterator[str]:
    """Yield how a run stands that does not go on."""
    if run["status"] == "left":
        when = f" on {reader.at(run['left_at'])}" if run["left_at"] else ""
        yield f"they left the course{when}"
    elif run["status"] == "finished":
        when = f" on {reader.at(run['finished_at'])}" if run["finished_at"] else ""
        yield f"they were through with it{when}"


def _stopped(reader: Reader, run: Row) -> Iterator[str]:
    """Yield what keeps everything of a course from a person, whatever falls due."""
    course = run["course"]
    if words := reader.muted(f"course:{course}"):
        yield words
    if reader.person["status"] != "confirmed":
        yield "they have not confirmed their address"
    if course not in reader.what.sends:
        path = f"{COURSES}/{course}"
        why = reader.what.held.get(path) or reader.what.held.get("templates/email")
        yield f"{path} sends nothing: {why or 'it is not there, or no pass has read it yet'}"
    yield from reader.keeps_back(reader.held.course(course).hold, "the course is")


def _coming(reader: Reader, run: Row) -> Coming:
    """Return the next lesson, or why none comes."""
    shape = reader.what.shapes.get(run["course"])
    if run["status"] != "active":
        return Coming(because=("nothing more comes of it",))
    if shape is None:
        return Coming(because=tuple(_stopped(reader, run)))
    stopped = tuple(_stopped(reader, run))
    going = _going(reader, run)
    if going is None:
        return Coming(because=stopped or ("it waits until a pause of the operator is over",))
    found = _explain(reader, shape, going)
    because = (*stopped, *going.because, *found.because, *_edits(reader, run["course"]))
    if found.foreseen is None:
        return Coming(because=because)
    step = found.foreseen.step
    at = None if stopped else found.foreseen.at
    return Coming(name=f"{shape.course}/{step.lesson}", title=step.title, at=at, because=because)


@dataclass(frozen=True, slots=True)
class _Going:
    """A run as it goes on once what is on its way has been accepted."""

    run: Run
    because: tuple[str, ...]
    diary: Diary | None
    held: Held | None


def _explain(reader: Reader, shape: Shape, going: _Going) -> Next:
    return explain_next(
        shape,
        going.run,
        now=reader.now,
        late=reader.context.late,
        diary=going.diary,
        held=going.held,
    )


def _going(reader: Reader, run: Row) -> _Going | None:
    """Return a run with its holds; None where nobody knows when it goes on."""
    shape = reader.what.shapes[run["course"]]
    past = ledger.history(reader.connection, [run["id"]]).get(run["id"], [])
    clock = {name: reader.person[name] for name in ("time_zone", "hour")}
    row: Mapping[str, Any] = {**run, **clock}
    plain = run_of(cast("Row", row), past, shape, reader.context)
    held = reader.held.run(plain, run["course"], reader.person["id"])
    if held is None:
        return None
    because = ("one is on its way; if it is accepted now:",) if held.pending else ()
    going = settled(held, reader.now)
    look = (reader.context, reader.connection, cast("Row", row), shape, going, reader.now)
    return _Going(going, because, diary_of(*look), held_lesson(*look))


def _edits(reader: Reader, course: str) -> Iterator[str]:
    """Yield what of the files waits for being applied."""
    waiting = reader.what.waiting.get(course, ())
    if waiting:
        what = quantity(len(waiting), "change")
        yield f"{what} in {COURSES}/{course} would count only after `bypost apply {course}`"


def _way_to(reader: Reader, shape: Shape, going: _Going, lesson: str) -> Iterator[Foreseen]:
    """Yield the lessons up to one that comes; nothing if it does not come."""
    found = []
    late, until = reader.context.late, reader.now + _AHEAD
    diary = going.diary.copy() if going.diary else None
    for one in ahead(shape, going.run, now=reader.now, late=late, until=until, diary=diary):
        found.append(one)
        if one.step.lesson == lesson:
            yield from found
            return


def _chain(reader: Reader, shape: Shape, going: _Going, way: list[Foreseen]) -> Iterator[str]:
    """Yield why a lesson that comes comes then."""
    yield from going.because
    if len(way) == 1:
        yield from _explain(reader, shape, going).because
        return
    for one in way[:-1]:
        yield f"before it comes “{one.step.title}” on {reader.at(one.at)}"
    yield f"it follows by “{way[-1].step.delay}”, if each is accepted as soon as it is due"
    yield f"so it goes out on {reader.at(way[-1].at)}"


def _never(reader: Reader, shape: Shape, run: Row, lesson: str) -> Iterator[str]:
    """Yield why a lesson never comes in a run."""
    step = next(one for one in shape.steps if one.lesson == lesson)
    going = _going(reader, run)
    if going is None:
        yield "nobody knows when it goes on: a pause of the operator has no end"
        return
    place, on = going.run.place, reader.now.astimezone(going.run.zone).date()
    first, _ = shape.reach(place)
    if not step.goes_out(on):
        yield closed(shape, step, going.run, on)
    elif shape.steps.index(step) < first:
        yield f"they began with “{_named(shape, place.begins_with)}”, and this one is before it"
    elif shape.passed(place, lesson):
        policy = step.if_past or IfPast.SKIP
        yield f"they are past its place, and for those it says `if_past: {policy}`"
    elif run["status"] == "active":
        yield closed(shape, step, going.run, on)


def _named(shape: Shape, lesson: str) -> str:
    return next((step.title for step in shape.steps if step.lesson == lesson), lesson)
