"""Enrollments: looked at, begun with a consent, paused, resumed, ended, and the next lesson now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.responses import Response

from bypost.delivery import holds
from bypost.people import leave, pace
from bypost.people.admit import Basis, enroll
from bypost.people.leave import Membership
from bypost.store import Connection, Row, enrollments, ledger, listing, subscribers
from bypost.web.api.bearer import needs
from bypost.web.api.content import require_course, require_lesson
from bypost.web.api.enrollment import Enrollment, EnrollmentsAsked, NewEnrollment, NextNow, Pause
from bypost.web.api.fields import NumberInPath
from bypost.web.api.once import CallOf, Once, Reply
from bypost.web.api.paging import Page, page
from bypost.web.api.refusals import ended, missing, unusable
from bypost.web.doors import Doors
from bypost.web.problem import API
from bypost.web.when import zone_of


class Enrollments:
    """Answers requests about enrollments."""

    def __init__(self, doors: Doors, once: Once) -> None:
        self._doors = doors
        self._context = doors.context
        self._once = once

    def page(self, asked: Annotated[EnrollmentsAsked, Query()]) -> Page[Enrollment]:
        """List enrollments."""
        filters = asked.model_dump(exclude={"cursor", "limit"})
        with self._context.store.read() as connection:
            return page(
                self._context.links,
                "enrollments",
                asked,
                lambda after, limit: listing.runs(connection, after=after, limit=limit, **filters),
                _shown,
                key=lambda row: int(row["id"]),
                first=0,
            )

    def get(self, enrollment_id: NumberInPath) -> Enrollment:
        """Return one enrollment."""
        with self._context.store.read() as connection:
            return _shown([_known(connection, enrollment_id)])[0]

    def create(self, body: NewEnrollment, call: CallOf) -> Response:
        """Start a course for somebody who agreed to it; 200 where they are on it already."""
        require_course(self._doors.catalogue, body.course)

        def act(connection: Connection, now: datetime) -> Reply:
            person = subscribers.by_id(connection, body.subscriber_id)
            if person is None:
                raise missing("subscriber")
            basis = Basis(statement=body.consent, address_hash=self._context.address_hash, now=now)
            first = body.from_lesson or ""
            if first:
                shape = self._doors.titles.shape(connection, body.course)
                require_lesson(first, [step.lesson for step in shape.live] if shape else [])
            number, new = enroll(connection, person, body.course, basis, begins_with=first)
            return _reply(connection, number, 201 if new else 200)

        return self._once.run(call, body, act)

    def pause(self, enrollment_id: NumberInPath, body: Pause, call: CallOf) -> Response:
        """Send nothing of this course for some weeks, or until a day."""

        def do(connection: Connection, run: Row, now: datetime) -> None:
            if body.weeks is not None:
                pace.pause(connection, run, weeks=body.weeks, now=now)
            elif body.until is not None:
                zone = self._zone(connection, run)
                pace.pause_until(connection, run, day=body.until, zone=zone, now=now)

        return self._change(call, body, enrollment_id, do)

    def resume(self, enrollment_id: NumberInPath, call: CallOf) -> Response:
        """Go on after a pause."""
        return self._change(
            call, None, enrollment_id, lambda c, run, now: pace.resume(c, run, now=now)
        )

    def next(self, enrollment_id: NumberInPath, call: CallOf) -> Response:
        """Ask for the next lesson now; at most one is pending, however often it is asked for."""

        def act(connection: Connection, now: datetime) -> Reply:
            run = _known(connection, enrollment_id)
            past = ledger.history(connection, [enrollment_id]).get(enrollment_id, [])
            shape = self._doors.titles.shape(connection, run["course"])
            answer = pace.ask_next(
                connection,
                run,
                after=pace.last_lesson(past),
                most=shape.most_a_day if shape else 0,
                now=now,
                held=holds.of_run(connection, run, now) is not None,
            )
            return Reply(status=200, body=NextNow(answer=answer))

        return self._once.run(call, None, act)

    def leave(self, enrollment_id: NumberInPath, call: CallOf) -> Response:
        """End this course for this person, at once; a second time changes nothing."""

        def act(connection: Connection, now: datetime) -> Reply:
            run = _known(connection, enrollment_id)
            member = Membership(
                "course", run["course"], run["id"], run["subscriber_id"], run["status"] == "left"
            )
            leave.leave(connection, member, by="api", now=now)
            return _reply(connection, enrollment_id, 200)

        return self._once.run(call, None, act)

    def _zone(self, connection: Connection, run: Row) -> ZoneInfo:
        """Return the zone by which this course runs for this person."""
        person = subscribers.by_id(connection, run["subscriber_id"])
        shape = self._doors.titles.shape(connection, run["course"])
        own = person["time_zone"] if person is not None else ""
        return zone_of(own, shape.time_zone if shape else "")

    def _change(
        self,
        call: CallOf,
        body: Pause | None,
        enrollment_id: int,
        do: Callable[[Connection, Row, datetime], None],
    ) -> Response:
        def act(connection: Connection, now: datetime) -> Reply:
            run = _known(connection, enrollment_id)
            if run["status"] != "active":
                raise ended(run["status"])
            try:
                do(connection, run, now)
            except ValueError:
                words = "write a day that is still to come, at most a year ahead"
                raise unusable([("body.until", words)]) from None
            return _reply(connection, enrollment_id, 200)

        return self._once.run(call, body, act)


def routes(doors: Doors, once: Once) -> APIRouter:
    """Return what can be asked about enrollments."""
    desk = Enrollments(doors, once)
    router = APIRouter(prefix="/enrollments", tags=["enrollments"])
    one = "/{enrollment_id}"
    router.add_api_route("", desk.page, dependencies=[needs("read")])
    router.add_api_route(one, desk.get, dependencies=[needs("read")])
    router.add_api_route(
        "",
        desk.create,
        methods=["POST"],
        status_code=201,
        response_model=Enrollment,
        responses={200: {"model": Enrollment}},
        dependencies=[needs("write")],
    )
    for verb, handler in (("pause", desk.pause), ("resume", desk.resume), ("leave", desk.leave)):
        router.add_api_route(
            f"{one}/{verb}",
            handler,
            methods=["POST"],
            response_model=Enrollment,
            dependencies=[needs("write")],
        )
    router.add_api_route(
        f"{one}/next",
        desk.next,
        methods=["POST"],
        response_model=NextNow,
        dependencies=[needs("write")],
    )
    return router


def _known(connection: Connection, enrollment_id: int) -> Row:
    run = enrollments.by_id(connection, enrollment_id)
    if run is None:
        raise missing("enrollment")
    return run


def _reply(connection: Connection, enrollment_id: int, status: int) -> Reply:
    shown = _shown([_known(connection, enrollment_id)])[0]
    location = f"{API}/enrollments/{enrollment_id}" if status == 201 else ""
    return Reply(status=status, body=shown, location=location, subscriber_id=shown.subscriber_id)


def _shown(rows: Sequence[Row]) -> list[Enrollment]:
    return [Enrollment(**{name: row[name] for name in Enrollment.model_fields}) for row in rows]
