"""One person, as ``bypost subscribers show`` tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bypost.cli import console

if TYPE_CHECKING:
    from bypost.delivery.context import Context
    from bypost.store import Row


def gather(context: Context, person: Row) -> dict[str, Any]:
    """Return everything about one person as plain values."""
    from bypost.delivery import holds
    from bypost.store import consents, counts, enrollments, subscriptions, suppressions

    address = context.address_hash(person["email_key"])
    with context.store.read() as connection:
        runs = enrollments.of_subscribers(connection, [person["id"]])
        letters = subscriptions.of_subscribers(connection, [person["id"]])
        mails = counts.of_subscriber(connection, person["id"])
        agreed = consents.of_subscriber(connection, person["id"])
        stopped = suppressions.find(connection, [address]).get(address, "")
        hold = holds.read(connection, context.clock.now(), [person["id"]]).person(person["id"]).hold
    return {
        "email": person["email"],
        "name": person["name"],
        "time_zone": person["time_zone"],
        "status": person["status"],
        "suppressed": stopped,
        "held": {"since": hold.since, "until": hold.until, "reason": hold.reason} if hold else None,
        "tags": person["tags"],
        "attributes": person["attributes"],
        "courses": [
            {
                key: run[key]
                for key in (
                    *("course", "status", "started_at", "next_due", "paused_until"),
                    "begins_with",
                )
            }
            for run in runs
        ],
        "newsletters": [
            {key: row[key] for key in ("newsletter", "status", "started_at")} for row in letters
        ],
        "mails": [
            {
                "ref": context.reference(mail["id"]),
                "item": mail["item"],
                "state": mail["state"] or _state(mail["batch_state"]),
                "accepted_at": mail["accepted_at"],
                "detail": mail["detail"] or mail["batch_detail"],
            }
            for mail in mails
        ],
        "consents": [
            {key: row[key] for key in ("purpose", "source", "note", "confirmed_at", "withdrawn_at")}
            for row in agreed
        ],
    }


def _state(batch_state: str) -> str:
    """Return the word for a delivery that goes with its batch."""
    return {"settled": "accepted", "unknown": "unknown"}.get(batch_state, "pending")


def write(found: dict[str, Any]) -> None:
    """Write what was gathered, for people."""
    from rich.table import Table
    from rich.text import Text

    zone = ZoneInfo(found["time_zone"] or "UTC")
    console.out.print(
        Text.assemble(
            (found["name"] or found["email"], "bold"), f"  {found['email']}  ", (zone.key, "dim")
        )
    )
    if found["suppressed"]:
        console.out.print(f"  [red]✗[/red] nothing is sent to this address: {found['suppressed']}")
    if held := found["held"]:
        lasts = (
            f" until {held['until'].astimezone(zone):%a %-d %b %Y %H:%M %Z}"
            if held["until"]
            else ""
        )
        why = f": {held['reason']}" if held["reason"] else ""
        console.out.print("  [yellow]![/yellow] ", end="")
        console.out.print(f"paused by the operator{lasts}{why}", markup=False)
    for run in found["courses"]:
        due = None if found["suppressed"] else run["next_due"]
        after = f", next {due.astimezone(zone):%a %-d %b %Y %H:%M %Z}" if due else ""
        console.out.print(f"  {run['course']}: {run['status']}{after}", markup=False)
    for row in found["newsletters"]:
        console.out.print(f"  {row['newsletter']}: {row['status']}", markup=False)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for mail in found["mails"]:
        at = mail["accepted_at"]
        when = f"{at.astimezone(zone):%a %-d %b %Y %H:%M %Z}" if at else ""
        table.add_row(f"  {mail['state']}", when, mail["item"], mail["detail"] or "")
    console.out.print(table)
