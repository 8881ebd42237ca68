"""The database server: whether it keeps what it promises, and has room for all who come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bypost.check.doctor.checkup import Checkup, Level
from bypost.delivery.context import Context
from bypost.store import server, workers
from bypost.store.server import Server
from scheduler.clock import SystemClock

#: The oldest version that the tests' statements and the driver are known to fit.
_OLDEST = 14
#: Clocks further apart than this are worth a word; leases go by the server's all the same.
_APART = timedelta(seconds=5)
#: Connections of one process beside those that bring batches: pages, passes, listening.
_BESIDE = 6
#: Whoever was seen within this time is still there.
_ALIVE = timedelta(minutes=5)

_LOSE = {
    "fsync": "a power cut may damage the whole database",
    "full_page_writes": "a power cut may damage the whole database",
    "synchronous_commit": "what was sent in the last moment before a crash is sent again",
}


def check(context: Context) -> Iterator[Checkup]:
    """Yield what is found of the server that holds the database.

    Raises:
        StoreError: It cannot be asked.
    """
    with context.store.read() as connection:
        found = server.look(connection)
        now = SystemClock().now()
        there = workers.alive(connection, context.clock.now() - _ALIVE)
    slots = [one["slots"] for one in there]
    own = context.settings.sending.threads
    yield from judge(found, now=now, needed=sum(slots) + own + _BESIDE * (len(slots) + 1))


def judge(found: Server, *, now: datetime, needed: int) -> Iterator[Checkup]:
    """Yield what is to be said of a server.

    Args:
        now: This machine's clock, read in the same moment.
        needed: Connections that all our processes together may take.
    """
    yield _version(found)
    if found.is_standby:
        words = "it follows another server, and takes nothing down"
        yield _told("database role", Level.FAIL, words, "Name the primary in [database] url.")
    if found.encoding != "UTF8":
        words = f"this database keeps texts as {found.encoding}: names of other scripts are refused"
        todo = "Make another one: createdb --encoding=UTF8 --template=template0."
        yield _told("database encoding", Level.FAIL, words, todo)
    else:
        yield _told("database encoding", Level.PASS, "UTF8")
    yield _lasting(found)
    yield _connections(found, needed)
    apart = abs(found.now - now)
    if apart > _APART:
        words = f"this machine's clock and the server's are {apart.total_seconds():,.0f} s apart"
        todo = "Let both be kept by the system (NTP); leases go by the server's."
        yield _told("database clock", Level.WARN, words, todo)
    else:
        yield _told("database clock", Level.PASS, "it agrees with this machine's")


def _version(found: Server) -> Checkup:
    words = f"PostgreSQL {found.version_name}"
    if found.version < _OLDEST * 10_000:
        todo = f"Upgrade the server to {_OLDEST} or newer."
        return _told("database version", Level.FAIL, words, todo)
    return _told("database version", Level.PASS, words)


def _lasting(found: Server) -> Checkup:
    """Look whether what was committed is still there after a crash."""
    if not found.losing:
        return _told("database durability", Level.PASS, "what is committed is on the disk")
    name = found.losing[0]
    words = f"{' and '.join(found.losing)} is off: {_LOSE[name]}"
    return _told("database durability", Level.FAIL, words, f"Switch {name} on at the server.")


def _connections(found: Server, needed: int) -> Checkup:
    if needed > found.connections:
        words = (
            f"passes, pages and workers may take {needed} connections at once, and the server "
            f"gives {found.connections} to all programs together"
        )
        todo = "Raise max_connections there, or run fewer workers or smaller ones."
        return _told("database connections", Level.WARN, words, todo)
    words = f"{found.used} of {found.connections} are in use; ours may take {needed}"
    return _told("database connections", Level.PASS, words)


def _told(name: str, level: Level, says: str, todo: str = "") -> Checkup:
    return Checkup(group="machine", name=name, level=level, says=says, todo=todo)
