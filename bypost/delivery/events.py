"""What follows when a provider tells us something: each event once, in whatever order they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bypost.delivery import breaker, measure
from bypost.delivery.context import Context
from bypost.model.event import Event, EventKind
from bypost.people import leave
from bypost.people.csv_rows import address as usable_address
from bypost.store import Connection, Row, ledger, settle, subscribers, suppressions
from bypost.store import events as store

#: Events in one transaction: 50 take at most 40 ms (measured), and other writers wait meanwhile.
CHUNK = 50
#: Deliveries asked for in one query.
_IDS = 500
#: An address is taken for dead when so many of a person's last accepted mails bounced softly.
SOFT_BOUNCES, OF_LAST = 3, 5

#: Kinds that stop all mail to the address -> the reason that is kept.
_STOPS = {
    EventKind.BOUNCED: "bounced",
    EventKind.COMPLAINED: "complained",
    EventKind.UNSUBSCRIBED: "left",
}
#: How a mail of unknown fate proves to have arrived.
_HEARD = "its answer was lost; the provider told of it later"


@dataclass(frozen=True, slots=True)
class _Told:
    """An event heard for the first time, and our delivery if it is about one."""

    event: Event
    delivery: Row | None


def take(context: Context, provider: str, events: Sequence[Event]) -> int:
    """Record events and let them act; return how many were new.

    Whoever bounced or complained is mailed no more, and mails of unknown fate are settled, from
    the moment this returns. An event told twice acts once.
    """
    new = 0
    for start in range(0, len(events), CHUNK):
        with context.store.write() as connection:
            new += _take_some(context, connection, provider, events[start : start + CHUNK])
    return new


def settle_from_events(connection: Connection, batch_id: int, now: datetime) -> None:
    """Settle what earlier events tell of a batch that has just become unknown.

    Events may come before the answer to the request, or instead of it.
    """
    ids = [member["id"] for member in settle.open_members(connection, batch_id)]
    settle_heard_of(connection, ids, now)


def settle_heard_of(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Settle those of these unknown deliveries of which earlier events tell; others stay so."""
    for start in range(0, len(ids), _IDS):
        kinds = store.of_deliveries(connection, ids[start : start + _IDS])
        proved = [i for i, told in kinds.items() if any(kind.proves_acceptance for kind in told)]
        rejected = [i for i, told in kinds.items() if EventKind.REJECTED in told]
        settle.accept(connection, [(i, "") for i in proved], how=_HEARD, now=now)
        settle.fail(connection, [(i, _not_sent("")) for i in rejected], now=now)


def _take_some(
    context: Context, connection: Connection, provider: str, events: Sequence[Event]
) -> int:
    """Take a transaction's worth of events."""
    now = context.clock.now()
    known = measure.told_before(context, connection, events)
    told = _record(context, connection, provider, events, now)
    measure.count_events(
        connection, [(one.event, one.delivery) for one in told if one.delivery], known, now
    )
    _name(connection, told)
    _settle(connection, told, now)
    _suppress(context, connection, provider, told, now)
    if any(one.event.kind in breaker.WATCHED for one in told):
        breaker.check(context, connection, provider, now)
    return len(told)


def _record(
    context: Context,
    connection: Connection,
    provider: str,
    events: Sequence[Event],
    now: datetime,
) -> list[_Told]:
    """Write events down; return those that are new."""
    ids = [context.delivery_id(event.ref) for event in events]
    ours = store.subjects(connection, [i for i in ids if i is not None])
    told = []
    for event, number in zip(events, ids, strict=True):
        delivery = ours.get(number) if number is not None else None
        new = store.add(
            connection,
            provider,
            event,
            delivery_id=delivery["id"] if delivery else None,
            now=now,
            # Erasing a person blanks what it finds by the person's deliveries.
            keep_raw=delivery is not None and delivery["email_key"] is not None,
        )
        if new:
            told.append(_Told(event, delivery))
    return told


def _name(connection: Connection, told: Sequence[_Told]) -> None:
    """Note the provider's ids of mails whose own answer has not told them."""
    names = {
        one.delivery["id"]: one.event.provider_id
        for one in told
        if one.delivery and one.event.provider_id and not one.delivery["provider_id"]
    }
    ledger.name_deliveries(connection, list(names.items()))


def _settle(connection: Connection, told: Sequence[_Told], now: datetime) -> None:
    """Settle deliveries of unknown fate: proof that one was taken over outweighs a rejection."""
    accepted: set[int] = set()
    rejected: dict[int, str] = {}
    for one in told:
        if one.delivery is None or not _may_settle(one.delivery):
            continue
        number, event = one.delivery["id"], one.event
        if event.kind.proves_acceptance:
            accepted.add(number)
        elif event.kind is EventKind.REJECTED:
            rejected[number] = _not_sent(event.detail)
    settle.accept(connection, [(number, "") for number in accepted], how=_HEARD, now=now)
    settle.fail(connection, list(rejected.items()), now=now)


def _may_settle(delivery: Row) -> bool:
    """Tell whether an event can change what became of a delivery; most are settled already."""
    if delivery["state"] == "failed":
        return True
    return delivery["state"] is None and delivery["batch_state"] in {"unknown", "pending"}


def _not_sent(detail: str) -> str:
    words = "the provider took it over, then did not send it"
    return f"{words}: {detail}" if detail else words


def _suppress(
    context: Context,
    connection: Connection,
    provider: str,
    told: Sequence[_Told],
    now: datetime,
) -> None:
    """Stop mail to the addresses that bounced, complained or left."""
    stopping = [(one, reason) for one in told if (reason := _reason(connection, one))]
    if not stopping:
        return
    keys = {key for one, _ in stopping if (key := _key(one.event.recipient))}
    known = subscribers.by_keys(connection, list(keys)) if keys else {}
    for one, reason in stopping:
        key = _whose(one, known)
        person = _person(one, key, known)
        if reason == "left" and person is not None:
            leave.leave_everything(connection, person, context.address_hash, by=provider, now=now)
        elif key:
            # Outlives erasure, so none of the provider's words: they may hold the address.
            detail = f"{provider}: {one.event.ref}" if one.delivery else provider
            suppressions.add(
                connection, context.address_hash(key), reason=reason, now=now, detail=detail
            )


def _reason(connection: Connection, one: _Told) -> str:
    """Return why an event stops mail to its address; empty if it does not."""
    event, delivery = one.event, one.delivery
    if event.kind is not EventKind.SOFT_BOUNCED:
        return _STOPS.get(event.kind, "")
    if event.too_large or delivery is None:
        return ""
    soft = store.soft_bounces(connection, delivery["subscriber_id"], last=OF_LAST)
    return "bounced" if soft >= SOFT_BOUNCES else ""


def _whose(one: _Told, known: Mapping[str, Row]) -> str:
    """Return the address that an event is about, case-folded; empty if it is nobody's here."""
    key = _key(one.event.recipient)
    if one.delivery is not None:
        return key or one.delivery["email_key"] or ""
    return key if key in known else ""


def _person(one: _Told, key: str, known: Mapping[str, Row]) -> int | None:
    """Return who has the address now; None if nobody has it any more."""
    if key in known:
        return int(known[key]["id"])
    delivery = one.delivery
    return delivery["subscriber_id"] if delivery and delivery["email_key"] == key else None


def _key(address: str) -> str:
    """Return an address as people are found by it: in the form that imports give it."""
    try:
        return usable_address(address).casefold()
    except ValueError:
        return address.strip().casefold()
