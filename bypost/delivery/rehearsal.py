"""The real pass on a simulated clock: weeks in seconds, into a mailbox of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bypost.content.personas import Persona
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.people import join
from bypost.store import Row, counts, enrollments, subscribers, subscriptions
from scheduler.clock import SimulatedClock

#: Smallest step of the simulated clock, when something is due "now" that could not go yet.
_NUDGE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One mail of a rehearsal (or of the past, on a copy of a database).

    Attributes:
        ref: Names the file in the mailbox.
        at: When it was accepted.
        zone: The person's zone; empty where it is not known.
    """

    ref: str
    at: datetime
    subscriber_id: int
    email: str
    name: str
    zone: str
    kind: str
    collection: str
    item: str
    title: str


class Rehearsal:
    """Steps a project through time; its context must have a simulated clock and a local mailbox.

    Args:
        context: From ``project.open_copy`` or ``project.open_rehearsal``.
        csv: Whether passes take up ``subscribers.csv``.
    """

    def __init__(self, context: Context, *, csv: bool = True) -> None:
        if not isinstance(context.clock, SimulatedClock):
            raise TypeError("a rehearsal needs a simulated clock")
        self.context = context
        self._clock = context.clock
        self._pass = Pass(context, csv=csv)

    @property
    def now(self) -> datetime:
        """Return the simulated instant."""
        return self._clock.now()

    def start(self) -> None:
        """Make the pass of the present instant."""
        self._pass.run()

    def next_at(self) -> datetime | None:
        """Return when something comes next; None if nothing does."""
        return self._pass.next_at()

    def step(self) -> datetime | None:
        """Go to the next instant at which something is due and make its pass; None at the end."""
        at = self.next_at()
        if at is None:
            return None
        self._clock.advance_to(max(at, self.now + _NUDGE) if at <= self.now else at)
        self._pass.run()
        return self.now

    def run(self, until: datetime, on_step: Callable[[datetime], None] | None = None) -> None:
        """Step until nothing comes any more, or not before ``until``."""
        self.start()
        while (at := self.next_at()) is not None and at < until:
            self.step()
            if on_step:
                on_step(self.now)

    def sent(self, after: int = 0) -> Sequence[Sent]:
        """Return the mails accepted so far, oldest first.

        Args:
            after: Leave out deliveries up to this number.
        """
        with self.context.store.read() as connection:
            rows = counts.timeline(connection, after=after)
        return [_sent(self.context, row) for row in rows]


def _sent(context: Context, row: Row) -> Sent:
    return Sent(
        ref=context.reference(row["id"]),
        at=row["accepted_at"],
        subscriber_id=row["subscriber_id"],
        email=row["email"] or "",
        name=row["name"] or "",
        zone=row["time_zone"] or "",
        kind=row["kind"],
        collection=row["collection"],
        item=row["item"],
        title=row["title"],
    )


def enroll_personas(
    context: Context,
    personas: Sequence[Persona],
    courses: Sequence[str],
    newsletters: Sequence[str],
) -> None:
    """Put sample people on every course and newsletter, each from their own day on."""
    now = context.clock.now()
    with context.store.write() as connection:
        first = subscribers.next_id(connection)
        for number, persona in enumerate(personas, start=first):
            joined = now + timedelta(days=persona.joined_days)
            subscribers.add_all(connection, [_person(number, persona, joined)])
            runs = [
                join.new_enrollment(subscriber_id=number, course=c, now=joined) for c in courses
            ]
            enrollments.add_all(connection, runs)
            subscriptions.add_all(
                connection,
                [
                    join.new_subscription(subscriber_id=number, newsletter=n, now=joined)
                    for n in newsletters
                ],
            )


def _person(number: int, persona: Persona, joined: datetime) -> dict[str, object]:
    return join.new_subscriber(
        subscriber_id=number,
        email=persona.email,
        name=persona.name,
        time_zone=persona.time_zone,
        hour=persona.hour.isoformat("minutes") if persona.hour else "",
        status="confirmed",
        now=joined,
        attributes=persona.attributes,
    )
