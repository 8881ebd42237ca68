"""Every mail that comes within some days, and to whom: by the decisions that will owe it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bypost.delivery import gate, holds, issue_audience
from bypost.delivery.context import Context
from bypost.delivery.holds import Holds, Kept
from bypost.delivery.issue_order import ReadyIssue
from bypost.delivery.owe_issues import is_late, over, zones_of
from bypost.delivery.programme import Programme
from bypost.delivery.read_run import run_of
from bypost.delivery.timeline import Line, Mail, Timeline
from bypost.delivery.zones import zone
from bypost.model.course import Kind
from bypost.store import Connection, Row, issues, ledger, subscriptions, suppressions
from bypost.store import forecast as store


@dataclass(slots=True)
class Demand:
    """What comes, and for whom.

    Attributes:
        lines: Lines of mails -> how many people have them.
        of_people: Person -> their lines, each with the zone in which its days are counted.
    """

    lines: Counter[Line] = field(default_factory=Counter)
    of_people: dict[int, list[tuple[Line, str]]] = field(default_factory=dict)

    def add(self, person: int, line: Line, zone_name: str) -> None:
        """Count one line for one person."""
        if line.mails:
            self.lines[line] += 1
            self.of_people.setdefault(person, []).append((line, zone_name))

    def mails(self) -> Counter[Mail]:
        """Return every mail with the number of its people."""
        found: Counter[Mail] = Counter()
        for line, people in self.lines.items():
            for mail in line.mails:
                found[mail] += people
        return found


def demand(context: Context, connection: Connection, what: Programme, until: datetime) -> Demand:
    """Return what comes before ``until``, each mail accepted as soon as it is owed."""
    found = Demand()
    muted = Muted(context, connection)
    held = holds.read(connection, context.clock.now(), store.ever_held(connection))
    _lessons(context, connection, what, until, muted, held, found)
    _issues(context, connection, what, until, muted, held, found)
    return found


class Muted:
    """Tells whose address gets nothing; asks for hashes only where somebody is suppressed."""

    def __init__(self, context: Context, connection: Connection) -> None:
        self._hash = context.address_hash
        self._scopes = store.suppressed(connection)

    def is_muted(self, email_key: str | None, scope: str) -> bool:
        """Tell whether an address gets nothing of a course or newsletter."""
        if not email_key:
            return True
        sets = [
            self._scopes[one] for one in (suppressions.EVERYTHING, scope) if one in self._scopes
        ]
        return bool(sets) and any(self._hash(email_key) in one for one in sets)


def _lessons(
    context: Context,
    connection: Connection,
    what: Programme,
    until: datetime,
    muted: Muted,
    held: Holds,
    found: Demand,
) -> None:
    """Add the lessons of every run that goes on."""
    now, shapes = context.clock.now(), what.courses
    timeline = Timeline(shapes, now=now, until=until, late=context.late)
    histories = Histories(context, connection, held, now)
    for values in store.runs(connection, list(shapes)):
        row = dict(zip(store.RUN_COLUMNS, values, strict=True))
        course = row["course"]
        if muted.is_muted(row["email_key"], f"course:{course}"):
            continue
        history = histories.of(row)
        plain = run_of(history.row, history.past, shapes[course], context)  # type: ignore[arg-type]
        run = held.run(plain, course, row["subscriber_id"])
        if run is not None:
            line = timeline.line(course, run, history.start, history.waiting)
            found.add(row["subscriber_id"], line, run.zone.key)


@dataclass(frozen=True, slots=True)
class History:
    """What one run was owed, as it will stand once what is on its way has left.

    Attributes:
        row: The run; its hint is another where the gate takes the waiting lesson back.
        waiting: The lesson that is on its way; None for none.
        start: Nothing else is owed before; None: now.
    """

    row: Mapping[str, Any]
    past: Sequence[Mapping[str, Any]]
    waiting: Mail | None = None
    start: datetime | None = None


class Histories:
    """What everybody was owed, read at once."""

    def __init__(
        self, context: Context, connection: Connection, held: Holds, now: datetime
    ) -> None:
        self._context = context
        self._held = held
        self._now = now
        self._owed = store.histories(connection)
        self._batches = store.batches_of_lessons(connection)
        self._known: dict[tuple[int, str, str | None], dict[str, Any]] = {}

    def of(self, row: Mapping[str, Any]) -> History:
        """Return the history of one run."""
        owed = self._owed.get(row["id"]) or []
        past = [self._row(one) for one in owed]
        if not past or past[-1]["open"] is None:
            return History(row, past)
        at = max(self._now, past[-1]["open"])
        batch, item = owed[-1][:2]
        back = self._taken_back(row, self._batches[batch], at)
        if back is not None:
            return History({**row, "next_due": back}, past[:-1], start=at)
        mail = Mail(at, Kind.LESSON, row["course"], item)
        arrived = {**past[-1], "batch_state": "settled", "accepted_at": at}
        return History(row, [*past[:-1], arrived], mail, at)

    def _row(self, one: tuple[int, str, str | None]) -> dict[str, Any]:
        """Return a delivery as the ledger tells it; ``open`` is when it is tried, if it waits."""
        if one not in self._known:
            number, item, state = one
            batch = self._batches[number]
            waits = state is None and batch["batch_state"] in ledger.OPEN
            self._known[one] = {
                "item": item,
                "state": state,
                **{
                    name: batch[name]
                    for name in ("batch_state", "accepted_at", "first_sent_at", "due_at")
                },
                "open": batch["next_try"] if waits else None,
            }
        return self._known[one]

    def _taken_back(self, row: Mapping[str, Any], batch: Row, at: datetime) -> datetime | None:
        """Return the hint of a run whose waiting lesson the gate will take back; None if not."""
        if batch["ambiguous"]:
            return None
        held = (self._held.course(row["course"]), self._held.person(row["subscriber_id"]))
        ends = [kept.hold.until for kept in held if kept.hold is not None]
        paused: datetime | None = max(
            (end for end in (row["paused_until"], *ends) if end is not None), default=None
        )
        if (paused and paused > at) or gate.is_too_late(self._context, batch, at):
            due: datetime = batch["due_at"]
            return paused or due
        return None


def _issues(
    context: Context,
    connection: Connection,
    what: Programme,
    until: datetime,
    muted: Muted,
    held: Holds,
    found: Demand,
) -> None:
    """Add the issues that fall due, and those that wait for another try."""
    now = context.clock.now()
    lines: dict[Mail, Line] = {}
    zones = {name: newsletter.time_zone for name, newsletter in what.newsletters.items()}

    def add(person: Row, newsletter: str, item: str, at: datetime) -> None:
        if not muted.is_muted(person["email_key"], f"newsletter:{newsletter}"):
            mail = Mail(max(at, now), Kind.ISSUE, newsletter, item)
            line = lines.setdefault(mail, Line((mail,)))
            own = zone(person["time_zone"], zones.get(newsletter, ""))
            found.add(person["subscriber_id"], line, own.key)

    for row in store.waiting_issues(connection):
        add(row, row["collection"], row["item"], row["next_try"])
    for one in _that_go(context, connection, what):
        item = f"{one.newsletter.id}/{one.issue.id}"
        instants = open_zones(context, connection, one)
        kept = held.newsletter(one.newsletter.id)
        if not any(at < until for at in instants.values()):
            continue
        for person in subscriptions.audience(
            connection,
            one.newsletter.id,
            item,
            zone=None,
            before=over(one),
            limit=None,
            among=issue_audience.only(context, connection, one),
        ):
            at = instants.get("" if one.whole else person["time_zone"])
            if at is None or person["started_at"] > at:
                continue
            for one_kept in (kept, held.person(person["subscriber_id"])):
                at = after_hold(one_kept, at, context.late) if at is not None else None
            if at is not None and at < until:
                add(person, one.newsletter.id, item, at)


def _that_go(context: Context, connection: Connection, what: Programme) -> Iterator[ReadyIssue]:
    """Yield the issues that are not paused, and whose audience can be read."""
    for one in what.ready:
        if not (one.is_paused or issue_audience.problem(context, connection, one)):
            yield one


def after_hold(kept: Kept, at: datetime, late: timedelta) -> datetime | None:
    """Return when an issue due at ``at`` goes out; None where a hold keeps it back for too long."""
    if kept.hold is None or (kept.hold.until is not None and kept.hold.until <= at):
        return at
    end = kept.hold.until
    return end if end is not None and end - at <= late else None


def open_zones(context: Context, connection: Connection, one: ReadyIssue) -> dict[str, datetime]:
    """Return the zones in which an issue is still to be owed, with its instant there."""
    now = context.clock.now()
    known = issues.find(connection, one.newsletter.id, one.issue.id)
    if known is None:
        if now - over(one) > context.late:  # it is filed, and never sent
            return {}
        states = {}
    elif known["state"] != "planned":
        return {}
    else:
        states = issues.zone_states(connection, known["id"])
    return {
        name: at
        for name, at in zones_of(connection, one)
        if states.get(name, issues.OPEN) == issues.OPEN
        and not is_late(context, one, at, now, begun=name in states)
    }
