"""Everything that can happen to a course, in any order; what must hold after each of it.

The truth is the simulated provider's. Clocks of three kinds of delay are within what the product
assumes: a request ends within its lease, a late one is taken over within 5 minutes, a search shows
it a minute later, and the quiet period is 15 minutes.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from datetime import timedelta
from typing import ClassVar
from unittest import mock

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select

from bypost.delivery import events, owner, reconcile
from bypost.delivery.shape import dump
from bypost.delivery.steps import LABELS
from bypost.model.event import EventKind
from bypost.model.message import Key, Search, SendClass
from bypost.people import join, leave, pace
from bypost.store import Connection, Row, contents, enrollments, ledger, settle, subscribers
from bypost.store.schema import batches, deliveries
from bypost.testing import ending
from bypost.testing.ending import Ending
from tests.delivery.stage import Theatre, crash_at
from tests.delivery.worker import Crew

ANY = st.integers(0, 99)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
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
        #: Reference -> number of the first request that must not carry it any more.
        self.stopped: dict[str, int] = {}
        self.muted: set[int] = set()

    # People

    @rule(one=ANY)
    def somebody_joins(self, one: int) -> None:
        with self.context.store.write() as connection:
            number = subscribers.next_id(connection)
            if number > 6:
                return
            now = self.clock.now()
            person = join.new_subscriber(
                subscriber_id=number,
                email=f"new{number}@example.org",
                name="",
                time_zone=("", "Asia/Tokyo", "America/Lima")[one % 3],
                status="confirmed",
                now=now,
            )
            subscribers.add_all(connection, [person])
            run = join.new_enrollment(subscriber_id=number, course="letters", now=now)
            enrollments.add_all(connection, [run])

    @rule(one=ANY)
    def somebody_leaves(self, one: int) -> None:
        with self.context.store.write() as connection:
            run = self._somebody(connection, one)
            member = leave.find(connection, run["link_id"])
            assert member is not None
            self._stop(connection, run)
            leave.leave(connection, member, by="test", now=self.clock.now())

    @rule(one=ANY, what=st.sampled_from(["pause", "resume", "faster", "next now"]))
    def somebody_changes_pace(self, one: int, what: str) -> None:
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
                case _:
                    past = ledger.history(connection, [run["id"]]).get(run["id"], [])
                    pace.ask_next(connection, run, after=pace.last_lesson(past), now=now)

    @rule(one=ANY, zone=st.sampled_from(["Asia/Tokyo", "America/Lima", "UTC"]))
    def somebody_moves(self, one: int, zone: str) -> None:
        with self.context.store.write() as connection:
            person = subscribers.by_id(connection, self._somebody(connection, one)["subscriber_id"])
            assert person is not None
            hour = pace.HOURS[one % len(pace.HOURS)]
            pace.set_clock(connection, person, hour=hour, time_zone=zone, now=self.clock.now())

    @rule(text=st.integers(0, 2))
    def the_author_edits_the_lessons(self, text: int) -> None:
        self.stage.shelf.text = text
        shape = self.theatre.published[text].shapes["letters"]
        with self.context.store.write() as connection:
            contents.apply_course(connection, "letters", dump(shape), self.clock.now())

    # Passes and workers

    @rule()
    def a_pass(self) -> None:
        self.crew.passes += 1
        self.stage.survive()

    @rule(minutes=st.sampled_from([1, 3, 20, 70, 60 * 20]))
    def time_and_a_pass(self, minutes: int) -> None:
        self.clock.advance(minutes * MINUTE)
        self.a_pass()

    @rule(label=st.sampled_from(LABELS), seen=st.booleans())
    def a_pass_that_dies(self, label: str, seen: bool) -> None:
        before = self.stage.crashes
        with crash_at(label):
            self.a_pass()
        if seen and self.stage.crashes > before:
            self.crew.dead.add(self.crew.current())

    @precondition(lambda self: len(self.crew.standing()) < 2)
    @rule(one=ANY, steps=st.integers(1, 4))
    def a_worker_starts(self, one: int, steps: int) -> None:
        with self.context.store.read() as connection:
            ready = ledger.ready(connection, self.clock.now(), limit=10)
        if ready:
            worker = self.crew.start(self.context, ready[one % len(ready)])
            for _ in range(steps):
                worker.step()

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

    # The provider

    @rule(how=st.sampled_from(list(ENDINGS)), tells=st.booleans())
    def a_request_will_end_so(self, how: str, tells: bool) -> None:
        one = ENDINGS[how]
        self.provider.script.add(one.and_then(self._tell_of_the_last) if tells else one)

    @rule(how=st.sampled_from(["lost", "429", "slow", "twice"]))
    def a_question_will_end_so(self, how: str) -> None:
        acts = {"slow": lambda: self.clock.advance(2 * MINUTE), "twice": self._ask}
        act = acts.get(how)
        self.provider.questions.add(ending.ok().and_then(act) if act else ENDINGS[how])

    @rule(one=ANY, kind=st.sampled_from([EventKind.DELIVERED, EventKind.BOUNCED]))
    def the_provider_tells(self, one: int, kind: EventKind) -> None:
        if log := self.provider.log:
            self._tell(log[one % len(log)].ref, kind)

    @rule()
    def the_operator_mends_and_resumes(self) -> None:
        self.stage.resume()

    @rule()
    def the_operator_tells_the_truth(self) -> None:
        """Settle what is unknown by hand, after the quiet period."""
        if self.provider._coming:
            return
        with self.context.store.read() as connection:
            due = settle.unknown_due(connection, self.clock.now(), 100)
            ids = [row["id"] for one in due for row in settle.open_members(connection, one["id"])]
        sent = [i for i in ids if self.provider.of(self.context.reference(i))]
        reconcile.mark_sent(self.context, sent)
        reconcile.owe_again(self.context, [i for i in ids if i not in sent])

    # Time

    @rule(by=st.sampled_from([MINUTE, 3 * MINUTE, 16 * MINUTE, HOUR, DAY, 3 * DAY]))
    def time_passes(self, by: timedelta) -> None:
        self.clock.advance(by)

    @rule(by=st.sampled_from([2 * MINUTE, HOUR, 2 * HOUR]))
    def somebody_sets_the_clock_back(self, by: timedelta) -> None:
        if self.back + by <= MOST_BACK:
            self.back += by
            self.clock.step_back(by)

    # What must hold; that the sums agree, and one delivery is open at most, says every commit

    @invariant()
    def what_must_hold(self) -> None:
        self._nobody_has_anything_twice()
        self._what_is_settled_as_accepted_was_accepted()
        self._no_first_attempt_started_after_somebody_left()
        self._no_key_was_used_for_other_bytes()

    def _nobody_has_anything_twice(self) -> None:
        assert max(self.provider.accepted.values(), default=0) <= 1

    def _what_is_settled_as_accepted_was_accepted(self) -> None:
        assert self.stage.refs("accepted") <= set(self.provider.accepted)

    def _no_first_attempt_started_after_somebody_left(self) -> None:
        for request in self.provider.requests:
            for ref in request.refs:
                assert request.number < self.stopped.get(ref, request.number + 1)

    def _no_key_was_used_for_other_bytes(self) -> None:
        # A provider that does not compare bytes may be handed another text for the same people.
        loose = isinstance(self.send_class, Key) and not self.send_class.same_bytes
        contents = defaultdict(set)
        for request in self.provider.requests:
            contents[request.key].add(request.refs if loose else request.body)
        assert all(len(different) == 1 for different in contents.values())

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
        for wait in [65 * MINUTE] * 4 + [DAY] * 17:  # a pause of a week, then a lesson in 3 days
            self.clock.advance(wait)
            self.stage.resume()
            self.stage.run()
        assert self.stage.numbers().pending == 0
        if isinstance(self.send_class, Search):
            assert self.stage.numbers().unknown == 0
        self._everybody_came_to_the_end()
        self.what_must_hold()

    def _everybody_came_to_the_end(self) -> None:
        """Check that whoever did not leave has each lesson: accepted, failed or shown."""
        query = select(deliveries.c.enrollment_id, deliveries.c.item)
        with self.context.store.read() as connection:
            runs = self._runs(connection)
            had = defaultdict(set)
            for enrollment, item in connection.execute(query):
                had[enrollment].add(item)
        for run in runs:
            if run["status"] != "left" and run["subscriber_id"] not in self.muted:
                assert run["status"] == "finished", dict(run)
                assert had[run["id"]] == {"one", "two", "three"}

    # Details

    def _runs(self, connection: Connection) -> list[Row]:
        people = [person["id"] for person in subscribers.every(connection)]
        return list(enrollments.of_subscribers(connection, people))

    def _somebody(self, connection: Connection, one: int) -> Row:
        runs = self._runs(connection)
        return runs[one % len(runs)]

    def _stop(self, connection: Connection, run: Row) -> None:
        """Note that no first attempt may start for somebody, once this has committed."""
        sent = select(deliveries.c.id, batches.c.state, batches.c.ambiguous).join(
            batches, batches.c.id == deliveries.c.batch_id
        )
        mine = sent.where(deliveries.c.enrollment_id == run["id"])
        for row in connection.execute(mine):
            begun = row.state == "sending" or row.ambiguous
            if not begun:
                ref = self.context.reference(row.id)
                self.stopped.setdefault(ref, len(self.provider.requests))

    def _tell(self, ref: str, kind: EventKind) -> None:
        """Let the provider say something true about a mail."""
        if kind is EventKind.BOUNCED:
            number = self.context.delivery_id(ref)
            query = select(deliveries.c.subscriber_id).where(deliveries.c.id == number)
            with self.context.store.read() as connection:
                person = connection.execute(query).scalar_one()
                self.muted.add(person)
                for run in enrollments.of_subscribers(connection, [person]):
                    self._stop(connection, run)
        events.take(self.context, self.provider.name, [self.provider.event(ref, kind)])

    def _tell_of_the_last(self) -> None:
        """Let an event overtake the answer to the last request."""
        for ref in self.provider.requests[-1].refs:
            if self.provider.of(ref):
                self._tell(ref, EventKind.DELIVERED)

    def _ask(self) -> None:
        """Let another process ask about the same things at the same time."""
        reconcile.settle_due(self.context, ())
