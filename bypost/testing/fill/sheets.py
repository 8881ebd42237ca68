"""The tables of people, and which of their columns a filled database has."""

from __future__ import annotations

from bypost.model.event import EventKind
from bypost.store import Connection
from bypost.store.bulk import Sheet


class Sheets:
    """One sheet for each table of people."""

    def __init__(self, provider: str) -> None:
        self.people = Sheet(
            "subscribers",
            (
                *("id", "email", "email_key", "name", "time_zone", "hour", "status"),
                *("tags", "attributes", "created_at", "confirmed_at", "erased_at"),
            ),
            {"own_choice": "[]"},
        )
        self.signups = Sheet(
            "signups",
            (
                *("id", "subscriber_id", "course", "newsletters", "name", "time_zone", "hour"),
                *("form", "link_id", "requested_at", "mailed_at", "expires_at", "confirmed_at"),
                "confirmed_network",
            ),
            {"wording": "Send me the lessons by mail.", "language": "en", "network": ""},
        )
        self.runs = Sheet(
            "enrollments",
            (
                *("id", "subscriber_id", "course", "status", "started_at", "next_due", "link_id"),
                *("paused_until", "finished_at", "left_at"),
            ),
            {"run": 1, "pace": "", "begins_with": "", "asked_keeps": False},
        )
        self.letters = Sheet(
            "subscriptions",
            ("id", "subscriber_id", "newsletter", "status", "started_at", "link_id", "left_at"),
        )
        self.consents = Sheet(
            "consents",
            (
                *("subscriber_id", "purpose", "source", "note", "form", "network"),
                *("confirmed_network", "requested_at", "confirmed_at", "withdrawn_at"),
                "withdrawn_by",
            ),
            {"language": "en"},
        )
        self.suppressions = Sheet(
            "suppressions",
            ("address_hash", "reason", "created_at"),
            {"scope": "all", "detail": provider},
        )
        self.marks = Sheet("lesson_marks", ("enrollment_id", "item", "at"))

    def erased(self, number: int, at: int, removed: float) -> None:
        """Add somebody who never confirmed, and of whom nothing was kept."""
        self.people.rows.append(
            (number, None, None, "", "", "", "erased", [], {}, at, None, int(removed))
        )

    def suppress(self, address_hash: bytes, why: EventKind, at: int) -> None:
        """Add an address that is not mailed any more."""
        self.suppressions.rows.append((address_hash, str(why), at))

    def write(self, connection: Connection) -> None:
        """Insert what was gathered."""
        for sheet in (
            *(self.people, self.signups, self.runs),
            *(self.letters, self.consents, self.suppressions, self.marks),
        ):
            sheet.write(connection)
