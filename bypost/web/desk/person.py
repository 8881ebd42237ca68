"""One subscriber: who they are, what comes and why then, what happened, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import orjson
from starlette.responses import Response

from bypost.delivery import holds
from bypost.delivery.story import Chapter, Story
from bypost.delivery.why import tell
from bypost.people import pace
from bypost.people.export_person import export_person
from bypost.store import (
    Connection,
    Row,
    consents,
    enrollments,
    subscribers,
    subscriptions,
    suppressions,
)
from bypost.web.desk import timeline
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import Desk
from bypost.web.desk.person_actions import Actions
from bypost.web.standing import Standing, standing
from bypost.web.when import zone_of
from bypost.web.zones import options

_PACES = {
    "": "in the rhythm of the course",
    "1 day": "every day",
    "1 weekday": "from Monday to Friday",
    "twice a week": "twice a week",
    "7 days": "once a week",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One run, with where it stands and why the next lesson comes then."""

    run: Row
    title: str
    at: Standing | None
    chapter: Chapter | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the page shows of somebody."""

    person: Row
    zone: ZoneInfo
    story: Story | None
    courses: Sequence[Course] = ()
    letters: Sequence[Chapter] = ()
    against: Sequence[Row] = ()
    hold: holds.Hold | None = None
    agreed: Sequence[Row] = ()
    entries: Sequence[timeline.Entry] = ()
    letter_rows: dict[str, Row] = field(default_factory=dict)


class Person:
    """A subscriber's page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._context = desk.context
        self._actions = Actions(desk)

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [
            Address("GET", "/subscribers/{id}", self.show),
            Address("GET", "/subscribers/{id}/about.json", self.export),
            *self._actions.addresses(),
        ]

    def show(self, ask: Ask) -> Response:
        """Show everything about somebody."""
        with self._context.store.read() as connection:
            person = known(connection, ask)
            if person is None:
                return self._desk.gone(ask, "subscriber")
            found = self._found(connection, person)
        now = self._context.clock.now()
        return self._desk.show(
            ask,
            "person",
            found=found,
            person=person,
            zone=found.zone,
            local=now.astimezone(found.zone),
            paces=_PACES,
            hours=pace.HOURS[1:],
            weeks=pace.PAUSE_WEEKS,
            zones=options(person["time_zone"]),
        )

    def export(self, ask: Ask) -> Response:
        """Return everything that is kept about somebody as a file; written into the log."""
        context = self._context
        with context.store.write() as connection:
            person = known(connection, ask)
            if person is None:
                return self._desk.gone(ask, "subscriber")
            told = export_person(
                connection,
                person["id"],
                address_hash=context.address_hash,
                reference=context.reference,
                now=context.clock.now(),
            )
            self._desk.note(connection, ask, "subscriber.export", f"subscriber:{person['id']}")
        name = f"subscriber-{person['id']}.json"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        body = orjson.dumps(told, option=orjson.OPT_INDENT_2)
        return Response(body, media_type="application/json", headers=headers)

    def _found(self, connection: Connection, person: Row) -> Found:
        who, now = person["id"], self._context.clock.now()
        if person["status"] == "erased":
            return Found(
                person=person,
                zone=zone_of(),
                story=None,
                entries=timeline.entries(self._context, connection, person),
            )
        story = tell(self._context, connection, person)
        hashed = self._context.address_hash(person["email_key"])
        letters = subscriptions.of_subscribers(connection, [who])
        return Found(
            person=person,
            zone=zone_of(story.zone),
            story=story,
            courses=self._courses(connection, person, story),
            letters=[one for one in story.chapters if one.kind == "newsletter"],
            letter_rows={row["newsletter"]: row for row in letters},
            against=suppressions.of_address(connection, hashed),
            hold=holds.read(connection, now, [who]).person(who).hold,
            agreed=consents.of_subscriber(connection, who),
            entries=timeline.entries(self._context, connection, person),
        )

    def _courses(self, connection: Connection, person: Row, story: Story) -> list[Course]:
        """Return the last run of each course, those that go on first."""
        runs = {
            row["course"]: row for row in enrollments.of_subscribers(connection, [person["id"]])
        }
        chapters = {one.name: one for one in story.chapters if one.kind == "course"}
        found = [self._course(connection, run, chapters.get(name)) for name, run in runs.items()]
        return sorted(found, key=lambda one: one.run["status"] != "active")

    def _course(self, connection: Connection, run: Row, chapter: Chapter | None) -> Course:
        shape = self._desk.doors.titles.shape(connection, run["course"])
        now = self._context.clock.now()
        return Course(
            run=run,
            title=shape.title if shape else run["course"],
            at=standing(self._context, connection, run, shape, now) if shape else None,
            chapter=chapter,
        )


def known(connection: Connection, ask: Ask) -> Row | None:
    """Return whom an address names; None for nobody."""
    number = ask.path.get("id", "")
    if not (number.isascii() and number.isdigit()) or len(number) > 18:
        return None
    return subscribers.by_id(connection, int(number))
