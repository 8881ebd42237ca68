"""Housekeeping: how large the database is, what goes when, and backups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from bypost.admins.role import Role
from bypost.delivery import backups, housekeeping
from bypost.settings.keep import Keep
from bypost.store import upkeep
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.beside import Beside, Work
from bypost.web.desk.desk import Desk

#: Bytes up to which room is told by table without asking: it reads the whole file.
_SMALL = 64_000_000
#: Bytes by table, largest first; None where that is not known.
Sizes = dict[str, int] | None
#: Seconds for which they are good.
_FRESH = 60.0
#: Steps of housekeeping -> their key in ``[keep]``, and what stays.
_RULES: Mapping[str, tuple[str, str]] = {
    "mails": ("mails_days", "counts by day, one row of each issue"),
    "erased": ("mails_days", "an empty row of the person"),
    "events": ("events_days", "counts by day, suppressions"),
    "raw": ("raw_days", "what it meant"),
    "attempts": ("attempts_days", "the newest 100"),
    "clicks": ("clicks_days", "counts by lesson, link and day"),
    "contents": ("contents_days", "the newest of each lesson and issue"),
    "consents": ("networks_days", "the record"),
    "signups": ("networks_days", "the request"),
    "imports": ("imports_days", "each file's last report"),
    "audit": ("audit_days", ""),
    "days": ("daily_days", "the same by month"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What goes after how many days, and how much of it went with the last round."""

    what: str
    key: str
    days: int
    stays: str
    went: int


class Housekeeping:
    """The page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tables = Beside[Sizes](fresh=_FRESH)

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        return [
            Address("GET", "/housekeeping", self.show),
            Address("POST", "/housekeeping/backup", self.back_up, Role.OPERATOR),
        ]

    def show(self, ask: Ask) -> Response:
        """Show how things stand."""
        context = self._desk.context
        size = context.store.size()
        whole = size <= _SMALL or "tables" in ask.query
        work = self._tables.work("", "", self._read_tables) if whole else None
        tables = work.result if work else None
        with context.store.read() as connection:
            known = housekeeping.state(connection)
            free = upkeep.free_pages(connection)
        made = backups.listed(context.root)
        return self._desk.show(
            ask,
            "housekeeping",
            size=room_of(size),
            free=room_of(free),
            room=room_of(context.store.room() or 0),
            on_server=context.store.is_shared,
            tables=[(name, room_of(n), n / max(size, 1)) for name, n in (tables or {}).items()],
            whole=whole,
            reading=work is not None and not work.is_over,
            rules=_rules(context.settings.keep, known.former),
            ended_at=known.ended_at,
            running=housekeeping.STEPS[known.step][0] if known.step else "",
            backups=[(one.name, one.at, room_of(one.size)) for one in made],
            kept=backups.KEPT,
            folder=str(backups.FOLDER),
        )

    def _read_tables(self, _: Work[Sizes]) -> Sizes:
        with self._desk.context.store.read() as connection:
            return upkeep.tables(connection)

    def back_up(self, ask: Ask) -> Response:
        """Write a backup; it is verified before it counts as one."""
        if self._desk.context.store.is_shared:
            title = "The database is backed up by its server's own tools"
            return self._desk.say(ask, title, "E.g. by `pg_dump` every night.", status=409)
        made = backups.make(self._desk.context)
        with self._desk.context.store.write() as connection:
            self._desk.note(connection, ask, "db.backup", "", made.path.name)
        said = f"Backed up and verified: {made.path.name}, {room_of(made.size)}."
        return self._desk.done(ask, "/housekeeping", said)


def room_of(size: int) -> str:
    """Return bytes as people read them: 812 kB, 94.0 MB, 1.7 GB."""
    for unit, name in ((1_000_000_000, "GB"), (1_000_000, "MB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size / 1000:,.0f} kB"


def _rules(keep: Keep, went: Mapping[str, int]) -> list[Rule]:
    return [
        Rule(housekeeping.STEPS[step][0], key, getattr(keep, key), stays, went.get(step, 0))
        for step, (key, stays) in _RULES.items()
    ]
