"""One person as ``bypost why`` looks at them: everything that decides what they get, read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bypost.delivery import fate, holds, trace
from bypost.delivery.context import Context
from bypost.delivery.holds import Hold, Holds
from bypost.delivery.instants import instant
from bypost.delivery.programme import Programme, programme
from bypost.delivery.story import Mail
from bypost.delivery.zones import zone
from bypost.model.content import full_name
from bypost.store import (
    Connection,
    Row,
    consents,
    enrollments,
    listing,
    subscribers,
    subscriptions,
    suppressions,
)

#: Mails of one person that are looked at.
_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One person, and the project as it stands.

    Attributes:
        zone: In which instants are told: theirs, or their first course's.
        against: Suppressions of the address.
        runs, letters, mails, agreed: Rows, oldest first.
        followed: Each mail they had is followed through the ledger, and told.
    """

    context: Context
    connection: Connection
    person: Row
    zone: ZoneInfo
    now: datetime
    what: Programme
    held: Holds
    against: Sequence[Row]
    runs: Sequence[Row]
    letters: Sequence[Row]
    mails: Sequence[Row]
    agreed: Sequence[Row]
    followed: bool = True

    def at(self, at: datetime) -> str:
        """Return an instant in words."""
        return instant(at, self.zone)

    def how(self, purpose: str) -> Iterator[str]:
        """Yield how they came to a course or newsletter, and how that ended."""
        for row in self.agreed:
            if row["purpose"] != purpose:
                continue
            words = f" ({row['note']})" if row["note"] else ""
            when = row["confirmed_at"] or row["requested_at"]
            did = "agreed" if row["confirmed_at"] else "asked for it, and did not confirm,"
            yield f"they {did} by {row['source']} on {self.at(when)}{words}"
            if row["withdrawn_at"]:
                by = f", by {row['withdrawn_by']}" if row["withdrawn_by"] else ""
                yield f"that ended on {self.at(row['withdrawn_at'])}{by}"

    def muted(self, scope: str) -> str:
        """Return why nothing of a course or newsletter is sent to the address; empty: it is."""
        for row in self.against:
            if row["scope"] in {scope, suppressions.EVERYTHING}:
                return (
                    f"the address is suppressed since {self.at(row['created_at'])}: {row['reason']}"
                )
        return ""

    def keeps_back(self, hold: Hold | None, what: str) -> Iterator[str]:
        """Yield what an operator's hold says."""
        if hold is None:
            return
        until = f"until {self.at(hold.until)}" if hold.until else "until somebody lets it go on"
        why = f" ({hold.reason})" if hold.reason else ""
        yield f"{what} paused by the operator since {self.at(hold.since)}, {until}{why}"

    def had(self, **of: int) -> list[Mail]:
        """Return the mails of one run or subscription, oldest first."""
        if not self.followed:
            return []
        return [
            self.mail(row)
            for row in self.mails
            if all(row[name] == value for name, value in of.items())
        ]

    def mail(self, row: Row) -> Mail:
        """Return one mail with what became of it."""
        ref = self.context.reference(row["id"])
        found = trace.find(self.context, ref)
        if found is None:  # it was taken back a moment ago
            raise LookupError(ref)
        state = found.state
        return Mail(
            name=full_name(row["collection"], row["item"]),
            title=row["title"],
            state=state,
            at=row["accepted_at"] if state == "accepted" else None,
            provider=row["provider"],
            ref=ref,
            because=tuple(fate.fate(self.context, self.connection, found, self.zone)),
        )


def read(context: Context, connection: Connection, person: Row) -> Reader:
    """Read everything about one person."""
    now, who = context.clock.now(), person["id"]
    what = programme(context, connection)
    runs = enrollments.of_subscribers(connection, [who])
    letters = subscriptions.of_subscribers(connection, [who])
    fallback = [what.shapes[r["course"]].time_zone for r in runs if r["course"] in what.shapes]
    fallback += [
        what.newsletters[row["newsletter"]].time_zone
        for row in letters
        if row["newsletter"] in what.newsletters
    ]
    return Reader(
        context=context,
        connection=connection,
        person=person,
        zone=zone(person["time_zone"], *fallback[:1]),
        now=now,
        what=what,
        held=holds.read(connection, now, [who]),
        against=against(context, connection, person["email_key"]),
        runs=runs,
        letters=letters,
        mails=listing.mails(connection, after=0, limit=_MOST, subscriber_id=who),
        agreed=consents.of_subscriber(connection, who),
    )


def against(context: Context, connection: Connection, key: str | None) -> Sequence[Row]:
    """Return what stands against an address, whether anybody has it or not."""
    if not key:
        return ()
    return suppressions.of_address(connection, context.address_hash(key))


def find(connection: Connection, key: str) -> Any:
    """Return the person with a case-folded address; None if nobody has it."""
    return subscribers.by_keys(connection, [key]).get(key)
