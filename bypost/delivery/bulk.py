"""One thing done for everybody in an audience: chunk by chunk, and never twice for one person.

Each chunk is one short transaction, which writes down how far it came. Whoever stops in the middle
goes on where it stopped; who joins the audience meanwhile with a higher number is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time

from bypost.audience import parse, write
from bypost.delivery.audience import known
from bypost.delivery.context import Context
from bypost.delivery.holds import Scope
from bypost.delivery.pause import Target, pause_within, resume_within
from bypost.errors import SettingsError
from bypost.people.bulk import ACTIONS, Action, Means, Order, Outcome
from bypost.people.tagging import read_tag
from bypost.store import Connection, Row, audience, bulk_actions, people_list

#: People of one chunk, which is written within 50 ms (measured among a million, 2026-11).
CHUNK = {Action.ADD_TAG: 100, Action.REMOVE_TAG: 100, Action.LEAVE: 10}
_SLOW_CHUNK = 20
_REASON = "done for an audience"


def start(context: Context, order: Order, text: str, *, by: str) -> int:
    """Write down what is to be done for an audience; return its number.

    Raises:
        BadAudience: The audience cannot be read.
        SettingsError: The order cannot be carried out.
    """
    with context.store.write() as connection:
        return start_within(context, connection, order, text, by=by)


def start_within(
    context: Context, connection: Connection, order: Order, text: str, *, by: str
) -> int:
    """Do what :func:`start` does, within the caller's transaction."""
    now = context.clock.now()
    values = {
        "action": order.action,
        "value": _checked(order, now),
        "statement": order.statement,
        "audience": text,
        "whole": write(known(context, connection).whole(text)),
        "by": by[:120],
        "last_id": people_list.last_id(connection),
    }
    return bulk_actions.add(connection, values, now=now)


def _checked(order: Order, now: datetime) -> str:
    """Return the value as it is kept; raise SettingsError where it cannot be used."""
    if order.action in {Action.ADD_TAG, Action.REMOVE_TAG}:
        try:
            return read_tag(order.value)
        except ValueError as error:
            raise SettingsError(str(error)) from None
    if order.action is Action.ENROLL and not order.statement.strip():
        raise SettingsError("a course begins only for people who agreed\n    say how they did")
    if order.action is Action.PAUSE and order.value:
        if (until := _until(order.value)) is None or until <= now:
            raise SettingsError(f"`{order.value}` is not a day to come\n    write 2027-01-07")
    elif order.action is not Action.RESUME and not order.value and order.action is not Action.PAUSE:
        raise SettingsError("it is not said what is meant")
    return order.value


def go_on(
    context: Context,
    number: int,
    *,
    enough: Callable[[], bool],
    done: Callable[[Connection, Row], None] | None = None,
) -> Row:
    """Carry out chunk after chunk until all is done, it was stopped, or it is ``enough``.

    Args:
        done: Called once, in the transaction of the last chunk.

    Raises:
        LookupError: There is none of that number.
    """
    while True:
        with context.store.write() as connection:
            row = bulk_actions.by_id(connection, number)
            if row is None:
                raise LookupError(number)
            if row["state"] != "running":
                return row
            row = _chunk(context, connection, row)
            if done is not None and row["state"] == "done":
                done(connection, row)
        if row["state"] != "running" or enough():
            return row


def stop(context: Context, connection: Connection, number: int) -> None:
    """Leave the rest undone."""
    row = bulk_actions.by_id(connection, number)
    if row is not None and row["state"] == "running":
        values = {"state": "stopped", "changed_at": context.clock.now()}
        bulk_actions.change(connection, number, values)


def _chunk(context: Context, connection: Connection, row: Row) -> Row:
    """Do it for the next few, and write down how far it came."""
    now, action = context.clock.now(), Action(row["action"])
    order = Order(action=action, value=row["value"], statement=row["statement"])
    such = audience.condition(parse(row["whole"], whole=True), now=now)
    look = people_list.oldest(
        connection,
        such,
        after=row["after_id"],
        until=row["last_id"],
        limit=CHUNK.get(action, _SLOW_CHUNK),
    )
    means = Means(address_hash=context.address_hash, now=now)
    done = Counter(_do(connection, person, order, means) for person in look.rows)
    values = {
        "after_id": look.reached,
        "found": row["found"] + len(look.rows),
        "changed": row["changed"] + done[Outcome.CHANGED],
        "refused": row["refused"] + done[Outcome.REFUSED],
        "state": "done" if look.over else "running",
        "changed_at": now,
    }
    bulk_actions.change(connection, row["id"], values)
    found = bulk_actions.by_id(connection, row["id"])
    return found if found is not None else row


def _do(connection: Connection, person: Row, order: Order, means: Means) -> Outcome:
    if order.action in ACTIONS:
        return ACTIONS[order.action](connection, person, order, means)
    target = Target(scope=Scope.SUBSCRIBER, name="", subscriber_id=person["id"])
    if order.action is Action.RESUME:
        ended = resume_within(connection, target, now=means.now)
        return Outcome.SAME if ended is None else Outcome.CHANGED
    until = _until(order.value)
    if until is not None and until <= means.now:
        return Outcome.REFUSED
    _, changed = pause_within(connection, target, until=until, reason=_REASON, now=means.now)
    return Outcome.CHANGED if changed else Outcome.SAME


def _until(day: str) -> datetime | None:
    """Return when a day begins, in UTC; None for no day."""
    try:
        return datetime.combine(date.fromisoformat(day), time(), UTC) if day else None
    except ValueError:
        return None
