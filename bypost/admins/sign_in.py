"""Signing in: who it is, and how long guessing has to wait.

Failures are counted for a name together with the network they come from, for the network, and for
the name from wherever. Each wait doubles; none ends in a lock, for a stranger could then keep an
operator out by failing on purpose. A browser that signed in before under a name is counted by
itself: however many strangers fail under that name, it does not wait for them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bypost.admins import audit, session
from bypost.admins import password as passwords
from bypost.admins.account import is_name, plain_name
from bypost.store import Connection, Row, Store, admins

#: Failures are forgotten so long after the last one.
MEMORY = timedelta(hours=24)
_SECOND = timedelta(seconds=1)
_OF_NETWORK = "net:"
#: Under this name stands how often somebody failed under names that do not exist.
_UNKNOWN = "unknown names"


@dataclass(frozen=True, slots=True)
class Slowness:
    """How waits grow: ``free`` failures cost nothing, then 1, 2, 4 ... seconds up to ``most``."""

    free: int
    most: timedelta

    def after(self, failures: int) -> timedelta:
        """Return how long the next attempt waits after so many failures."""
        over = failures - self.free
        if over <= 0:
            return timedelta()
        doubled: timedelta = _SECOND * 2 ** min(over - 1, 16)
        return min(self.most, doubled)


#: Somebody who mistypes; a machine that tries one account after another; a crowd of machines.
_PLACE = Slowness(free=3, most=timedelta(minutes=15))
_NETWORK = Slowness(free=20, most=timedelta(minutes=15))
_NAME = Slowness(free=50, most=timedelta(seconds=30))
_BROWSER = Slowness(free=5, most=timedelta(minutes=5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Somebody wants in.

    Attributes:
        network: Where it comes from, shortened.
        browser: What is known of a browser that signed in under this name before; empty: nothing.
    """

    name: str
    password: str
    network: str
    browser: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of an attempt.

    Attributes:
        admin: Who it is; None: the name or the password is wrong, or nothing was tried.
        wait: How long until something is tried again; zero: at once.
    """

    admin: Row | None = None
    wait: timedelta = timedelta()


def sign_in(store: Store, attempt: Attempt, token: str, now: datetime) -> Result:
    """Try to sign in; where it is right, the session of ``token`` has begun.

    A failure is counted before the password is looked at: of many attempts at the same moment each
    one counts.

    Args:
        token: A secret made for this session, never one that the browser brought.

    Raises:
        Busy: if too many passwords are being checked at this moment.
    """
    counters = _counters(attempt)
    with store.write() as connection:
        wait = _count(connection, counters, now)
        name = plain_name(attempt.name)
        row = admins.by_name(connection, name if is_name(name) else "")
    if wait:
        return Result(wait=wait)
    if not _is_right(row, attempt.password) or row is None:
        _note_failure(store, row, attempt, now)
        return Result()
    fresh = passwords.hash_of(attempt.password) if passwords.is_outdated(row["password"]) else ""
    with store.write() as connection:
        _take_back(connection, counters, now)
        if fresh:
            admins.set_password(connection, row["id"], fresh)
        session.begin(connection, row["id"], token, now)
        _note(connection, row, attempt, "admin.sign-in", now)
    return Result(admin=row)


def forget(connection: Connection, now: datetime) -> None:
    """End every wait: whoever may run commands has the last word."""
    admins.forget_waits(connection, now)


def confirm(store: Store, row: Row, password: str, now: datetime) -> Result:
    """Have somebody who is signed in show that they know their password; guesses wait as well."""
    counters = {f"own:{row['id']}": _BROWSER}
    with store.write() as connection:
        wait = _count(connection, counters, now)
    if wait or not passwords.is_right(row["password"], password):
        return Result(wait=wait)
    with store.write() as connection:
        admins.clear_waits(connection, list(counters))
    return Result(admin=row)


def _is_right(row: Row | None, password: str) -> bool:
    """Tell whether a password is right; a name that is not known takes as long."""
    kept = row["password"] if row is not None else passwords.NOBODYS
    return passwords.is_right(kept, password) and row is not None


def _counters(attempt: Attempt) -> Mapping[str, Slowness]:
    """Return what an attempt is counted under; names are hashed: a password may be among them."""
    name = _hash(plain_name(attempt.name))
    if attempt.browser:
        return {f"browser:{_hash(attempt.browser)}": _BROWSER}
    return {
        f"at:{name}:{_hash(attempt.network)}": _PLACE,
        f"{_OF_NETWORK}{attempt.network}": _NETWORK,
        f"name:{name}": _NAME,
    }


def _count(connection: Connection, counters: Mapping[str, Slowness], now: datetime) -> timedelta:
    """Count a failure, unless it is too early for an attempt; return how long it has to wait.

    What comes too early is not counted: who keeps pressing the button does not wait for ever.
    """
    admins.forget_waits(connection, now - MEMORY)
    kept = admins.waits(connection, list(counters))
    wait = _longest([row["until"] - now for row in kept.values()])
    if wait > timedelta():
        return wait
    for name, slowness in counters.items():
        failures = kept[name]["failures"] + 1 if name in kept else 1
        until = now + slowness.after(failures)
        admins.set_wait(connection, name, failures=failures, now=now, until=until)
    return timedelta()


def _take_back(connection: Connection, counters: Mapping[str, Slowness], now: datetime) -> None:
    """Let a success not count; what others failed at in its network still does."""
    admins.clear_waits(connection, [name for name in counters if not name.startswith(_OF_NETWORK)])
    shared = [name for name in counters if name.startswith(_OF_NETWORK)]
    for name, row in admins.waits(connection, shared).items():
        admins.set_wait(connection, name, failures=row["failures"] - 1, now=now, until=now)


def _longest(waits: Sequence[timedelta]) -> timedelta:
    """Return the longest wait; one beyond what we ever set is of a clock that was wrong."""
    credible = [wait for wait in waits if wait <= _PLACE.most]
    return max(credible, default=timedelta())


def _note_failure(store: Store, row: Row | None, attempt: Attempt, now: datetime) -> None:
    """Write into the log that somebody failed under a name that exists.

    Names that do not are only counted, or anybody could fill the log; both write, so that the time
    tells nothing.
    """
    with store.write() as connection:
        if row is not None:
            _note(connection, row, attempt, "admin.sign-in-failed", now)
            return
        kept = admins.waits(connection, [_UNKNOWN]).get(_UNKNOWN)
        failures = kept["failures"] + 1 if kept else 1
        admins.set_wait(connection, _UNKNOWN, failures=failures, now=now, until=now)


def _note(connection: Connection, row: Row, attempt: Attempt, action: str, now: datetime) -> None:
    audit.note(
        connection,
        now=now,
        who=row["name"],
        via="desk",
        action=action,
        detail=f"from {attempt.network}" if attempt.network else "",
    )


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
