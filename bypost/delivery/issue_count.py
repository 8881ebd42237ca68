"""Who would get an issue, by zone, before anything is sent; and who would not, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bypost.delivery import issue_audience
from bypost.delivery.context import Context
from bypost.delivery.demand import Muted
from bypost.delivery.issue_order import ReadyIssue
from bypost.delivery.owe_issues import is_late, zones_of
from bypost.delivery.room import Due, Room
from bypost.model.quantity import quantity
from bypost.store import Connection, forecast, issue_report, issues, orders, suppressions

#: People whose addresses are compared with what is suppressed; beyond, a bound is told.
MOST_ADDRESSES = 50_000
#: People whose caps are looked at.
MOST_DIARIES = 2_000
_CHUNK = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One zone.

    Attributes:
        zone: Empty for people who have none of their own.
        at: When it is due there.
        goes: How many get it there; 0 where it is closed, or too late.
        had: How many were owed it before.
        state: ``to come``, ``now``, ``late`` (it is filed there) or ``done``.
    """

    zone: str
    at: datetime
    goes: int
    had: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Who gets an issue.

    Attributes:
        goes: How many, less ``suppressed``.
        had: How many were owed it before: they get nothing more.
        late: How many read it in the archive, because its hour is too long over where they are.
        left: How many have left the newsletter.
        unconfirmed: How many have not confirmed their address, or are gone.
        elsewhere: How many are not in the audience.
        held: How many an operator holds back.
        suppressed: How many have an address to which nothing is sent.
        suppressed_at_most: There are too many people to compare: no more than so many.
        capped: How many have no room for it on its day, as far as can be told; None: not looked at.
        audience: Name or expression; empty for everybody.
    """

    goes: int
    had: int
    late: int
    left: int
    unconfirmed: int
    elsewhere: int
    held: int
    suppressed: int
    suppressed_at_most: int
    capped: int | None
    audience: str
    zones: tuple[Zone, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the stable shape for ``--json`` (docs/newsletters.md)."""
        return asdict(self)

    def others(self) -> Iterator[str]:
        """Yield who does not get it, and what may keep some from getting it, for people."""
        for number, words in (
            (self.had, "who had it, or are owed it already: nothing changes for them"),
            (self.late, "for whom its hour is too long over: they read it in the archive"),
            (self.elsewhere, "not in the audience"),
            (self.left, "who left the newsletter"),
            (self.unconfirmed, "with an address that is not confirmed"),
            (self.suppressed, "with an address to which nothing is sent"),
            (self.held, "held by an operator"),
        ):
            if number:
                yield f"{quantity(number, 'person')} {words}"
        if self.suppressed_at_most:
            yield f"with an address to which nothing is sent: up to {self.suppressed_at_most:,}"
        if self.capped is None:
            yield "caps are on: who has no room that day gets it within a week"
        elif self.capped:
            yield f"without room on its day, so that they get it later (caps): {self.capped:,}"


def count(context: Context, connection: Connection, one: ReadyIssue) -> Count:
    """Count who gets an issue as it stands with its order; looks at every subscriber.

    Raises:
        SettingsError: its audience cannot be read.
    """
    now, name = context.clock.now(), one.newsletter.id
    begun = orders.has_begun(connection, name, one.issue.id)
    among = issue_audience.only(context, connection, one)
    rows = issue_report.readers(connection, name, one.item, now=now, among=among, begun=begun)
    found = _zones(context, connection, one, rows, now)
    going = sum(zone.goes for zone in found)
    muted, most = _suppressed(context, connection, one, going, {z.zone for z in found if z.goes})
    ready, chosen = sum(row.ready for row in rows), sum(row.among for row in rows)
    return Count(
        goes=going - muted,
        had=sum(row.had for row in rows),
        late=sum(row.to_come for row, zone in zip(rows, found, strict=True) if _is_over(zone)),
        left=issue_report.left(connection, name),
        unconfirmed=issue_report.subscribed(connection, name) - ready,
        elsewhere=ready - chosen,
        held=sum(row.held for row in rows),
        suppressed=muted,
        suppressed_at_most=most,
        capped=_capped(context, connection, one, going, now),
        audience=one.audience,
        zones=found,
    )


def _is_over(zone: Zone) -> bool:
    return zone.state in {"late", "done"}


def _zones(
    context: Context,
    connection: Connection,
    one: ReadyIssue,
    rows: list[issue_report.Readers],
    now: datetime,
) -> tuple[Zone, ...]:
    known = issues.find(connection, one.newsletter.id, one.issue.id)
    states = issues.zone_states(connection, known["id"]) if known is not None else {}
    instants = dict(zones_of(connection, one))
    found = []
    for row in rows:
        key = "" if one.whole else row.zone
        at = instants[key]
        state = _state(context, one, at, now, states.get(key))
        goes = 0 if state in {"late", "done"} else row.to_come
        found.append(Zone(zone=row.zone, at=at, goes=goes, had=row.had, state=state))
    return tuple(found)


def _state(
    context: Context, one: ReadyIssue, at: datetime, now: datetime, known: str | None
) -> str:
    if known == "done":
        return "done"
    begun = known == issues.OPEN
    if known == "archived" or is_late(context, one, at, now, begun=begun):
        return "late"
    return "now" if at <= now else "to come"


def _suppressed(
    context: Context, connection: Connection, one: ReadyIssue, going: int, zones: set[str]
) -> tuple[int, int]:
    """Return how many of those who go are suppressed, and at most how many where nobody counts."""
    scopes = forecast.suppressed(connection)
    scope = f"newsletter:{one.newsletter.id}"
    bound = sum(len(scopes.get(name, ())) for name in (suppressions.EVERYTHING, scope))
    if not bound or not going:
        return 0, 0
    if going > MOST_ADDRESSES:
        return 0, min(bound, going)
    muted = Muted(context, connection)
    return sum(
        muted.is_muted(key, scope)
        for _, key, zone in _people(context, connection, one, MOST_ADDRESSES)
        if zone in zones
    ), 0


def _capped(
    context: Context, connection: Connection, one: ReadyIssue, going: int, now: datetime
) -> int | None:
    """Return how many have no room for it; asked of what decides that when its time comes."""
    if not context.settings.caps.on:
        return 0
    if going > MOST_DIARIES:
        return None
    hour, home = one.issue.hour or one.newsletter.hour, one.newsletter.time_zone
    instants: Mapping[str, datetime] = dict(zones_of(connection, one))
    people = _people(context, connection, one, MOST_DIARIES)
    full = 0
    for zone in {zone for _, _, zone in people}:
        at = instants["" if one.whole else zone]
        mine = {who: zone for who, _, own in people if own == zone}
        for start in range(0, len(mine), _CHUNK):
            some = dict(list(mine.items())[start : start + _CHUNK])
            room = Room(context, connection, some, max(at, now))
            due = Due(one.newsletter.id, at, hour, home)
            full += sum(room.issue(who, due) is not None for who in some)
    return full


def _people(
    context: Context, connection: Connection, one: ReadyIssue, limit: int
) -> list[tuple[int, str, str]]:
    among = issue_audience.only(context, connection, one)
    return issue_report.keys_to_come(
        connection, one.newsletter.id, one.item, among=among, limit=limit
    )
