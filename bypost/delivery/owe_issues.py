"""Owing issues of newsletters: at one instant for all, or at each person's own hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bypost.delivery import holds, issue_audience, issue_order, kept_issues, orders
from bypost.delivery.context import Context
from bypost.delivery.issue_order import ReadyIssue
from bypost.delivery.owe import CHUNK, batch_size, in_parts
from bypost.delivery.schedule import schedule_of
from bypost.delivery.steps import reached
from bypost.model.course import Kind
from bypost.store import Connection, binding, caps, issues, subscriptions
from bypost.store import holds as store
from bypost.store import orders as order_store


@dataclass(frozen=True, slots=True)
class Filed:
    """An issue, or its part for some zones, that came too late to be sent: it is in the archive.

    Attributes:
        zones: Where; empty for an issue that has one instant for all, or that is filed altogether.
    """

    newsletter: str
    issue: str
    zones: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f" (for {', '.join(self.zones)})" if self.zones else ""
        return f"{self.newsletter}/{self.issue}{where}"


@dataclass(frozen=True, slots=True)
class OwedIssues:
    """What came of looking at the issues.

    Attributes:
        owed: Deliveries that were written.
        troubles: Why an issue that is due is not sent.
    """

    owed: int = 0
    filed: tuple[Filed, ...] = ()
    troubles: tuple[str, ...] = ()

    def __add__(self, other: OwedIssues) -> OwedIssues:
        return OwedIssues(
            self.owed + other.owed, self.filed + other.filed, self.troubles + other.troubles
        )


def owe_issues(context: Context, ready: Sequence[ReadyIssue]) -> OwedIssues:
    """Owe every ready issue in the zones where its instant has come, by what was ordered.

    Issues that are paused wait, as all of a newsletter that is held. What is too late then is filed
    and named.
    """
    orders.carry_out(context)
    ready = _ordered(context, ready)
    done = OwedIssues()
    for issue in ready:
        done += _owe_issue(context, issue)
    done += OwedIssues(_owe_the_freed(context, ready))
    if context.settings.caps.limited and context.settings.caps.first == "newsletter":
        _note_plans(context, ready)
    return done


def _ordered(context: Context, ready: Sequence[ReadyIssue]) -> list[ReadyIssue]:
    with context.store.read() as connection:
        return issue_order.ordered(connection, ready)


def _note_plans(context: Context, ready: Sequence[ReadyIssue]) -> None:
    """Write down when issues go out, for lessons that wait for them."""
    plans = {
        (one.newsletter.id, one.issue.id): str(schedule_of(one.newsletter, one.issue))
        for one in ready
        if not one.is_paused
    }
    with context.store.read() as connection:
        known = {
            (row["newsletter"], row["issue"]): row["schedule"] for row in caps.planned(connection)
        }
    wrong = [key for key, text in known.items() if plans.get(key, "") != text]
    if wrong:
        with context.store.write() as connection:
            for key in wrong:
                caps.reschedule(connection, *key, plans.get(key, ""))


def next_issue_at(context: Context, ready: Sequence[ReadyIssue]) -> datetime | None:
    """Return the next instant at which an issue falls due somewhere; None if none will.

    What waits for the end of a hold is due then.
    """
    now = context.clock.now()
    coming: list[datetime] = []
    with context.store.read() as connection:
        held = holds.read(connection, now)
        for one in issue_order.ordered(connection, ready):
            hold = held.newsletter(one.newsletter.id).hold
            if one.is_paused or (hold is not None and hold.until is None):
                continue
            known = issues.find(connection, one.newsletter.id, one.issue.id)
            if known is None or known["state"] == "planned":
                instants = [*(at for _, at in zones_of(connection, one)), over(one)]
                # It is looked at now, and closed, when its last instant has passed.
                after = max(now, hold.until) if hold is not None and hold.until else now
                coming += [max(at, after) for at in instants if at > now or hold is not None]
    return min((at for at in coming if at > now), default=None)


def _owe_issue(context: Context, one: ReadyIssue) -> OwedIssues:
    """Take an issue up, owe it where its time has come, close it when that is everywhere."""
    now = context.clock.now()
    with context.store.write() as connection:
        if one.is_paused or not issue_order.stands(connection, one):
            return OwedIssues()
        kept = holds.read(connection, now).newsletter(one.newsletter.id)
        known = issues.find(connection, one.newsletter.id, one.issue.id)
        if known is None and _take_up(context, connection, one, now) is None:
            # Old issues of a new project say nothing; one that was due in a hold does.
            return OwedIssues(filed=(_filed(one),) if kept.was_on(over(one)) else ())
        known = issues.find(connection, one.newsletter.id, one.issue.id)
        if kept.hold is not None or known is None or known["state"] != "planned":
            return OwedIssues()
        if one.issue.at is None and not known["by_zone"]:
            issues.go_by_zone(connection, one.newsletter.id, one.issue.id)
        due = [(z, at) for z, at, late in _open_zones(context, connection, one) if not late]
        if words := issue_audience.problem(context, connection, one):
            return OwedIssues(troubles=(f"{one.item}: {words}",) if _is_due(due, now) else ())
    done = OwedIssues()
    for name, at in due:
        if at <= now:
            done += OwedIssues(_owe_zone(context, one, known["id"], name, at, now))
    filed = file_late(context, one)
    if over(one) <= now:
        with context.store.write() as connection:
            # What was paused or put off meanwhile has people to come; so has what nobody finished.
            if issue_order.stands(connection, one) and not _open_zones(context, connection, one):
                issues.close(connection, known["id"])
    return done + OwedIssues(filed=(filed,)) if filed else done


def _is_due(zones: Sequence[tuple[str, datetime]], now: datetime) -> bool:
    return any(at <= now for _, at in zones)


def _open_zones(
    context: Context, connection: Connection, one: ReadyIssue
) -> list[tuple[str, datetime, bool]]:
    """Return the zones an issue is to be owed in, with its instant there; and where it is late."""
    now = context.clock.now()
    known = issues.find(connection, one.newsletter.id, one.issue.id)
    states = issues.zone_states(connection, known["id"]) if known is not None else {}
    return [
        (name, at, is_late(context, one, at, now, begun=name in states))
        for name, at in zones_of(connection, one)
        if states.get(name, issues.OPEN) == issues.OPEN
    ]


def is_late(context: Context, one: ReadyIssue, at: datetime, now: datetime, *, begun: bool) -> bool:
    """Tell whether an issue that fell due at ``at`` is filed, and not sent any more.

    Args:
        begun: Its people were taken already, and some were not sent to: what they waited for is
            the pause, however long the issue was on its way before that.
    """
    lasted = one.order.paused_for(at) if begun and one.order is not None else None
    if lasted is not None and one.order is not None and one.order.resumed_at is not None:
        return max(lasted, now - one.order.resumed_at) > context.late
    return now - at > context.late


def file_late(context: Context, one: ReadyIssue) -> Filed | None:
    """Close the zones of an issue that is too late there; None where it is not, or waits still."""
    now = context.clock.now()
    with context.store.write() as connection:
        known = issues.find(connection, one.newsletter.id, one.issue.id)
        held = holds.read(connection, now).newsletter(one.newsletter.id).hold
        if known is None or known["state"] != "planned" or held is not None:
            return None
        if one.is_paused or not issue_order.stands(connection, one):
            return None
        late = [(z, at) for z, at, is_over in _open_zones(context, connection, one) if is_over]
        for name, at in late:
            issues.settle_zone(connection, known["id"], name, due_at=at, state="archived")
    return _filed(one, [name for name, _ in late]) if late else None


def _filed(one: ReadyIssue, zones: Sequence[str] = ()) -> Filed:
    """Return what is told of an issue that came too late."""
    named = () if one.whole else (z or one.newsletter.time_zone for z in zones)
    return Filed(one.newsletter.id, one.issue.id, tuple(named))


def _take_up(
    context: Context, connection: Connection, one: ReadyIssue, now: datetime
) -> int | None:
    """Return the row of an issue that is new; None for one that was seen too late to be sent."""
    late = now - over(one) > context.late
    issues.add(
        connection,
        one.newsletter.id,
        one.issue.id,
        state="archived" if late else "planned",
        schedule=str(schedule_of(one.newsletter, one.issue)),
        now=now,
        by_zone=not one.whole,
    )
    known = issues.find(connection, one.newsletter.id, one.issue.id)
    return None if late or known is None else known["id"]


def _owe_zone(
    context: Context, one: ReadyIssue, issue_id: int, name: str, at: datetime, now: datetime
) -> int:
    """Owe an issue to the people of one zone, then close the zone; safe to begin again."""
    owed = last = there = 0
    while True:
        with context.store.write() as connection:
            if holds.read(connection, now).newsletter(one.newsletter.id).hold is not None:
                return owed
            if not issue_order.stands(connection, one):
                return owed
            if not last:
                there = order_store.size(connection, one.item)
            members, last = _owe_some(context, connection, one, name, at, now, after=last)
            there += members
            done = members < CHUNK
            # Somebody behind us was taken out again, by a hold that is over: look from the start.
            again = done and order_store.size(connection, one.item) < there
            if done and not again:
                issues.settle_zone(connection, issue_id, name, due_at=at, state="done")
        owed += members
        reached("owed")
        if done and not again:
            return owed
        last = 0 if again else last


def _owe_some(
    context: Context,
    connection: Connection,
    one: ReadyIssue,
    name: str,
    at: datetime,
    now: datetime,
    *,
    freed_since: datetime | None = None,
    after: int = 0,
) -> tuple[int, int]:
    """Owe an issue to the next thousand of a zone who may have it.

    Args:
        after: The last subscription that was looked at.

    Returns:
        How many they are, and the last subscription that was looked at now.
    """
    item = f"{one.newsletter.id}/{one.issue.id}"
    people = subscriptions.audience(
        connection,
        one.newsletter.id,
        item,
        zone=None if one.whole else name,
        before=at,
        limit=CHUNK,
        free_at=now,
        freed_since=freed_since,
        among=issue_audience.only(context, connection, one),
        after=after,
    )
    last = people[-1]["id"] if people else after
    batch = _batch(context, one, item, at)
    if context.settings.caps.on:
        hour = one.issue.hour or one.newsletter.hour
        home = one.newsletter.time_zone
        kept_issues.owe(context, connection, batch, people, hour=hour, home=home, now=now)
        return len(people), last
    members = [{"subscriber_id": p["subscriber_id"], "subscription_id": p["id"]} for p in people]
    for part in in_parts(members, batch_size(context)):
        binding.owe(connection, batch, part, now=now)
    return len(members), last


def _owe_the_freed(context: Context, ready: Sequence[ReadyIssue]) -> int:
    """Owe what was sent lately to people who were held then and are not any more."""
    now = context.clock.now()
    since = now - context.late
    with context.store.read() as connection:
        if not store.any_freed(connection, since, now):
            return 0
        kept = holds.read(connection, now)
        lately = [
            (one, name, at)
            for one in ready
            if kept.newsletter(one.newsletter.id).hold is None
            and not one.is_paused
            and not issue_audience.problem(context, connection, one)
            for name, at in zones_of(connection, one)
            if since <= at <= now
        ]
    owed = 0
    for one, name, at in lately:
        found = CHUNK
        while found == CHUNK:
            with context.store.write() as connection:
                found, _ = _owe_some(context, connection, one, name, at, now, freed_since=since)
            owed += found
    return owed


def _batch(context: Context, one: ReadyIssue, item: str, at: datetime) -> dict[str, Any]:
    return {
        "provider": context.provider.name,
        "kind": Kind.ISSUE,
        "collection": one.newsletter.id,
        "item": item,
        "content_hash": one.content_hash,
        "due_at": at,
    }


def zones_of(connection: Connection, one: ReadyIssue) -> list[tuple[str, datetime]]:
    """Return the zones an issue is due in, each with its instant."""
    if one.whole and one.issue.at is not None:
        return [("", one.issue.at)]
    names = subscriptions.zones(connection, one.newsletter.id)
    return [(name, instant_in(one, name or one.newsletter.time_zone)) for name in names]


def over(one: ReadyIssue) -> datetime:
    """Return the instant after which the issue is due nowhere any more."""
    return schedule_of(one.newsletter, one.issue).last()


def instant_in(one: ReadyIssue, zone_name: str) -> datetime:
    """Return when the issue's date and hour come in a zone."""
    return schedule_of(one.newsletter, one.issue).at(zone_name)
