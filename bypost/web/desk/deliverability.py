"""Deliverability: what the doctor says, and what each receiving domain did with the mails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta

from starlette.responses import Response

from bypost.admins.role import Role
from bypost.check.doctor import examine
from bypost.check.doctor.checkup import Level
from bypost.store import Row, daily
from bypost.store.daily import Kind
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import PREFIX, Desk

_DAYS = 30
_KINDS = {
    Kind.DOMAIN_ACCEPTED: "accepted",
    Kind.DOMAIN_DELIVERED: "delivered",
    Kind.DOMAIN_SOFT_BOUNCED: "soft",
    Kind.DOMAIN_BOUNCED: "hard",
    Kind.DOMAIN_COMPLAINED: "complained",
}
#: Group of the doctor's -> its heading.
_GROUPS = {
    "domain": "The sender's domain",
    "provider": "The provider",
    "settings": "Settings",
    "machine": "This machine",
}
#: Mails below which a share says nothing.
_ENOUGH = 100


@dataclass(slots=True)
class Receiver:
    """One receiving domain, within the last days."""

    domain: str
    accepted: int = 0
    delivered: int = 0
    soft: int = 0
    hard: int = 0
    complained: int = 0

    def share(self, number: int) -> float:
        """Return a number as a part of what was accepted."""
        return number / self.accepted if self.accepted else 0.0

    @property
    def todo(self) -> str:
        """Return what to do about it, in plain words; empty where all is well."""
        if self.accepted < _ENOUGH:
            return ""
        if self.share(self.complained) > 0.001:
            return "Its readers mark mails as spam: look at what they got last, and who asked them."
        if self.share(self.hard) > 0.02:
            return "Many of its addresses do not work: look where they came from."
        if self.share(self.soft) > 0.05:
            return "It puts mails off: send more slowly, and look at SPF, DKIM and DMARC above."
        return ""


class Deliverability:
    """The page of deliverability."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [
            Address("GET", "/deliverability", self.show),
            Address("GET", "/deliverability.csv", self.csv),
            Address("POST", "/deliverability", self.examine, Role.OPERATOR),
        ]

    def show(self, ask: Ask) -> Response:
        """Show the last result, and the receiving domains; nobody is asked for it."""
        with self._desk.context.store.read() as connection:
            found = examine.last(connection)
        groups = [
            (title, [one for one in found.checkups if one.group == name] if found else [])
            for name, title in _GROUPS.items()
        ]
        return self._desk.show(
            ask,
            "deliverability",
            found=found,
            groups=[(title, some) for title, some in groups if some],
            counts={level.value: found.count(level) if found else 0 for level in Level},
            receivers=self._receivers(),
            days=_DAYS,
            csv=f"{PREFIX}/deliverability.csv",
        )

    def examine(self, ask: Ask) -> Response:
        """Run the doctor, and keep what it says; takes seconds, in a thread of its own."""
        context = self._desk.context
        found = examine.examine(context)
        with context.store.write() as connection:
            examine.keep(connection, found)
            self._desk.note(connection, ask, "doctor.run", "", f"{found.count(Level.FAIL)} failed")
        return self._desk.done(ask, "/deliverability", "Looked at everything just now.")

    def csv(self, ask: Ask) -> Response:
        """Return the receiving domains as a file."""
        header = ("domain", "accepted", "delivered", "soft_bounced", "bounced", "complained")
        rows = (
            (one.domain, one.accepted, one.delivered, one.soft, one.hard, one.complained)
            for one in self._receivers()
        )
        return self._desk.csv("receiving-domains", header, rows)

    def _receivers(self) -> list[Receiver]:
        """Return the receiving domains, the one with most mails first."""
        since = self._desk.context.clock.now().astimezone(UTC).date() - timedelta(days=_DAYS)
        with self._desk.context.store.read() as connection:
            rows = daily.sums(connection, kinds=list(_KINDS), by=("kind", "label"), since=since)
        return sorted(_by_domain(rows), key=lambda one: (-one.accepted, one.domain))


def _by_domain(rows: Sequence[Row]) -> list[Receiver]:
    found: dict[str, Receiver] = {}
    for row in rows:
        domain = row["label"]
        one = found.setdefault(domain, Receiver(domain))
        setattr(one, _KINDS[Kind(row["kind"])], int(row["number"]))
    return list(found.values())
