"""What delivering does to the ledger, as single steps that can come in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select

from bypost.store import Connection, Row, batch_members, binding, counts, ledger, settle
from bypost.store.schema import batches, deliveries
from tests.contracts.rows import NOON, add_people, lessons, owe

_LATER = NOON + timedelta(minutes=2)


def operate(connection: Connection, name: str, choice: int, amount: int) -> None:
    """Do one step, with the values that delivering writes; nothing where it cannot be done.

    Args:
        name: One of :data:`OPERATIONS`.
        choice: Which batch.
        amount: How many people.
    """
    if name == "owe":
        runs = add_people(connection, amount + 1, course=f"course-{choice}")
        owe(connection, lessons(connection, runs))
    elif name in _UNDER_LEASE:
        found = _batches(connection, *ledger.OPEN)
        if found:
            batch = found[choice % len(found)]
            taken = {"fence": batch["fence"], "until": _LATER, "owner": ""}
            assert ledger.lease(connection, batch["id"], **taken)
            free = batch_members.ids(connection, batch["id"])
            _UNDER_LEASE[name](connection, batch, batch["fence"] + 1, free, amount)
    else:
        _OF_THE_UNKNOWN[name](connection, choice, amount)


def truth(connection: Connection) -> counts.Counts:
    """Count the deliveries themselves, one by one."""
    query = select(deliveries.c.state, batches.c.state.label("shared")).join(
        batches, batches.c.id == deliveries.c.batch_id
    )
    words = {"settled": "accepted", "unknown": "unknown"}
    tally = Counter(
        row.state or words.get(row.shared, "pending") for row in connection.execute(query)
    )
    return counts.Counts(owed=tally.total(), **tally)


def _batches(connection: Connection, *states: str) -> list[Row]:
    query = select(batches).where(batches.c.state.in_(states)).order_by(batches.c.id)
    return list(connection.execute(query).mappings())


def _send(connection: Connection, batch: Row, fence: int, free: list[int], amount: int) -> None:
    """Write the intent; some cannot be built, some have left."""
    if batch["state"] == "sending":
        return
    refused, left = free[:1] * (amount > 1), free[1:2] * (amount > 2)
    going = len(free) - len(refused) - len(left)
    values = {
        "state": "sending" if going else "settled",
        "members": going,
        "attempts": batch["attempts"] + 1,
        "failed": batch["failed"] + len(refused),
        "cancelled": batch["cancelled"] + len(left),
        "first_sent_at": NOON,
    }
    assert ledger.update_fenced(connection, batch["id"], fence, values)
    own = [(i, "failed", "no") for i in refused] + [(i, "cancelled", "left") for i in left]
    ledger.except_deliveries(connection, own)
    ledger.begin_attempt(connection, batch["id"], fence, NOON)


def _answer(connection: Connection, batch: Row, fence: int, free: list[int], amount: int) -> None:
    """Write the answer: some are refused one by one, one is still owed."""
    if batch["state"] != "sending":
        return
    again, failed = free[:1] * (amount > 2), free[1:amount]
    values = {
        "state": "settled",
        "accepted": batch["accepted"] + len(free) - len(failed) - len(again),
        "failed": batch["failed"] + len(failed),
        "size": batch["size"] - len(again),
        "accepted_at": NOON,
    }
    assert ledger.update_fenced(connection, batch["id"], fence, values)
    ledger.except_deliveries(connection, [(i, "failed", "refused") for i in failed])
    if again:
        binding.rebind(connection, batch, again, provider=batch["provider"], next_try=_LATER)


def _again(connection: Connection, batch: Row, fence: int, _: list[int], amount: int) -> None:
    """Try again later; every other time it may have been accepted."""
    values = {"state": "pending", "ambiguous": batch["state"] == "sending" and amount % 2 == 1}
    assert ledger.update_fenced(connection, batch["id"], fence, values)


def _lose(connection: Connection, batch: Row, fence: int, _: list[int], __: int) -> None:
    """Hear no answer, where a repeat would not be safe."""
    if batch["state"] == "sending":
        values = {"state": "unknown", "ambiguous": False, "next_try": _LATER}
        assert ledger.update_fenced(connection, batch["id"], fence, values)


def _move(connection: Connection, batch: Row, _: int, __: list[int], amount: int) -> None:
    """Bind a batch to another provider, in parts."""
    if batch["state"] == "pending" and not batch["ambiguous"]:
        binding.dissolve(connection, batch, provider="other", size=amount + 1)


def _take_out(connection: Connection, batch: Row, _: int, free: list[int], amount: int) -> None:
    """Take paused people out."""
    if batch["state"] == "pending" and not batch["ambiguous"]:
        binding.unowe(connection, batch["id"], free[:amount])


def _defer(connection: Connection, batch: Row, _: int, free: list[int], __: int) -> None:
    """Give somebody who is paused a batch of their own."""
    if batch["state"] == "pending" and not batch["ambiguous"] and free:
        binding.defer(connection, batch, free[0], _LATER)


def _halve(connection: Connection, batch: Row, fence: int, free: list[int], _: int) -> None:
    """Give each half of a refused request a batch of its own."""
    if batch["state"] == "sending" and len(free) > 1:
        values = {"state": "settled", "size": batch["size"] - len(free)}
        assert ledger.update_fenced(connection, batch["id"], fence, values)
        for part in (free[:1], free[1:]):
            binding.rebind(connection, batch, part, provider=batch["provider"], next_try=NOON)


def _told(connection: Connection, choice: int, amount: int) -> None:
    """Hear that some mails arrived, whatever is known of them."""
    ids = _some(connection, choice, amount)
    settle.accept(connection, [(i, f"id-{i}") for i in ids], how="told", now=NOON)


def _rejected(connection: Connection, choice: int, amount: int) -> None:
    """Hear that some mails were not sent."""
    ids = _some(connection, choice, amount)
    settle.fail(connection, [(i, "rejected") for i in ids], now=NOON)


def _owe_again(connection: Connection, choice: int, amount: int) -> None:
    """Owe some of an unknown batch again; one of them may be in another batch."""
    if found := _batches(connection, "unknown"):
        batch = found[choice % len(found)]
        mine = [row["id"] for row in settle.open_members(connection, batch["id"])]
        ids = [*mine[: amount + 1], *_some(connection, choice, 1)]
        settle.owe_again(connection, batch["id"], ids, provider="other", size=2, now=NOON)


def _doubt(connection: Connection, choice: int, _: int) -> None:
    """Put a backup back: what was open is unknown."""
    if choice == 0:
        settle.doubt(connection, at=NOON, next_try=_LATER, why="a backup was put back")


def _some(connection: Connection, choice: int, amount: int) -> list[int]:
    ids = list(connection.execute(select(deliveries.c.id).order_by(deliveries.c.id)).scalars())
    return ids[choice * 2 :][: amount + 1]


_UnderLease = Callable[[Connection, Row, int, list[int], int], None]
_UNDER_LEASE: Mapping[str, _UnderLease] = {
    "send": _send,
    "answer": _answer,
    "again": _again,
    "lose": _lose,
    "move": _move,
    "take out": _take_out,
    "defer": _defer,
    "halve": _halve,
}
_OF_THE_UNKNOWN: Mapping[str, Callable[[Connection, int, int], None]] = {
    "told": _told,
    "rejected": _rejected,
    "owe again": _owe_again,
    "doubt": _doubt,
}
#: Every step by name.
OPERATIONS: Sequence[str] = ("owe", *_UNDER_LEASE, *_OF_THE_UNKNOWN)
