"""Everything that can happen to a course, in any order; what must hold after each of it.

The truth is the simulated provider's. Clocks of three kinds of delay are within what the product
assumes: a request ends within its lease, a late one is taken over within 5 minutes, a search shows
it a minute later, and the quiet period is 15 minutes.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import ClassVar
from unittest import mock

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select

from bypost.delivery import events, owner, reconcile
from bypost.delivery.shape_file import dump
from bypost.delivery.steps import LABELS
from bypost.model.event import EventKind
from bypost.model.message import SendClass
from bypost.people import join, leave, pace
from bypost.store import (
    Connection,
    Row,
    batch_members,
    contents,
    enrollments,
    ledger,
    settle,
    subscribers,
)
from bypost.store.schema import deliveries
from bypost.testing import ending
from bypost.testing.ending import Ending
from tests.delivery.stage import Theatre, crash_at
from tests.delivery.truth import Truth, runs_of_all
from tests.delivery.worker import Crew

ANY = st.integers(0, 99)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ZONES = ("Asia/Tokyo", "America/Lima", "UTC")
MOST_PEOPLE = 9
#: More would outwear the margin of a key's lifetime.
MOST_BACK = 6 * HOUR
ENDINGS: dict[str, Ending] = {
    "ok": ending.ok(),
    "lost, accepted": ending.lost(accepted=True),
    "lost": ending.lost(accepted=False),
    "late": ending.late(5 * MINUTE),
    "not sent": ending.not_sent(),
    "429": ending.throttled(None),
    "429 with a time": ending.throttled(20 * MINUTE),
    "401": ending.refused(401),
    "422": ending.refused(422),
    "some refused": ending.some_refused(1),
    "some retried": ending.some_retried(0),
}
ENDING = st.sampled_from(["ok", *ENDINGS])


class Machine(RuleBasedStateMachine):
    """One example: a course of three lessons, some people, one provider."""

    theatre: ClassVar[Theatre]
    send_class: ClassVar[SendClass]

    def __init__(self) -> None:
        super().__init__()
        self.things = ExitStack()
        opened = self.theatre.stage(self.send_class, batch_size=2)
        self.stage = self.things.enter_context(opened)
        self.crew = self.things.enter_context(Crew())
        self.things.enter_context(mock.patch.object(owner, "current", self.crew.current))
        self.things.enter_context(mock.patch.object(owner, "is_gone", self.crew.is_gone))
        self.context, self.clock = self.stage.context, self.stage.clock
        self.provider = self.stage.provider
        self.back = timedelta(0)
        self.truth = Truth(self.stage)

    # People

    @rule(zone=st.sampled_from(ZONES), number=st.integers(1, 2))
    def some_join(self, zone: str, number: int) -> None:
        now = self.clock.now()
        with self.context.store.write() as connection:
            first = subscribers.next_id(connection)
            for person in range(first, min(first + number, MOST_PEOPLE)):
                row = join.new_subscriber(
                    subscriber_id=person,
                    email=f"new{person}@example.org",
                    name="",
                    time_zone=zone,
                    status="confirmed",
                    now=now,
                )
                subscribers.add_all(connection, [row])
                run = join.new_enrollment(subscriber_id=person, course="letters", now=now)
                enrollments.add_all(connection, [run])

    @rule(one=ANY)
    def somebody_leaves(self, one: int) -> None:
        with self.context.store.write() as connection:
            self._leave(connection, self._somebody(connection, one)["link_id"])

    @rule(one=ANY, what=st.sampled_from(["pause", "resume", "faster", "next now", "move"]))
    def somebody_decides(self, one: int, what: str) -> None:
        now = self.clock.now()
        with self.context.store.write() as connection:
            run = self._somebody(connection, one)
            match what:
                case "pause":
                    pace.pause(connection, run, weeks=1, now=now)
                case "resume":
                    pace.resume(connection, run, now=now)
                case "faster":
                    pace.set_pace(connection, run, pace="3 days", now=now)
                case "next now":
                    past = ledger.history(connection, [run["id"]]).get(run["id"], [])
                    pace.ask_next(connection, run, after=pace.last_lesson(past), most=2, now=now)
                case _:
                    person = subscribers.by_id(connection, run["subscriber_id"])
                    assert person is not None
                    hour, zone = pace.HOURS[one % len(pace.HOURS)], ZONES[one % len(ZONES)]
                    pace.set_clock(connection, person, hour=hour, time_zone=zone, now=now)

    @rule(text=st.integers(0, 2))
    def the_author_edits_the_lessons(self, text: int) -> None:
        self.stage.shelf.text = text
        shape = self.theatre.published[text].shapes["letters"]
        with self.context.store.write() as connection:
            contents.apply_course(connection, "letters", dump(shape), self.clock.now())

    # Passes and workers

    @rule(
        minutes=st.sampled_from([0, 3, 20, 70]),
        how=ENDING,
        tells=st.booleans(),
        asked=st.sampled_from(["", "lost", "429", "slow", "twice"]),
    )
    def a_pass(self, minutes: int, how: str, tells: bool, asked: str) -> None:
        """Make a pass, after some minutes or when something is due, and after a ``resume``.

        Args:
            how: How its first request ends.
            tells: An event overtakes the answer.
            asked: How its first question ends.
        """
        self._wait(minutes)
        self._next_ends(how, tells)
        self._next_question_ends(asked)
        self.stage.resume()
        self._pass()

    @rule(
        minutes=st.sampled_from([0, 3, 20]),
        how=ENDING,
        label=st.sampled_from(LABELS),
        seen=st.booleans(),
    )
    def a_pass_that_dies(self, minutes: int, how: str, label: str, seen: bool) -> None:
        """Make a pass that dies at a step.

        Args:
            seen: That it is dead is known to those who find its leases.
        """
        self._wait(minutes)
        self._next_ends(how, tells=False)
        before = self.stage.crashes
        with crash_at(label):
            self._pass()
        if seen and self.stage.crashes > before:
            self.crew.dead.add(self.crew.current())

    @rule(minutes=st.sampled_from([0, 20]))
    def a_pass_without_trouble(self, minutes: int) -> None:
        self._wait(minutes)
        self.provider.script.clear()
        self.stage.resume()
        self._pass()

    @precondition(lambda self: len(self.crew.standing()) < 2)
    @rule(
        one=ANY,
        steps=st.integers(1, 4),
        how=ENDING,
        meanwhile=st.sampled_from(["", "leave", "edit", "taken over", "suspended"]),
        goes_on=st.booleans(),
    )
    def a_worker_starts(
        self, one: int, steps: int, how: str, meanwhile: str, goes_on: bool
    ) -> None:
        """Let a worker take a batch and stop midway; something happens, and it may go on."""
        if not self._ready():
            self._wait(0)
            with crash_at("owed"):
                self._pass()
        if not (ready := self._ready()):
            return
        self._next_ends(how, tells=False)
        batch = ready[one % len(ready)]
        worker = self.crew.start(self.context, batch)
        for _ in range(steps):
            worker.step()
        self._meanwhile(meanwhile, batch)
        if goes_on:
            worker.finish()

    @precondition(lambda self: self.crew.standing())
    @rule(one=ANY)
    def a_worker_goes_on(self, one: int) -> None:
        standing = self.crew.standing()
        standing[one % len(standing)].finish()

    @precondition(lambda self: self.crew.standing())
    @rule(one=ANY, seen=st.booleans())
    def a_worker_dies(self, one: int, seen: bool) -> None:
        standing = self.crew.standing()
        worker = standing[one % len(standing)]
        worker.die()
        if seen:
            self.crew.dead.add(worker.name)

    # The provider and the operator

    @rule(one=ANY, kind=st.sampled_from([EventKind.DELIVERED, EventKind.BOUNCED]))
    def the_provider_tells(self, one: int, kind: EventKind) -> None:
        if log := self.provider.log:
            self._tell(log[one % len(log)].ref, kind)

    @rule()
    def the_operator_tells_the_truth(self) -> None:
        """Mend what stopped the provider, and settle what is unknown after the quiet period."""
        self.stage.resume()
        if self.provider._coming:
            return
        with self.context.store.read() as connection:
            due = settle.unknown_due(connection, self.clock.now(), 100)
            ids = [row["id"] for one in due for row in settle.open_members(connection, one["id"])]
        sent = [i for i in ids if self.provider.of(self.context.reference(i))]
        reconcile.mark_sent(self.context, sent)
        reconcile.owe_again(self.context, [i for i in ids if i not in sent])

    # Time

    @rule(by=st.sampled_from([MINUTE, 3 * MINUTE, 16 * MINUTE, 3 * DAY]))
    def time_passes(self, by: timedelta) -> None:
        self.clock.advance(by)

    @rule(by=st.sampled_from([2 * MINUTE, HOUR, 2 * HOUR]))
    def somebody_sets_the_clock_back(self, by: timedelta) -> None:
        if self.back + by <= MOST_BACK:
            self.back += by
            self.clock.step_back(by)

    # What must hold

    @invariant()
    def what_must_hold(self) -> None:
        self.truth.check()

    def teardown(self) -> None:
        """Let time pass without faults: nobody is stuck."""
        try:
            self._quiet_end()
        finally:
            self.things.close()

    def _quiet_end(self) -> None:
        for worker in self.crew.standing():
            worker.finish()
        self.provider.script.clear()
        self.provider.questions.clear()
        for days in range(25):  # a pause of a week, then a lesson in 3 days
            self.clock.advance(DAY if days > 2 else 65 * MINUTE)
            self.stage.resume()
            self.stage.run()
            if days > 2 and self.truth.is_over():
                break
        self.truth.check()
        self.truth.check_the_end()

    # Details

    def _ready(self) -> list[int]:
        with self.context.store.read() as connection:
            return ledger.ready(connection, self.clock.now(), limit=10)

    def _somebody(self, connection: Connection, one: int) -> Row:
        """Return somebody's enrollment; every other time one with a mail on its way."""
        runs = [run for run in runs_of_all(connection) if run["status"] == "active"]
        past = ledger.history(connection, [run["id"] for run in runs])
        waits = [
            run
            for run in runs
            if any(row["batch_state"] in ledger.OPEN for row in past.get(run["id"], ()))
        ]
        chosen = waits if waits and one % 2 else runs or runs_of_all(connection)
        return chosen[one // 2 % len(chosen)]

    def _leave(self, connection: Connection, link: bytes) -> None:
        run, member = enrollments.by_link(connection, link), leave.find(connection, link)
        assert run is not None
        assert member is not None
        self.truth.stop(connection, run)
        leave.leave(connection, member, by="test", now=self.clock.now())

    def _meanwhile(self, what: str, batch: int) -> None:
        """Do something that concerns whoever holds a batch."""
        match what:
            case "leave":
                with self.context.store.write() as connection:
                    for member in batch_members.of(connection, batch)[:1]:
                        self._leave(connection, member.link_id)
            case "edit":
                self.the_author_edits_the_lessons(1 - min(self.stage.shelf.text, 1))
            case "taken over":
                self.clock.advance(3 * MINUTE)
                self._pass()
            case "suspended":
                self.clock.advance(1.5 * MINUTE)

    def _wait(self, minutes: int) -> None:
        """Wait for some minutes; 0 until something is due, if it is within three days."""
        self.clock.advance(minutes * MINUTE)
        if minutes:
            return
        with self.context.store.read() as connection:
            at = enrollments.next_hint(connection, ["letters"])
        if at and self.clock.now() < at < self.clock.now() + 3 * DAY:
            self.clock.advance_to(at)

    def _pass(self) -> None:
        self.crew.passes += 1
        self.stage.survive()

    def _next_question_ends(self, how: str) -> None:
        acts = {"slow": lambda: self.clock.advance(2 * MINUTE), "twice": self._ask}
        if how:
            self.provider.questions.clear()
            act = acts.get(how)
            self.provider.questions.add(ending.ok().and_then(act) if act else ENDINGS[how])

    def _next_ends(self, how: str, tells: bool) -> None:
        one = ENDINGS[how]
        self.provider.script.clear()  # what met no request
        self.provider.script.add(one.and_then(self._tell_of_the_last) if tells else one)

    def _tell(self, ref: str, kind: EventKind) -> None:
        """Let the provider say something true about a mail."""
        if kind is EventKind.BOUNCED:
            number = self.context.delivery_id(ref)
            query = select(deliveries.c.subscriber_id).where(deliveries.c.id == number)
            with self.context.store.read() as connection:
                person = connection.execute(query).scalar_one()
                self.truth.muted.add(person)
                for run in enrollments.of_subscribers(connection, [person]):
                    self.truth.stop(connection, run)
        events.take(self.context, self.provider.name, [self.provider.event(ref, kind)])

    def _tell_of_the_last(self) -> None:
        """Let an event overtake the answer to the last request."""
        for ref in self.provider.requests[-1].refs:
            if self.provider.of(ref):
                self._tell(ref, EventKind.DELIVERED)

    def _ask(self) -> None:
        """Let another process ask about the same things at the same time."""
        reconcile.settle_due(self.context, ())
