"""What is known of one delivery, and its mail once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bypost.delivery import recipe
from bypost.delivery.compose import rebuild
from bypost.delivery.context import Context
from bypost.delivery.line import batch_ref
from bypost.errors import ByPostError
from bypost.model.message import Message
from bypost.store import Row, budgets, contents
from bypost.store import trace as store

#: Digits of a number that the database can hold, and one more.
_LONGEST_NUMBER = 19
_ATTEMPT = ("started_at", "ended_at", "outcome", "status", "detail")
_EVENT = ("provider", "kind", "at", "received_at")


@dataclass(frozen=True, slots=True)
class Trace:
    """One delivery with its person and batch, the attempts of that batch, and events.

    Attributes:
        ref: The reference that travels with the mail.
        batch_ref: The reference of the request, as in the log.
        breaker: Why its provider is stopped; empty: it is not.
    """

    ref: str
    batch_ref: str
    row: Row
    attempts: Sequence[Row]
    events: Sequence[Row]
    breaker: str

    @property
    def state(self) -> str:
        """Return accepted, failed, cancelled, unknown, pending or sending."""
        own = self.row["state"] or self.row["batch_state"]
        return "accepted" if own == "settled" else str(own)

    @property
    def reason(self) -> str:
        """Return why it stands so, in plain words; may be empty."""
        if self.breaker and self.state == "pending":
            return f"{self.row['provider']} is stopped: {self.breaker}"
        own: str | None = self.row["detail"]
        return own or ("" if self.row["state"] else str(self.row["batch_detail"]))

    @property
    def may_have_left(self) -> bool:
        """Tell whether some request with this mail may have been accepted."""
        return self.state in {"accepted", "unknown", "sending"} or (
            self.state == "pending" and bool(self.row["ambiguous"])
        )

    def as_json(self) -> dict[str, Any]:
        """Return the stable shape of ``bypost show --json`` (docs/commands.md)."""
        row = self.row
        return {
            "ref": self.ref,
            **{name: row[name] for name in ("kind", "collection", "item", "title")},
            **{name: row[name] for name in ("email", "name", "due_at")},
            "state": self.state,
            "reason": self.reason,
            "accepted_at": row["accepted_at"] if self.state == "accepted" else None,
            "next_try": row["next_try"] if self.state in {"pending", "unknown"} else None,
            "provider": row["provider"],
            "provider_id": row["provider_id"] or "",
            "batch": {"ref": self.batch_ref, "size": row["size"]},
            "attempts": [{name: one[name] for name in _ATTEMPT} for one in self.attempts],
            "events": [{name: one[name] for name in _EVENT} for one in self.events],
        }


def find(context: Context, ref: str) -> Trace | None:
    """Return what is known of the delivery ``ref``; None if there is none here."""
    delivery_id = context.delivery_id(ref)
    if delivery_id is None:
        return None
    with context.store.read() as connection:
        row = store.delivery(connection, delivery_id)
        if row is None:
            return None
        return Trace(
            ref,
            batch_ref(context, row["batch_id"]),
            row,
            store.attempts_of(connection, row["batch_id"]),
            store.events_of(connection, delivery_id),
            budgets.load(connection, row["provider"])[1],
        )


def in_batch(context: Context, ref: str) -> Sequence[str]:
    """Return the references of the deliveries in the batch ``ref``; none if it is no batch."""
    number = ref.rpartition("-b")[2]
    if not (number.isascii() and number.isdigit() and len(number) < _LONGEST_NUMBER):
        return ()
    if ref != batch_ref(context, int(number)):
        return ()
    with context.store.read() as connection:
        return [context.reference(i) for i in store.deliveries_of(connection, int(number))]


def mail(context: Context, trace: Trace) -> Message:
    """Return the mail as it was handed over, whatever has changed since.

    Raises:
        ByPostError: if it was not handed over, or what it takes to build it is gone.
    """
    if not trace.row["email"]:
        raise ByPostError(f"{trace.ref}: the person was erased, and their mail with them")
    if not trace.may_have_left:
        why = f": {trace.reason}" if trace.reason else ""
        words = "not sent yet" if trace.state == "pending" else f"never delivered{why}"
        raise ByPostError(f"{trace.ref}: {words}; there is no mail to show")
    shared, people = _recipe(trace)
    with context.store.read() as connection:
        stored = contents.load(connection, trace.row["content_hash"])
    return rebuild(stored, shared, people[trace.row["id"]], trace.ref)


def _recipe(trace: Trace) -> tuple[recipe.Shared, dict[int, recipe.Facts]]:
    """Return the recipe of a delivery's batch, with the delivery in it.

    Raises:
        ByPostError: if it cannot be had.
    """
    packed: bytes | None = trace.row["recipe"]
    if packed is None:
        raise ByPostError(f"{trace.ref}: was sent before recipes were kept; it cannot be rebuilt")
    try:
        shared, people = recipe.unpack(packed)
    except ValueError:
        raise ByPostError(
            f"{trace.ref}: was sent by a newer version of ByPost\n    run that version"
        ) from None
    if trace.row["id"] not in people:
        raise ByPostError(f"{trace.ref}: what made this mail theirs is gone; it cannot be rebuilt")
    return shared, people
