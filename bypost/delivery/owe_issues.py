"""Owing issues of newsletters: at one instant for all, or at each person's own hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from bypost.delivery.context import Context
from bypost.delivery.owe import CHUNK, batch_size, in_parts
from bypost.delivery.publish import ReadyIssue
from bypost.delivery.steps import reached
from bypost.delivery.zones import zone
from bypost.model.course import Kind
from bypost.store import Connection, binding, issues, subscriptions
from scheduler.cadence import Days, due_at
from scheduler.window import Window

#: The zone in which a local hour comes last of all.
_LAST_ZONE = "Etc/GMT+12"


def owe_issues(context: Context, ready: Sequence[ReadyIssue]) -> int:
    """Owe every ready issue in the zones where its instant has come; return how many."""
    return sum(_owe_issue(context, issue) for issue in ready)


def next_issue_at(context: Context, ready: Sequence[ReadyIssue]) -> datetime | None:
    """Return the next instant at which an issue falls due somewhere; None if none will."""
    now = context.clock.now()
    coming = []
    with context.store.read() as connection:
        for one in ready:
            known = issues.find(connection, one.newsletter.id, one.issue.id)
            if known is None or known["state"] == "planned":
                coming += [at for _, at in zones_of(connection, one) if at > now]
                coming += [at for at in [over(one)] if at > now]
    return min(coming, default=None)


def _owe_issue(context: Context, one: ReadyIssue) -> int:
    """Take an issue up, owe it where its time has come, close it when that is everywhere."""
    now = context.clock.now()
    with context.store.write() as connection:
        issue_id = _take_up(context, connection, one, now)
        if issue_id is None:
            return 0
        settled = issues.settled_zones(connection, issue_id)
        open_zones = [(z, at) for z, at in zones_of(connection, one) if z not in settled]
    owed = 0
    for name, at in open_zones:
        if at <= now:
            owed += _owe_zone(context, one, issue_id, name, at, now)
    if over(one) <= now:
        with context.store.write() as connection:
            issues.close(connection, issue_id)
    return owed


def _take_up(
    context: Context, connection: Connection, one: ReadyIssue, now: datetime
) -> int | None:
    """Return the issue's row; None for one that is done, or was seen too late to be sent."""
    known = issues.find(connection, one.newsletter.id, one.issue.id)
    if known is not None:
        return known["id"] if known["state"] == "planned" else None
    late = now - over(one) > context.late
    issues.add(
        connection,
        one.newsletter.id,
        one.issue.id,
        state="archived" if late else "planned",
        schedule=_schedule(one),
        now=now,
    )
    return None if late else _take_up(context, connection, one, now)


def _owe_zone(
    context: Context, one: ReadyIssue, issue_id: int, name: str, at: datetime, now: datetime
) -> int:
    """Owe an issue to the people of one zone, then close the zone; safe to begin again.

    A zone whose instant is past the lateness limit is closed without a mail.
    """
    item = f"{one.newsletter.id}/{one.issue.id}"
    local = one.issue.at is None
    owed = 0
    while now - at <= context.late:
        with context.store.write() as connection:
            people = subscriptions.audience(
                connection,
                one.newsletter.id,
                item,
                zone=name if local else None,
                before=at,
                limit=CHUNK,
            )
            members = [
                {"subscriber_id": p["subscriber_id"], "subscription_id": p["id"]} for p in people
            ]
            for part in in_parts(members, batch_size(context)):
                binding.owe(connection, _batch(context, one, item, at), part, now=now)
            if len(people) < CHUNK:
                issues.settle_zone(connection, issue_id, name, due_at=at, state="done")
        owed += len(people)
        reached("owed")
        if len(people) < CHUNK:
            return owed
    with context.store.write() as connection:
        issues.settle_zone(connection, issue_id, name, due_at=at, state="archived")
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
    if one.issue.at is not None:
        return [("", one.issue.at)]
    names = subscriptions.zones(connection, one.newsletter.id)
    return [(name, instant_in(one, name or one.newsletter.time_zone)) for name in names]


def over(one: ReadyIssue) -> datetime:
    """Return the instant after which the issue is due nowhere any more."""
    return one.issue.at if one.issue.at is not None else instant_in(one, _LAST_ZONE)


def instant_in(one: ReadyIssue, zone_name: str) -> datetime:
    """Return when the issue's date and hour come in a zone."""
    if one.issue.day is None:
        raise ValueError(one.issue.id)
    hour = one.issue.hour or one.newsletter.hour
    # A noon of the day before is a safe "last": due_at counts dates, not hours.
    eve = datetime.combine(one.issue.day - timedelta(days=1), time(12), zone(zone_name))
    window = Window.always()
    return due_at(Days(1), last=eve, zone=zone(zone_name), hour=hour, window=window)


def _schedule(one: ReadyIssue) -> str:
    return one.issue.at.isoformat() if one.issue.at else f"{one.issue.day} {one.issue.hour}"
