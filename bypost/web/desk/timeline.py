"""Everything that happened with one person, newest first, a sentence each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bypost.delivery.context import Context
from bypost.model.content import full_name
from bypost.store import (
    Connection,
    Row,
    address_changes,
    audit,
    consents,
    enrollments,
    events,
    holds,
    listing,
    signups,
    subscriptions,
    suppressions,
)

#: Mails of a person and lines of the log that are looked at, and entries that are shown.
_MOST_MAILS, _MOST_NOTES, _MOST_SHOWN = 10_000, 100, 300
_STATES = {"settled": "accepted", "unknown": "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened.

    Attributes:
        kind: joined, consent, mail, event, pause, stop or done: for its sign.
        words: A sentence without a full stop.
        detail: What was said with it: a consent's wording, a provider's answer; may be empty.
    """

    at: datetime
    kind: str
    words: str
    detail: str = ""


def entries(context: Context, connection: Connection, person: Row) -> list[Entry]:
    """Return what happened, newest first, at most :data:`_MOST_SHOWN`."""
    who = person["id"]
    found = [
        *_person(person),
        *_asked(connection, who),
        *_consents(connection, who),
        *_memberships(connection, who),
        *_mails(context, connection, who),
        *_stops(context, connection, person),
        *_notes(connection, who),
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:_MOST_SHOWN]


def _person(person: Row) -> Iterator[Entry]:
    files = ", ".join(sorted(person["csv_cells"] or {}))
    yield Entry(
        at=person["created_at"],
        kind="joined",
        words="First seen",
        detail=f"in the file {files}" if files else "",
    )
    if person["erased_at"]:
        yield Entry(at=person["erased_at"], kind="stop", words="Erased")


def _asked(connection: Connection, who: int) -> Iterator[Entry]:
    for row in signups.of_subscriber(connection, who):
        form = f"by the form {row['form']}" if row["form"] else ""
        yield Entry(at=row["requested_at"], kind="joined", words="Asked to join", detail=form)
    for row in address_changes.of_subscriber(connection, who):
        if row["confirmed_at"]:
            yield Entry(at=row["confirmed_at"], kind="done", words="Changed their address")
        else:
            words = "Asked for another address"
            yield Entry(at=row["requested_at"], kind="done", words=words)


def _consents(connection: Connection, who: int) -> Iterator[Entry]:
    for row in consents.of_subscriber(connection, who):
        what = row["purpose"].replace(":", " ")
        if row["confirmed_at"]:
            words = f"Agreed to {what}, by {row['source']}"
            yield Entry(at=row["confirmed_at"], kind="consent", words=words, detail=row["note"])
        else:
            words = f"Was asked about {what}, by {row['source']}"
            yield Entry(at=row["requested_at"], kind="consent", words=words, detail=row["note"])
        if row["withdrawn_at"]:
            by = f", by {row['withdrawn_by']}" if row["withdrawn_by"] else ""
            words = f"Consent to {what} ended{by}"
            yield Entry(at=row["withdrawn_at"], kind="stop", words=words)


def _memberships(connection: Connection, who: int) -> Iterator[Entry]:
    for run in enrollments.of_subscribers(connection, [who]):
        again = f" for the {run['run']}. time" if run["run"] > 1 else ""
        words = f"Began the course {run['course']}{again}"
        yield Entry(at=run["started_at"], kind="joined", words=words)
        if run["finished_at"]:
            words = f"Was through with the course {run['course']}"
            yield Entry(at=run["finished_at"], kind="done", words=words)
        if run["left_at"]:
            yield Entry(at=run["left_at"], kind="stop", words=f"Left the course {run['course']}")
    for row in subscriptions.of_subscribers(connection, [who]):
        if row["left_at"]:
            words = f"Left the newsletter {row['newsletter']}"
            yield Entry(at=row["left_at"], kind="stop", words=words)


def _mails(context: Context, connection: Connection, who: int) -> Iterator[Entry]:
    told: dict[int, list[Row]] = defaultdict(list)
    for row in events.of_person(connection, who):
        told[row["delivery_id"]].append(row)
    rows = listing.mails(connection, after=0, limit=_MOST_MAILS, subscriber_id=who)
    for row in rows:
        yield _mail(context, row)
        for event in told[row["id"]]:
            words = f"{event['provider']} says of “{row['title']}”: {event['kind']}"
            yield Entry(at=event["at"], kind="event", words=words)


def _mail(context: Context, row: Row) -> Entry:
    state = row["state"] or _STATES.get(row["batch_state"], "pending")
    at = row["accepted_at"] if state == "accepted" and row["accepted_at"] else row["due_at"]
    name = full_name(row["collection"], row["item"])
    told = {
        "accepted": f"“{row['title']}” was accepted by {row['provider']}",
        "failed": f"“{row['title']}” was refused by {row['provider']}",
        "cancelled": f"“{row['title']}” was not sent",
        "unknown": f"Nobody knows whether “{row['title']}” was accepted by {row['provider']}",
    }.get(state, f"“{row['title']}” is owed")
    once_more = ", once more" if row["copy"] else ""
    said = [name + once_more, context.reference(row["id"]), row["provider_id"], row["detail"]]
    if state in {"unknown", "pending"}:
        said.append(row["batch_detail"])
    return Entry(at=at, kind="mail", words=told, detail=" · ".join(str(it) for it in said if it))


def _stops(context: Context, connection: Connection, person: Row) -> Iterator[Entry]:
    for row in holds.of_people(connection, [person["id"]]):
        yield Entry(
            at=row["since"], kind="pause", words="Paused by an operator", detail=row["reason"]
        )
        if row["ended_at"]:
            yield Entry(at=row["ended_at"], kind="pause", words="Let go on by an operator")
    if person["email_key"]:
        hashed = context.address_hash(person["email_key"])
        for row in suppressions.of_address(connection, hashed):
            scope = "Nothing" if row["scope"] == "all" else f"Nothing of {row['scope']}"
            words = f"{scope} is sent to the address from now on: {row['reason']}"
            yield Entry(at=row["created_at"], kind="stop", words=words, detail=row["detail"])


def _notes(connection: Connection, who: int) -> Iterator[Entry]:
    rows: Sequence[Row] = audit.newest(connection, limit=_MOST_NOTES, subject=f"subscriber:{who}")
    for row in rows:
        words = f"{row['who']} by {row['via']}: {row['action']}"
        yield Entry(at=row["at"], kind="done", words=words, detail=row["detail"])
