"""What is held now, and what that means for a run.

A hold is over when it was ended, or by itself at its ``until``: nothing has to happen at that
instant, so that a process that was down then changes nothing. What fell due before a hold was over
waits for the next opening at the person's own hour (:attr:`Run.reset_at`); everybody keeps their
place meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bypost.delivery.due import Run
from bypost.store import Connection, Row
from bypost.store import holds as store


class Scope(StrEnum):
    """What a hold keeps back."""

    COURSE = "course"
    NEWSLETTER = "newsletter"
    SUBSCRIBER = "subscriber"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Something that is kept back, or was.

    Attributes:
        name: Folder name; empty for a subscriber.
        until: It is over by itself then; None: when somebody ends it.
        ended_at: When somebody ended it.
        reason: The operator's words; may be empty.
    """

    id: int
    scope: Scope
    name: str
    subscriber_id: int | None
    since: datetime
    until: datetime | None
    ended_at: datetime | None
    reason: str

    @property
    def over_at(self) -> datetime | None:
        """Return when it is or was over; None while nobody knows."""
        return min((at for at in (self.ended_at, self.until) if at is not None), default=None)

    def is_on(self, now: datetime) -> bool:
        """Tell whether it keeps anything back."""
        return self.over_at is None or now < self.over_at


@dataclass(frozen=True, slots=True)
class Kept:
    """How the holds of one course, newsletter or person stand.

    Attributes:
        hold: The one that is on.
        ended: When the last one that is over came to its end.
    """

    hold: Hold | None = None
    ended: datetime | None = None

    def was_on(self, at: datetime) -> bool:
        """Tell whether something that fell due then had to wait, as far as that is known."""
        if self.hold is not None:
            return at >= self.hold.since
        return self.ended is not None and at < self.ended


_FREE = Kept()
#: How soon to look again at what stays owed although it is held until further notice.
_LOOK_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """Every course and newsletter, and some people, as they are held at one instant."""

    courses: Mapping[str, Kept] = field(default_factory=dict)
    newsletters: Mapping[str, Kept] = field(default_factory=dict)
    people: Mapping[int, Kept] = field(default_factory=dict)

    def course(self, name: str) -> Kept:
        """Return how a course is held."""
        return self.courses.get(name, _FREE)

    def newsletter(self, name: str) -> Kept:
        """Return how a newsletter is held."""
        return self.newsletters.get(name, _FREE)

    def person(self, subscriber_id: int) -> Kept:
        """Return how a person is held; they have to be among those who were asked about."""
        return self.people.get(subscriber_id, _FREE)

    def free(self, courses: Iterable[str]) -> list[str]:
        """Return the courses that are not held."""
        return [name for name in courses if self.course(name).hold is None]

    def run(self, run: Run, course: str, subscriber_id: int) -> Run | None:
        """Return a run with its holds worked in, to be decided or foreseen.

        None for one of which nothing comes until somebody ends a hold.
        """
        both = (self.course(course), self.person(subscriber_id))
        paused, ended = run.paused_until, run.reset_at
        for kept in both:
            if kept.hold is not None:
                if kept.hold.until is None:
                    return None
                paused = max(paused or kept.hold.until, kept.hold.until)
            if kept.ended is not None:
                ended = max(ended or kept.ended, kept.ended)
        if paused is run.paused_until and ended is run.reset_at:
            return run
        # What was asked for while nothing could go out is not sent in the night that ends it.
        asked = run.asked and (ended is None or run.hint > ended)
        return replace(run, paused_until=paused, reset_at=ended, asked=asked)


def read(connection: Connection, now: datetime, people: Collection[int] = ()) -> Holds:
    """Return what is held at ``now``; of people only those that are named."""
    rows = [*store.of_lists(connection)]
    if people and store.any_person(connection):
        rows += store.of_people(connection, list(people))
    found: dict[Scope, dict[str | int, list[Hold]]] = {scope: {} for scope in Scope}
    for row in rows:
        hold = hold_of(row)
        key = hold.name if hold.subscriber_id is None else hold.subscriber_id
        found[hold.scope].setdefault(key, []).append(hold)
    lists = {
        scope: {str(key): _kept(some, now) for key, some in found[scope].items()}
        for scope in (Scope.COURSE, Scope.NEWSLETTER)
    }
    return Holds(
        courses=lists[Scope.COURSE],
        newsletters=lists[Scope.NEWSLETTER],
        people={int(key): _kept(some, now) for key, some in found[Scope.SUBSCRIBER].items()},
    )


def of_run(connection: Connection, run: Row, now: datetime) -> Hold | None:
    """Return what keeps a run back now, of several the one that lasts longest; None if nothing."""
    held = read(connection, now, [run["subscriber_id"]])
    on = [held.course(run["course"]).hold, held.person(run["subscriber_id"]).hold]
    found = [hold for hold in on if hold is not None]
    endless = [hold for hold in found if hold.until is None]
    return endless[0] if endless else max(found, key=_until, default=None)


def _until(hold: Hold) -> datetime:
    return hold.until or hold.since


def next_look(held: Holds, course: str, subscriber_id: int, now: datetime) -> datetime:
    """Return when to look again at a lesson that stays owed: now, if nothing holds it."""
    on = [kept.hold for kept in (held.course(course), held.person(subscriber_id)) if kept.hold]
    return max((hold.until or now + _LOOK_AGAIN for hold in on), default=now)


def hold_of(row: Row) -> Hold:
    """Return a hold from its row."""
    fields = {name: row[name] for name in Hold.__slots__}
    return Hold(**{**fields, "scope": Scope(row["scope"])})


def _kept(holds: Sequence[Hold], now: datetime) -> Kept:
    """Return how things stand after these holds of one thing, oldest first."""
    on = [hold for hold in holds if hold.is_on(now)]
    over = [hold.over_at for hold in holds if hold.over_at is not None and hold.over_at <= now]
    return Kept(on[-1] if on else None, max(over, default=None))


def told(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    """Return what is held now, for people and for scripts: scope, name, since, until, reason."""
    rows = [(hold_of(row), row["name"]) for row in store.of_lists(connection)]
    rows += [(hold_of(row), row["email"] or "") for row in store.people_held(connection, now)]
    return [
        {
            "scope": hold.scope.value,
            "name": name,
            "since": hold.since,
            "until": hold.until,
            "reason": hold.reason,
        }
        for hold, name in rows
        if hold.is_on(now)
    ]
