"""The machine: database, disk, clock and time zones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import metadata

from bypost.check.doctor import server
from bypost.check.doctor.checkup import Checkup, Level
from bypost.delivery import instance
from bypost.delivery.context import Context
from bypost.errors import ByPostError, StoreError
from bypost.store import clock_step
from scheduler.pacing import SKEW

#: Rules of clock changes are announced some months before they hold.
_OLD_ZONES = timedelta(days=540)


def check(context: Context) -> Iterator[Checkup]:
    """Yield what is found of this machine."""
    try:
        is_new = not context.store.exists()
    except StoreError as error:  # a server that does not answer, or not to us
        says, _, fix = str(error).partition("\n")
        yield _told("database", Level.FAIL, says, _sentence(fix) or "Look whether it runs.")
        is_new = True
    else:
        yield from _database(context, is_new=is_new)
        if context.store.is_shared and not is_new:
            yield from server.check(context)
    yield _disk(context)
    yield _clock(context, is_new=is_new)
    yield _zones(context.clock.now())


def _database(context: Context, *, is_new: bool) -> Iterator[Checkup]:
    if is_new:
        yield _told("database", Level.PASS, "there is none yet; the first `bypost send` makes it")
        return
    try:
        # Commits nothing: it only shows that a write transaction can be had.
        with context.store.write():
            pass
    except StoreError as error:
        says, _, fix = str(error).partition("\n")
        yield _told("database", Level.FAIL, says, fix.strip() or "Look whether it can be written.")
        return
    yield _told("database", Level.PASS, "it can be read and written")
    try:
        trouble = instance.trouble(context)
    except ByPostError as error:
        trouble = str(error)
    if trouble:
        says, _, fix = trouble.partition("\n")
        yield _told("instance", Level.FAIL, says, fix.strip())


def _disk(context: Context) -> Checkup:
    room, least = context.store.room(), context.settings.alarms.disk_mb
    if room is None:
        return _told("disk", Level.UNASKED, "the room beside the database is not known")
    if room < least * 1_000_000:
        words = f"{room // 1_000_000:,} MB are left beside the database"
        return _told("disk", Level.WARN, words, "Free some space; below 10 MB nothing is sent.")
    return _told("disk", Level.PASS, f"{room / 1e9:,.1f} GB are left beside the database")


def _sentence(fix: str) -> str:
    """Return the fix of an error as a sentence of its own."""
    fix = fix.strip()
    return f"{fix[:1].upper()}{fix[1:]}." if fix else ""


def _clock(context: Context, *, is_new: bool) -> Checkup:
    """Compare the clock with the newest thing the database knows."""
    now = context.clock.now()
    if is_new:
        return _told("clock", Level.PASS, f"it says {now:%d %B %Y %H:%M} UTC")
    with context.store.read() as connection:
        newest = clock_step.newest(connection).attempted_at
    if newest is not None and newest - now > SKEW:
        minutes = (newest - now) // timedelta(minutes=1)
        words = f"it is at least {minutes:,} minutes behind what the database knows"
        return _told("clock", Level.FAIL, words, "Set it, and let the system keep it (NTP).")
    return _told("clock", Level.PASS, f"it says {now:%d %B %Y %H:%M} UTC")


def _zones(now: datetime) -> Checkup:
    """Look at the age of the rules by which local hours are told."""
    try:
        version = metadata.version("tzdata")
    except metadata.PackageNotFoundError:
        return _told("time zones", Level.WARN, "the package tzdata is missing", "Install tzdata.")
    year = version.partition(".")[0]
    try:
        made = datetime(int(year), 1, 1, tzinfo=now.tzinfo)
    except ValueError:
        return _told("time zones", Level.PASS, f"tzdata {version}")
    if now - made > timedelta(days=365) + _OLD_ZONES:
        words = f"the rules are of {year} (tzdata {version}): some zones may be an hour off"
        return _told("time zones", Level.WARN, words, "Upgrade the package tzdata.")
    return _told("time zones", Level.PASS, f"tzdata {version}")


def _told(name: str, level: Level, says: str, todo: str = "") -> Checkup:
    return Checkup(group="machine", name=name, level=level, says=says, todo=todo)
