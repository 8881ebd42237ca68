"""The words of the language."""

from __future__ import annotations

#: Words that begin a term -> what it looks like, for whoever stops behind them.
TERMS = {
    "everyone": "everyone",
    "tag": 'tag "alumni"',
    "attribute": 'attribute "city" is "Berlin"',
    "name": 'name begins with "An"',
    "time": 'time zone is "Europe/Berlin"',
    "zone": 'time zone is "Europe/Berlin"',
    "address": 'address at "example.org"',
    "status": "status confirmed",
    "source": "source csv",
    "form": 'form "footer"',
    "joined": "joined before 2026-10-01",
    "confirmed": "confirmed in the last 30 days",
    "course": 'course "NAME" finished',
    "newsletter": 'newsletter "NAME" active',
    "lesson": 'lesson "COURSE/LESSON" had',
    "issue": 'issue "NEWSLETTER/ISSUE" had',
    "paused": "paused",
    "audience": 'audience "alumni"',
}

#: Every word with a meaning: as a name it stands in quotes.
RESERVED = frozenset(
    {
        *TERMS,
        *("and", "or", "not", "is", "contains", "begins", "with", "known", "unknown", "at"),
        *("before", "since", "on", "after", "in", "the", "last", "day", "days", "had"),
        *("active", "finished", "left", "unconfirmed"),
    }
)

#: Ways by which somebody agrees, as the record of their consent names them.
SOURCES = ("csv", "form", "api", "page", "command", "desk")
