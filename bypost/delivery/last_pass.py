"""What the last pass left in the database for those who only look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from bypost.store import Connection, meta

#: Its name among the facts of the database.
KEY = "last_pass"
#: A pass that did nothing is noted again only after so long.
QUIET = timedelta(seconds=30)
#: A pass that repeats itself and was not heard of for so many intervals has stopped.
_MISSED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPass:
    """One pass, as far as others want to know.

    Attributes:
        at: When it came to its end.
        every: Until the next one, for passes that repeat themselves; None for a single one.
        did: What it changed, by the words of the ledger; only what is not 0.
        courses: Courses that can be sent.
        held: Folder -> problems as in ``--json``; such a folder sends nothing.
        waiting: Course -> how many changes of its structure wait for ``bypost apply``.
        troubles: What went wrong, in plain words.
        issue: The next issue, ``newsletter/issue``; empty if none is planned.
        issue_at: When it falls due.
    """

    at: datetime
    every: timedelta | None = None
    did: Mapping[str, int] = field(default_factory=dict)
    courses: Sequence[str] = ()
    held: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    troubles: Sequence[str] = ()
    issue: str = ""
    issue_at: datetime | None = None

    def overdue(self, now: datetime) -> bool:
        """Tell whether passes should have come since and did not."""
        if self.every is None:
            return False
        return now - self.at > max(_MISSED * self.every, QUIET) + QUIET


def read(connection: Connection) -> LastPass | None:
    """Return the last pass; None if none was noted."""
    text = meta.get(connection, KEY)
    if text is None:
        return None
    fields = orjson.loads(text)
    every, issue_at = fields["every"], fields["issue_at"]
    times = {
        "at": datetime.fromisoformat(fields["at"]),
        "every": None if every is None else timedelta(seconds=every),
        "issue_at": datetime.fromisoformat(issue_at) if issue_at else None,
    }
    return LastPass(**{**fields, **times})


def write(connection: Connection, last: LastPass) -> None:
    """Put ``last`` in the place of the one before."""
    meta.put(connection, KEY, plain(last))


def plain(last: LastPass) -> str:
    """Return ``last`` as the database keeps it: two that say the same are equal texts."""
    every = last.every.total_seconds() if last.every else None
    return orjson.dumps({**asdict(last), "every": every}).decode()
