"""A sign-up form over a database without a project: who asks, what is mailed, what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bypost.people import confirm, signup
from bypost.people.abuse import Rules
from bypost.people.confirm import Confirmed
from bypost.people.signup import Outcome, Signup
from bypost.people.wish import Wish
from bypost.settings.model import SignUp
from bypost.store import Connection, signups, suppressions
from tests.people.desk import Desk

WORDING = "Send me the course; I can leave with one press."
NETWORK = "203.0.113.0/24"
DAY = timedelta(days=1)


@dataclass
class Form:
    """Asks, and keeps the mails that were owed.

    Attributes:
        mails: Of each notice that was owed: who, and the request it answers.
    """

    desk: Desk
    limits: dict[str, Any] = field(default_factory=dict)
    mails: list[tuple[int, str]] = field(default_factory=list)

    @property
    def rules(self) -> Rules:
        settings = SignUp(**{"per_network_per_hour": 10**6, **self.limits})
        return Rules(settings=settings, address_hash=self.desk.address_hash)

    @property
    def now(self) -> datetime:
        return self.desk.now

    def later(self, by: timedelta) -> None:
        self.desk.now += by

    def notify(
        self, connection: Connection, *, notice: str, subscriber_id: int, request: str
    ) -> None:
        assert notice == "confirmation"
        assert (subscriber_id, request) not in self.mails
        self.mails.append((subscriber_id, request))

    def ask(self, email: str = "ana@example.org", **values: Any) -> Outcome:
        """Fill in the form."""
        plain = {"course": "alpha", "form": "page:alpha", "wording": WORDING, "network": NETWORK}
        wish = Wish(**{"email": email, **plain, **values})
        with self.desk.store.write() as connection:
            return signup.request(
                connection, wish, now=self.now, rules=self.rules, notify=self.notify
            )

    def mailed(self) -> Signup:
        """Return what the link in the last mail leads to."""
        number = int(self.mails[-1][1].split(":")[1])
        with self.desk.store.read() as connection:
            row = signups.by_id(connection, number)
            assert row is not None
            found = signup.find(connection, row["link_id"])
        assert found is not None
        return found

    def confirm(self, asked: Signup | None = None, network: str = "198.51.100.0/24") -> Confirmed:
        """Press the button behind the link in the last mail."""
        asked = asked or self.mailed()
        with self.desk.store.write() as connection:
            return confirm.confirm(
                connection, asked, network=network, now=self.now, rules=self.rules
            )

    def again(self, asked: Signup) -> Outcome:
        """Ask for another link."""
        with self.desk.store.write() as connection:
            return signup.again(
                connection,
                asked,
                network=NETWORK,
                now=self.now,
                rules=self.rules,
                notify=self.notify,
            )

    def join(self, email: str = "ana@example.org", **values: Any) -> Confirmed:
        """Ask and confirm."""
        self.ask(email, **values)
        return self.confirm()

    def tidy(self) -> int:
        with self.desk.store.write() as connection:
            return signup.remove_unconfirmed(connection, now=self.now, rules=self.rules)

    def suppressed(self, email: str = "ana@example.org") -> str:
        """Return why nothing is sent to an address; empty if nothing stands against it."""
        hashed = self.desk.address_hash(email)
        with self.desk.store.read() as connection:
            return suppressions.find(connection, [hashed]).get(hashed, "")
