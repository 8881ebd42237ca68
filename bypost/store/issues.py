"""Issues that were ready, and the zones in which their instant has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import RowMapping, exists, or_, select, update

from bypost.store.engine import Connection
from bypost.store.once import add_once
from bypost.store.schema import issue_zones, issues

#: A zone that was closed, and whose audience is to be looked at again.
OPEN = "open"


def find(connection: Connection, newsletter: str, issue: str) -> RowMapping | None:
    """Return what is known of an issue."""
    query = select(issues).where(issues.c.newsletter == newsletter, issues.c.issue == issue)
    return connection.execute(query).mappings().first()


def add(
    connection: Connection,
    newsletter: str,
    issue: str,
    *,
    state: str,
    schedule: str,
    now: datetime,
    by_zone: bool = False,
) -> None:
    """Take an issue up, planned or (seen too late) archived; one that is known stays as it is.

    Args:
        by_zone: Its audience is taken zone by zone; see :func:`go_by_zone`.
    """
    values = {
        "newsletter": newsletter,
        "issue": issue,
        "state": state,
        "schedule": schedule,
        "first_seen_at": now,
        "by_zone": by_zone,
    }
    add_once(connection, issues, values)


def by_zone(connection: Connection) -> set[tuple[str, str]]:
    """Return the issues, as newsletter and issue, whose audience is taken zone by zone."""
    query = select(issues.c.newsletter, issues.c.issue).where(issues.c.by_zone.is_(True))
    return {(row.newsletter, row.issue) for row in connection.execute(query)}


def go_by_zone(connection: Connection, newsletter: str, issue: str) -> None:
    """Take the audience of an issue zone by zone from now on, whatever becomes of its schedule.

    Else an issue that went out in some zones, and is then to go to all others at one instant, would
    not know who these others are: everybody at once has no zone, and neither have some people.
    """
    connection.execute(
        update(issues)
        .where(issues.c.newsletter == newsletter, issues.c.issue == issue)
        .values(by_zone=True)
    )


def zone_states(connection: Connection, issue_id: int) -> dict[str, str]:
    """Return the zones an issue was looked at in: ``done``, ``archived``, or ``open`` again."""
    query = select(issue_zones.c.time_zone, issue_zones.c.state).where(
        issue_zones.c.issue_id == issue_id
    )
    return {row.time_zone: row.state for row in connection.execute(query)}


def zone_instants(connection: Connection, issue_id: int) -> list[tuple[str, datetime]]:
    """Return the zones an issue was looked at in, each with the instant it had there."""
    query = select(issue_zones.c.time_zone, issue_zones.c.due_at).where(
        issue_zones.c.issue_id == issue_id
    )
    return [(zone, at) for zone, at in connection.execute(query)]


def plan_again(connection: Connection, newsletter: str, issue: str) -> None:
    """Let an issue be owed where it was filed as too late; where people had it, it stays closed."""
    known = find(connection, newsletter, issue)
    if known is None:
        return
    connection.execute(
        update(issue_zones)
        .where(issue_zones.c.issue_id == known["id"], issue_zones.c.state == "archived")
        .values(state=OPEN)
    )
    connection.execute(update(issues).where(issues.c.id == known["id"]).values(state="planned"))


def settled_zones(connection: Connection, issue_id: int) -> set[str]:
    """Return the zones whose people were taken, or were too late."""
    query = select(issue_zones.c.time_zone).where(
        issue_zones.c.issue_id == issue_id, issue_zones.c.state != OPEN
    )
    return set(connection.execute(query).scalars())


def settle_zone(
    connection: Connection, issue_id: int, zone: str, *, due_at: datetime, state: str
) -> None:
    """Close a zone: its audience was taken, whoever joins later reads the archive.

    Two passes at once may both come to its end; the first word counts.
    """
    values = {"issue_id": issue_id, "time_zone": zone, "due_at": due_at, "state": state}
    if not add_once(connection, issue_zones, values):
        connection.execute(
            update(issue_zones)
            .where(
                issue_zones.c.issue_id == issue_id,
                issue_zones.c.time_zone == zone,
                issue_zones.c.state == OPEN,
            )
            .values(state=state, due_at=due_at)
        )


def reopen(connection: Connection, item: str, due_at: datetime) -> None:
    """Open the zones of an instant again: some of their people were not sent to after all.

    The zones stay on record, so that the archive goes on showing what others had.

    Args:
        item: As deliveries name it: newsletter/issue.
    """
    newsletter, _, issue = item.partition("/")
    known = find(connection, newsletter, issue)
    if known is None:
        return
    connection.execute(
        update(issue_zones)
        .where(issue_zones.c.issue_id == known["id"], issue_zones.c.due_at == due_at)
        .values(state=OPEN)
    )
    connection.execute(update(issues).where(issues.c.id == known["id"]).values(state="planned"))


def close(connection: Connection, issue_id: int) -> None:
    """Mark an issue as done: its instant has passed in every zone there is."""
    connection.execute(update(issues).where(issues.c.id == issue_id).values(state="done"))


def out(connection: Connection) -> set[tuple[str, str]]:
    """Return the issues, as newsletter and issue, that anybody may read.

    Somebody may have them by now: their instant has come in some zone, or they were seen too late
    to be sent and are filed.
    """
    begun = exists().where(issue_zones.c.issue_id == issues.c.id)
    query = select(issues.c.newsletter, issues.c.issue).where(
        or_(issues.c.state != "planned", begun)
    )
    return {(row.newsletter, row.issue) for row in connection.execute(query)}
