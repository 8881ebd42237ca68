"""Plans of all courses of a project: what the files wish against what holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bypost.delivery.concerned import Subject, people_of
from bypost.delivery.context import Context
from bypost.delivery.edit import changes
from bypost.delivery.plan import Plan, make_plan
from bypost.delivery.plan_notes import notes as notes_of
from bypost.delivery.shape import Shape
from bypost.delivery.shape_file import load
from bypost.delivery.wishes import Wishes, read_wishes
from bypost.errors import Problem, SettingsError
from bypost.store import contents, enrollments

#: Called with the number of people looked at.
OnPerson = Callable[[int], None]
PeopleOf = Callable[[Shape], Iterable[Subject]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What waits, course by course.

    Attributes:
        plans: Of courses whose structure differs.
        before: Those courses as they hold.
        paths: (course, lesson) -> its file.
        held: What does not load or compile, and can therefore not be planned.
        notes: What else somebody should know.
        people: ``database``, or ``assumed`` where they are not real.
    """

    plans: Sequence[Plan] = ()
    before: Mapping[str, Shape] = field(default_factory=dict)
    paths: Mapping[tuple[str, str], str] = field(default_factory=dict)
    held: Mapping[str, Sequence[Problem]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    people: str = "database"


def planned(context: Context, course: str = "", on_person: OnPerson | None = None) -> Planned:
    """Return what waits for ``bypost apply``; nothing is written.

    Args:
        course: This one alone.

    Raises:
        SettingsError: There is no such course.
    """
    wishes = read_wishes(context)
    with context.store.read() as connection:
        before = {name: load(plain) for name, plain in contents.applied(connection).items()}
        gone = [
            name
            for name in sorted(before.keys() - wishes.shapes.keys())
            if f"lessons/{name}" not in wishes.held and enrollments.any_in(connection, name)
        ]
    held = chosen_held(wishes, course)
    found = plans(context, before, chosen(wishes, course), _real(context, on_person))
    left = [_gone(name) for name in gone if not held and course in {"", name}]
    return Planned(
        plans=found,
        before=before,
        paths=wishes.paths,
        held=held,
        notes=[*left, *notes_of(context, found, before)],
    )


def plans(
    context: Context,
    before: Mapping[str, Shape],
    wishes: Mapping[str, Shape],
    people: PeopleOf,
) -> list[Plan]:
    """Return a plan for each course whose structure differs."""
    return [
        make_plan(context, before[name], wish, people(before[name]))
        for name, wish in wishes.items()
        if name in before and changes(before[name], wish)
    ]


def chosen(wishes: Wishes, course: str) -> dict[str, Shape]:
    """Return the course that is meant, or all; raise SettingsError where there is none."""
    if not course:
        return dict(wishes.shapes)
    if course in wishes.shapes:
        return {course: wishes.shapes[course]}
    if chosen_held(wishes, course):
        return {}
    known = ", ".join(sorted(wishes.shapes)) or "none"
    raise SettingsError(f"{course}: there is no such course\n    known: {known}")


def chosen_held(wishes: Wishes, course: str) -> dict[str, Sequence[Problem]]:
    """Return what is broken of the course that is meant, or of all."""
    concerned = {f"lessons/{course}", "templates/email"}
    return {name: found for name, found in wishes.held.items() if not course or name in concerned}


def _real(context: Context, on_person: OnPerson | None) -> PeopleOf:
    """Return where the people of the database come from, counted."""
    done = 0

    def people(shape: Shape) -> Iterator[Subject]:
        nonlocal done
        for subject in people_of(context, shape):
            done += 1
            if on_person and not done % 100:
                on_person(done)
            yield subject

    return people


def _gone(course: str) -> str:
    return f"lessons/{course} is gone: people in it get nothing until it is there again"


def between(
    context: Context,
    before: Wishes,
    after: Wishes,
    course: str = "",
    people: PeopleOf | None = None,
    on_person: OnPerson | None = None,
) -> Planned:
    """Return what would wait if people went by ``before``; nothing is written.

    Args:
        people: Who they are taken to be; None for those of the database.
    """
    wanted = chosen(after, course)
    held = dict(chosen_held(after, course))
    notes = [
        f"{name}: broken in the earlier revision, and not compared: {problems[0]}"
        for name, problems in chosen_held(before, course).items()
        if problems
    ]
    notes += [
        f"lessons/{name}: is new"
        for name in wanted
        if name not in before.shapes and f"lessons/{name}" not in before.held
    ]
    if not course and not held:
        notes += [_gone(name) for name in sorted(before.shapes.keys() - after.shapes.keys())]
    found = plans(context, before.shapes, wanted, people or _real(context, on_person))
    return Planned(
        plans=found,
        before=before.shapes,
        paths=after.paths,
        held=held,
        notes=[*notes, *notes_of(context, found, before.shapes)],
        people="assumed" if people else "database",
    )
