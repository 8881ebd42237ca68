"""What an operator does with a course: pause it, let it go on, apply what waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time

from starlette.responses import Response

from bypost.admins.role import Role
from bypost.delivery import instance, pause
from bypost.delivery.apply import apply
from bypost.delivery.holds import Scope
from bypost.delivery.pause import Target
from bypost.delivery.plan import Plan
from bypost.delivery.plan_words import moment
from bypost.delivery.publish import Publisher
from bypost.delivery.shape import Shape
from bypost.delivery.zones import zone
from bypost.errors import ByPostError, SettingsError
from bypost.model.quantity import quantity
from bypost.store import Connection
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.course import COURSE, of_course, show_course
from bypost.web.desk.course_plan import Planner, plan_in
from bypost.web.desk.desk import Desk

#: Characters of a reason that are kept.
_MOST_REASON = 300


class CourseActions:
    """The forms of a course's page."""

    def __init__(self, desk: Desk, planner: Planner) -> None:
        self._desk = desk
        self._planner = planner

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at; all of it is for operators."""
        return [
            Address("POST", f"{COURSE}/{name}", of_course(self._desk, action), Role.OPERATOR)
            for name, action in (
                ("pause", self.pause),
                ("resume", self.resume),
                ("apply", self.apply),
            )
        ]

    def pause(self, ask: Ask, shape: Shape) -> Response:
        """Hold the course until a day begins in its zone, or until somebody lets it go on."""
        context, target = self._desk.context, _target(shape)
        reason = ask.text("reason", _MOST_REASON)
        try:
            until = _day(ask.text("until"), shape)
            with context.store.write() as connection:
                now = context.clock.now()
                pause.pause_within(connection, target, until=until, reason=reason, now=now)
                detail = f"until {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if until else ""
                self._desk.note(connection, ask, "course.pause", f"course:{shape.course}", detail)
        except ValueError:
            wrong = "choose a day that is still to come, or none"
            return show_course(self._desk, ask, shape, status=422, wrong=wrong, about="pause")
        said = f"Paused until {moment(until)}." if until else "Paused until you let it go on."
        return self._desk.done(ask, f"/courses/{shape.course}", said)

    def resume(self, ask: Ask, shape: Shape) -> Response:
        """Let the course go on."""
        context = self._desk.context
        with context.store.write() as connection:
            ended = pause.resume_within(connection, _target(shape), now=context.clock.now())
            if ended:
                self._desk.note(connection, ask, "course.resume", f"course:{shape.course}")
        said = "It goes on: one lesson for each at their next opening." if ended else "It was open."
        return self._desk.done(ask, f"/courses/{shape.course}", said)

    def apply(self, ask: Ask, shape: Shape) -> Response:
        """Take over what waits, as it was planned and shown."""
        try:
            plan = self._plan(ask, shape)
            self._take_over(ask, shape, plan)
        except ByPostError as error:
            wrong = str(error)
            self._planner.forget(shape.course)
            return show_course(self._desk, ask, shape, status=409, wrong=wrong, about="apply")
        self._planner.forget(shape.course)
        said = f"Taken over: {quantity(len(plan.changes), 'change')}."
        return self._desk.done(ask, f"/courses/{shape.course}", said)

    def _plan(self, ask: Ask, shape: Shape) -> Plan:
        """Return the plan that was looked at.

        Raises:
            SettingsError: It no longer fits, somebody would miss a lesson, or the word was not
                typed.
        """
        plan = plan_in(self._planner.work(shape.course, old=True), shape.course)
        if plan is None or plan.id != ask.text("plan"):
            raise SettingsError("nothing was changed: the plan is another by now, look at it anew")
        if plan.risks:
            raise SettingsError(f"nothing was changed: {plan.risks[0]}")
        if takes_away(plan) and not ask.typed(shape.course):
            raise SettingsError(f"nothing was changed: type {shape.course} to go on")
        return plan

    def _take_over(self, ask: Ask, shape: Shape, plan: Plan) -> None:
        """Carry a plan out; raises ByPostError where it cannot be."""
        context = self._desk.context
        instance.check(context)
        # Only stored content is sent: the mails of new lessons have to be there first.
        Publisher(context).take_over(patient=False)
        done = quantity(len(plan.changes), "change")

        def note(connection: Connection) -> None:
            subject, detail = f"course:{shape.course}", f"{done}, plan {plan.id}"
            self._desk.note(connection, ask, "course.apply", subject, detail)

        apply(context, shape, plan, note=note)


def takes_away(plan: Plan) -> bool:
    """Tell whether somebody does not get a lesson any more that was to come."""
    return any(effect.lost for effect in plan.effects)


def _target(shape: Shape) -> Target:
    return Target(scope=Scope.COURSE, name=shape.course)


def _day(text: str, shape: Shape) -> datetime | None:
    """Return when a day begins in the course's zone; None for no day.

    Raises:
        ValueError: It is no day.
    """
    if not text:
        return None
    return datetime.combine(datetime.fromisoformat(text).date(), time(), zone("", shape.time_zone))
