"""When a pass need not be made: the last one found nothing to do, and nothing changed since.

A pass reads the database, the project's files and the clock. As long as the first two are what they
were when a pass found nothing to do, and nothing has fallen due, another one would find nothing
either; looking at both takes a hundredth of its time. All this is only known within one process:
the first pass of a process is always made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bypost.content.audiences import FILE_NAME as AUDIENCES
from bypost.content.watch import file_stamp, signature
from bypost.delivery import disk, instance, last_pass
from bypost.delivery.context import Context
from bypost.delivery.report import Report
from bypost.people.import_csv import project_file
from bypost.store import Connection, alarms, holds
from bypost.store.counts import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a pass goes by, seen from outside.

    Attributes:
        at: When it was looked.
        database: Another value whenever somebody has written since.
        files: Sizes and times of all files that a pass reads, and what the environment says.
        short: What is wrong with the room on the disk; empty if there is enough.
    """

    at: datetime
    database: object
    files: object
    short: str


@dataclass(frozen=True, slots=True)
class Rest:
    """A pass that found nothing to do.

    Attributes:
        seen: What it went by.
        until: When something falls due.
        report: What it said; one that is not made would say the same.
    """

    seen: Look
    until: datetime
    report: Report

    def lasts(self, now: Look) -> bool:
        """Tell whether a pass that goes by ``now`` would find nothing to do.

        A clock that was set back ends it: the ledger has to be brought back too.
        """
        same = (now.database, now.files, now.short) == (
            self.seen.database,
            self.seen.files,
            self.seen.short,
        )
        return same and self.seen.at <= now.at < self.until


def look(context: Context) -> Look:
    """Look at what a pass goes by; some file stamps, and one number of the database.

    Raises:
        StoreError: The database cannot be asked.
    """
    root, logo = context.root, context.settings.theme.logo
    single = [project_file(root), root / AUDIENCES, *([root / logo] if logo else [])]
    return Look(
        at=context.clock.now(),
        database=context.store.stamp(),
        files=(
            signature(root),
            [file_stamp(path) for path in single],
            instance.stamp(root),
        ),
        short=disk.shortage(context),
    )


def begin(context: Context, seen: Look, report: Report) -> Rest | None:
    """Return how long passes may rest after one; None: another one has to be made.

    Args:
        seen: What was looked at before the pass began. What changed meanwhile, by its own hand or
            by another's, it may have missed: then the next look is another, and no rest lasts.
    """
    if report.troubles or report.this_pass != Counts():
        return None
    with context.store.read() as connection:
        return Rest(seen, _until(connection, seen.at, report), report)


def _until(connection: Connection, now: datetime, report: Report) -> datetime:
    """Return the instant from which on a pass may have something to do.

    Whatever has no instant of its own (alarms, counts, housekeeping) can wait for the next time
    that a pass is noted, every 30 s.
    """
    noted = last_pass.read(connection)
    if noted is None:
        return now
    known = report.next_at, alarms.next_message(connection), holds.next_end(connection, now)
    return min([noted.at + last_pass.QUIET, *(at for at in known if at is not None)])
