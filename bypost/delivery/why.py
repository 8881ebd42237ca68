"""Why somebody gets what they get, when they get it: asked of the functions that decide it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bypost.delivery import course_chapter, newsletter_chapter, reader
from bypost.delivery.context import Context
from bypost.delivery.instants import instant
from bypost.delivery.reader import Reader
from bypost.delivery.story import About, Story
from bypost.delivery.zones import zone
from bypost.errors import SettingsError
from bypost.model.content import full_name
from bypost.store import Connection, Row


def explain(context: Context, email: str, what: str = "") -> Story | None:
    """Return everything about the person with an address; None if nothing is known of it.

    Args:
        what: A course, a lesson, ``course/lesson`` or ``newsletter/issue`` that is asked about.

    Raises:
        SettingsError: there is nothing of that name, or several.
    """
    key = email.strip().casefold()
    with context.store.read() as connection:
        person = reader.find(connection, key)
        if person is None:
            return _nobody(email.strip(), reader.against(context, connection, key))
        found = reader.read(context, connection, person)
        return _story(found, _chosen(found, what))


def tell(context: Context, connection: Connection, person: Row) -> Story:
    """Return everything about a person who is not erased, but for the mails they had."""
    found = replace(reader.read(context, connection, person), followed=False)
    return _story(found, _chosen(found, ""))


def _story(found: Reader, chosen: _Chosen) -> Story:
    person = found.person
    return Story(
        email=person["email"],
        name=person["name"],
        status=person["status"],
        zone=found.zone.key,
        hour=person["hour"],
        because=tuple(_who(found)),
        chapters=(
            *(course_chapter.chapter(found, run) for run in chosen.runs),
            *(newsletter_chapter.chapter(found, letter) for letter in chosen.letters),
        ),
        about=chosen.about,
    )


def _nobody(email: str, against: Sequence[Row]) -> Story | None:
    """Return what is known of an address that nobody here has; None for nothing."""
    if not against:
        return None
    utc = zone("UTC")
    because = [
        f"{_nothing(row)} is sent to it since {instant(row['created_at'], utc)}: {row['reason']}"
        for row in against
    ]
    return Story(
        email=email,
        name="",
        status="unknown",
        zone="UTC",
        hour="",
        because=("nobody here has this address, and somebody had it", *because),
    )


def _nothing(row: Row) -> str:
    """Return "nothing", or "nothing of course letters"."""
    return "nothing" if row["scope"] == "all" else f"nothing of {row['scope'].replace(':', ' ')}"


def _who(found: Reader) -> Iterator[str]:
    """Yield who they are, and what stands against their address."""
    person = found.person
    since = person["confirmed_at"] or person["created_at"]
    yield f"{person['status']} since {found.at(since)}"
    own_zone = "their own zone" if person["time_zone"] else "no zone of their own"
    own_hour = f"their own hour is {person['hour']}" if person["hour"] else "no hour of their own"
    yield f"{own_zone}: told in {found.zone.key}; {own_hour}"
    for row in found.against:
        since = found.at(row["created_at"])
        yield f"{_nothing(row)} is sent to the address since {since}: {row['reason']}"
    yield from found.keeps_back(found.held.person(person["id"]).hold, "they are")


class _Chosen:
    """What of a person is told: everything, or what was asked about."""

    def __init__(
        self, runs: Sequence[Row], letters: Sequence[Row], about: About | None = None
    ) -> None:
        self.runs = runs
        self.letters = letters
        self.about = about


def _chosen(found: Reader, what: str) -> _Chosen:
    if not what:
        return _Chosen(found.runs, found.letters)
    runs = [run for run in found.runs if run["course"] == what]
    letters = [letter for letter in found.letters if letter["newsletter"] == what]
    if runs or letters:
        return _Chosen(runs, letters)
    answers = list(_answers(found, what))
    if len(answers) == 1:
        return _Chosen((), (), answers[0])
    if answers:
        names = ", ".join(sorted(one.name for one in answers))
        raise SettingsError(f"`{what}` is not one thing alone\n    say which: {names}")
    raise SettingsError(f"{found.person['email']}: {_unknown(found, what)}")


def _answers(found: Reader, what: str) -> Iterator[About]:
    """Yield what became of each mail of that name; of several runs the last counts."""
    collection, _, item = what.rpartition("/")
    for course, run in {run["course"]: run for run in found.runs}.items():
        shape = found.what.shapes.get(course)
        lessons = {step.lesson for step in shape.steps} if shape else set()
        lessons |= found.what.files.get(course, frozenset())
        if collection in {"", course} and item in lessons and shape:
            yield course_chapter.about(found, run, item)
    for letter in found.letters:
        newsletter = found.what.newsletters.get(letter["newsletter"])
        known = {issue.id for issue in newsletter.issues} if newsletter else set()
        if collection in {"", letter["newsletter"]} and item in known:
            yield newsletter_chapter.about(found, letter, item)


def _unknown(found: Reader, what: str) -> str:
    """Return what is wrong with a name they have nothing of."""
    names = [full_name(course, lesson) for course, lesson in found.what.lessons()]
    issues = [f"{n.id}/{one.id}" for n in found.what.newsletters.values() for one in n.issues]
    there = what in {*names, *issues, *found.what.shapes, *found.what.newsletters}
    mine = sorted(
        {run["course"] for run in found.runs} | {row["newsletter"] for row in found.letters}
    )
    on = ", ".join(mine) or "nothing"
    if there or any(name.endswith(f"/{what}") for name in (*names, *issues)):
        return f"they never were on what has `{what}`\n    they are or were on: {on}"
    known = "write a course, course/lesson or newsletter/issue"
    return f"there is no `{what}`\n    {known}; they are on: {on}"
