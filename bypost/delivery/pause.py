"""Keeping something back, and letting it go on: each in one transaction, each as often as you like.

Nobody's place changes by it. What fell due meanwhile comes at the next opening at each person's own
hour, one lesson for each (:mod:`bypost.delivery.holds`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bypost.delivery.context import Context
from bypost.delivery.holds import Hold, Scope, hold_of
from bypost.store import Connection, enrollments
from bypost.store import holds as store


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is paused or goes on.

    Attributes:
        name: Folder name; of a subscriber the address.
    """

    scope: Scope
    name: str
    subscriber_id: int | None = None

    @property
    def folder(self) -> str:
        """Return the name as a hold keeps it: no address."""
        return "" if self.scope is Scope.SUBSCRIBER else self.name


def pause(
    context: Context, target: Target, *, until: datetime | None, reason: str
) -> tuple[Hold, bool]:
    """Hold something from now on; return the hold and whether that changed anything.

    What is held already is held until the new ``until``; an empty ``reason`` leaves the one it has.

    Raises:
        ValueError: for an ``until`` that has passed.
    """
    with context.store.write() as connection:
        return pause_within(connection, target, until=until, reason=reason, now=context.clock.now())


def pause_within(
    connection: Connection, target: Target, *, until: datetime | None, reason: str, now: datetime
) -> tuple[Hold, bool]:
    """Do what :func:`pause` does, within the caller's transaction."""
    if until is not None and until <= now:
        raise ValueError(until)
    known = _on(connection, target, now)
    if known:
        hold = replace(known[-1], until=until, reason=reason or known[-1].reason)
        changed = hold != known[-1]
        store.change(connection, hold.id, until=hold.until, reason=hold.reason)
    else:
        number = store.add(
            connection,
            scope=target.scope,
            name=target.folder,
            subscriber_id=target.subscriber_id,
            since=now,
            until=until,
            reason=reason,
        )
        hold, changed = _by_id(connection, target, number), True
    _look_again(connection, target)
    return hold, changed


def resume(context: Context, target: Target) -> Hold | None:
    """Let something go on; return the hold that ended by that, None where there was none."""
    with context.store.write() as connection:
        return resume_within(connection, target, now=context.clock.now())


def resume_within(connection: Connection, target: Target, *, now: datetime) -> Hold | None:
    """Do what :func:`resume` does, within the caller's transaction."""
    on = _on(connection, target, now)
    for hold in on:
        store.end(connection, hold.id, now)
    if on:
        _look_again(connection, target)
    return on[-1] if on else None


def _look_again(connection: Connection, target: Target) -> None:
    """Wake a person's runs: what is held without an end has no hint.

    The hints of a course stay: it is left out as a whole while it is held.
    """
    if target.subscriber_id is not None:
        enrollments.look_again_at(connection, target.subscriber_id)


def _on(connection: Connection, target: Target, now: datetime) -> list[Hold]:
    return [hold for hold in _of(connection, target) if hold.is_on(now)]


def _by_id(connection: Connection, target: Target, number: int) -> Hold:
    return next(hold for hold in _of(connection, target) if hold.id == number)


def _of(connection: Connection, target: Target) -> Sequence[Hold]:
    """Return every hold of a target, oldest first."""
    if target.subscriber_id is not None:
        return [hold_of(row) for row in store.of_people(connection, [target.subscriber_id])]
    holds = [hold_of(row) for row in store.of_lists(connection)]
    return [hold for hold in holds if (hold.scope, hold.name) == (target.scope, target.name)]
