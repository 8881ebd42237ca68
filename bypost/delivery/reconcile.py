"""Settling what is unknown: by asking the provider, by the course's own rule, by the operator.

An open question is left alone for the quiet period, which is longer than a request may be on its
way and than a provider needs to show what it took over. After that "not there" means "never will
be", and only then is a delivery owed again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bypost.delivery import recipe
from bypost.delivery.context import Context
from bypost.errors import SendError, Throttled
from bypost.model.course import Kind
from bypost.model.message import Result, Search
from bypost.providers.base import Provider
from bypost.store import Row, budgets, settle
from scheduler import pacing

#: Questions between two writes.
_CHUNK = 50
#: Batches taken up by one pass.
_MOST = 200
#: Theirs and ours, or ours before somebody set it.
_CLOCKS_DIFFER = timedelta(days=1)
#: Seconds after which a pass leaves further questions to the next one.
_LONGEST = 30.0
#: How soon to look again at what nobody can be asked about: the course's rule may have changed.
_LOOK_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What was learned.

    Attributes:
        accepted: Deliveries the provider has.
        owed_again: Deliveries it does not have, or that a course wants sent at least once.
        troubles: Why somebody could not be asked.
    """

    accepted: int = 0
    owed_again: int = 0
    troubles: tuple[str, ...] = ()

    def __add__(self, other: Settled) -> Settled:
        return Settled(
            accepted=self.accepted + other.accepted,
            owed_again=self.owed_again + other.owed_again,
            troubles=tuple(dict.fromkeys((*self.troubles, *other.troubles))),
        )


def settle_due(context: Context, at_least_once: Collection[str]) -> Settled:
    """Take up every open question whose quiet period is over.

    Args:
        at_least_once: Courses that would rather send twice than not at all.
    """
    with context.store.read() as connection:
        due = settle.unknown_due(connection, context.clock.now(), _MOST)
    total = Settled()
    started = context.clock.elapsed()
    waits: dict[str, timedelta] = {}
    for batch in due:
        if context.clock.elapsed() - started > _LONGEST:
            return total
        provider = context.providers.get(batch["provider"])
        wanted = batch["kind"] == Kind.LESSON and batch["collection"] in at_least_once
        if wait := waits.get(batch["provider"]):
            _ask_later(context, batch, wait)
        elif provider is not None and isinstance(provider.send_class, Search):
            settled, waits[provider.name] = _ask_about(context, provider, batch)
            total += settled
        elif wanted and batch["provider"] != settle.NOBODY:
            total += _owe_all(context, batch)
        else:
            _ask_later(context, batch, _LOOK_AGAIN)
    return total


def _ask_about(context: Context, provider: Provider, batch: Row) -> tuple[Settled, timedelta]:
    """Ask for each delivery of a batch; stop at the first question that is not answered.

    Returns:
        What was learned, and how long to ask this provider nothing more.
    """
    with context.store.read() as connection:
        members = settle.open_members(connection, batch["id"])
    total = Settled()
    for start in range(0, len(members), _CHUNK):
        part = members[start : start + _CHUNK]
        if wait := _take_budget(context, provider, len(part)):
            _ask_later(context, batch, wait)
            return total, wait
        asked = _Asked(context, provider, batch)
        try:
            asked.ask(part)
        except SendError as error:
            wait = _pause_after(context, provider, error)
            _ask_later(context, batch, wait)
            return total + asked.write() + Settled(troubles=(str(error),)), wait
        total += asked.write()
    if not batch["attempts"]:
        with context.store.write() as connection:
            settle.ask_nobody(connection, batch["id"])
    return total, timedelta(0)


def _pause_after(context: Context, provider: Provider, error: SendError) -> timedelta:
    """Return how long to ask nothing; a pause the provider asks for holds for requests too."""
    asked = error.retry_after if isinstance(error, Throttled) else None
    if not asked:
        return timedelta(seconds=context.settings.sending.retry_seconds)
    with context.store.write() as connection:
        budget, _ = budgets.load(connection, provider.name)
        until = context.clock.now() + asked
        budgets.save(connection, provider.name, pacing.pause(budget, until))
    return asked


class _Asked:
    """Answers to some questions about one batch."""

    def __init__(self, context: Context, provider: Provider, batch: Row) -> None:
        self._context = context
        self._provider = provider
        self._batch = batch
        self._mark = context.clock.elapsed()
        self._longest = 0.0
        self._found: list[tuple[int, Result]] = []
        self._absent: list[int] = []

    def ask(self, members: Sequence[Row]) -> None:
        people = recipe.unpack(self._batch["recipe"])[1] if self._batch["recipe"] else {}
        for member in members:
            made = people.get(member["id"])
            result = self._provider.find(
                self._context.reference(member["id"]),
                # Where it went; the person may have another address by now.
                to=made.to if made else member["email"] or "",
                since=self._batch["first_sent_at"] - _CLOCKS_DIFFER,
            )
            self._time()
            if result is None:
                self._absent.append(member["id"])
            else:
                self._found.append((member["id"], result))

    def write(self) -> Settled:
        """Write down what is known; "not there" is not believed of a process that stood still.

        Nor where no attempt is known: of a lesson that was open when a backup was made.
        """
        context, now = self._context, self._context.clock.now()
        self._time()
        # A question ends within the time of a request, which is at most half a lease.
        stood_still = self._longest > context.lease.total_seconds() / 2
        believed = bool(self._batch["attempts"]) and not stood_still
        with context.store.write() as connection:
            if stood_still:
                settle.ask_later(connection, self._batch["id"], now + context.quiet)
            accepted = settle.accept(
                connection,
                [(i, result.provider_id) for i, result in self._found if result.accepted],
                how=f"its answer was lost; {self._provider.name} has it",
                now=now,
            )
            settle.fail(
                connection,
                [(i, result.error) for i, result in self._found if not result.accepted],
                now=now,
            )
            again = settle.owe_again(
                connection,
                self._batch["id"],
                self._absent if believed else [],
                provider=context.provider.name,
                size=context.most(context.provider),
                now=now,
            )
        return Settled(accepted=accepted, owed_again=again)

    def _time(self) -> None:
        """Note how long it was since the last step."""
        now = self._context.clock.elapsed()
        self._longest = max(self._longest, now - self._mark)
        self._mark = now


def _owe_all(context: Context, batch: Row) -> Settled:
    """Owe everything that is open in a batch again."""
    with context.store.write() as connection:
        members = settle.open_members(connection, batch["id"])
        again = settle.owe_again(
            connection,
            batch["id"],
            [member["id"] for member in members],
            provider=context.provider.name,
            size=context.most(context.provider),
            now=context.clock.now(),
        )
    return Settled(owed_again=again)


def _ask_later(context: Context, batch: Row, wait: timedelta) -> None:
    with context.store.write() as connection:
        settle.ask_later(connection, batch["id"], context.clock.now() + wait)


def _take_budget(context: Context, provider: Provider, questions: int) -> timedelta:
    """Take calls out of the provider's budget; return how long to wait if it has none."""
    now, name = context.clock.now(), provider.name
    rate = context.rates.get(name, pacing.Rate())
    with context.store.write() as connection:
        budget, _ = budgets.load(connection, name)
        taken, wait = pacing.take(budget, rate, calls=questions, items=0, now=now)
        if not wait:
            budgets.save(connection, name, taken)
    return wait


def mark_sent(context: Context, ids: Sequence[int]) -> int:
    """Settle unknown deliveries as accepted, on the operator's word; return how many."""
    with context.store.write() as connection:
        return settle.accept(
            connection,
            [(i, "") for i in ids],
            how="its answer was lost; the operator says that it was sent",
            now=context.clock.now(),
        )


def owe_again(context: Context, ids: Sequence[int]) -> int:
    """Owe unknown deliveries again, on the operator's word; return how many."""
    again = 0
    with context.store.write() as connection:
        for batch_id, members in _by_batch(settle.unknown_of(connection, ids)):
            again += settle.owe_again(
                connection,
                batch_id,
                members,
                provider=context.provider.name,
                size=context.most(context.provider),
                now=context.clock.now(),
            )
    return again


def _by_batch(rows: Sequence[Row]) -> Iterator[tuple[int, list[int]]]:
    groups: dict[int, list[int]] = {}
    for row in rows:
        groups.setdefault(row["batch_id"], []).append(row["id"])
    yield from groups.items()
