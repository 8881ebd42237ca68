"""Housekeeping: once a day what was kept long enough goes, a little with every pass.

A round goes through the steps one after the other. Where it stands is written with what it does,
so that a process that dies anywhere goes on there. One pass does a few transactions of some
milliseconds, so that nobody waits for it; ``bypost db prune`` does them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from bypost.delivery.context import Context
from bypost.delivery.publish import Published
from bypost.delivery.roll_up import roll_up
from bypost.settings.keep import Keep
from bypost.store import Connection, meta, prune, retention
from bypost.store.prune import Walked

#: Between two rounds.
EVERY = timedelta(days=1)
#: Transactions of one pass: ten seconds' worth would delay what falls due.
PER_PASS = 10
_KEY = "housekeeping"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """What the steps of a round go by; ``unused`` are compiled mails that nothing names."""

    connection: Connection
    now: datetime
    days: Keep
    unused: Sequence[str]

    def before(self, days: int) -> datetime:
        return self.now - timedelta(days=days)


def _walk(
    step: Callable[..., Walked], days: Callable[[Keep], int], **more: Any
) -> Callable[[_Round, int], Walked]:
    return lambda one, after: step(
        one.connection, before=one.before(days(one.days)), after=after, **more
    )


def _take(step: Callable[..., int], days: Callable[[Keep], int]) -> Callable[[_Round, int], Walked]:
    """Return a step that begins at the same place each time, until there is nothing left."""

    def taking(one: _Round, _: int) -> Walked:
        removed = step(one.connection, before=one.before(days(one.days)))
        return Walked(removed, 0 if removed else None)

    return taking


def _mails(one: _Round, after: int) -> Walked:
    before = one.before(one.days.mails_days)
    return prune.mails(one.connection, before=before, after=after, now=one.now)


def _texts(one: _Round, _: int) -> Walked:
    return Walked(retention.blank_texts(one.connection, one.unused), None)


def _days(one: _Round, _: int) -> Walked:
    removed = retention.days(one.connection, before=one.before(one.days.daily_days).date())
    return Walked(removed, 0 if removed else None)


#: The steps in their order, and what each removes or shortens, for people.
STEPS: Mapping[str, tuple[str, Callable[[_Round, int], Walked]]] = {
    "raw": ("texts of events", _walk(retention.raw_texts, lambda k: k.raw_days)),
    "events": ("events", _walk(retention.told, lambda k: k.events_days)),
    "attempts": ("attempts", _walk(retention.tries, lambda k: k.attempts_days)),
    "clicks": ("clicks", _take(retention.clicked, lambda k: k.clicks_days)),
    "erased": ("mails of erased people", _walk(prune.erased, lambda k: k.mails_days)),
    "mails": ("mails of issues and notices", _mails),
    "contents": ("compiled mails", _texts),
    "consents": (
        "networks in records of consent",
        _walk(retention.networks_of_consents, lambda k: k.networks_days),
    ),
    "signups": (
        "networks in sign-ups",
        _walk(retention.networks_of_signups, lambda k: k.networks_days),
    ),
    "imports": ("imports", _take(retention.import_reports, lambda k: k.imports_days)),
    "audit": ("entries of the log", _take(retention.logged, lambda k: k.audit_days)),
    "days": ("days folded into months", _days),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How far housekeeping has come.

    Attributes:
        ended_at: When the last round came to its end; None: none has.
        removed: What it removed, by step; of the round that runs, so far.
        step: The step of the round that runs; empty: none runs.
        at: Where in that step.
        former: What the round before removed.
    """

    ended_at: datetime | None = None
    removed: Mapping[str, int] = field(default_factory=dict)
    step: str = ""
    at: int = 0
    former: Mapping[str, int] = field(default_factory=dict)


def state(connection: Connection) -> State:
    """Return how far housekeeping has come."""
    text = meta.get(connection, _KEY)
    if text is None:
        return State()
    known = orjson.loads(text)
    ended = known.pop("ended_at")
    return State(ended_at=datetime.fromisoformat(ended) if ended else None, **known)


def tend(context: Context, published: Published) -> None:
    """Do a little of what is to do: the step of a pass."""
    now = context.clock.now()
    with context.store.read() as connection:
        known = state(connection)
    if not known.step and known.ended_at is not None and abs(now - known.ended_at) < EVERY:
        return
    keep = hashes(published)
    for _ in range(PER_PASS):
        if not _go_on(context, keep):
            return


def finish(context: Context, published: Published) -> Mapping[str, int]:
    """Do a whole round; return what it removed, by step.

    One that was begun is brought to its end first.
    """
    roll_up(context)
    keep = hashes(published)
    with context.store.read() as connection:
        begun = state(connection)
    removed = Counter[str]()
    removed.subtract(begun.removed if begun.step else {})
    for _ in range(2 if begun.step else 1):
        while _go_on(context, keep):
            pass
        with context.store.read() as connection:
            removed.update(state(connection).former)
    return dict(removed)


def hashes(published: Published) -> frozenset[str]:
    """Return the compiled mails that the files name, and that may be owed in a moment."""
    courses = (*published.shapes.values(), *published.wishes.values())
    return frozenset(
        (
            *(step.content_hash for shape in courses for step in shape.steps),
            *(one.content_hash for one in published.issues),
            *published.notices.values(),
        )
    )


def _go_on(context: Context, keep: frozenset[str]) -> bool:
    """Do one transaction; return whether the round goes on."""
    now = context.clock.now()
    names = list(STEPS)
    unused = _unused(context, keep, now)
    with context.store.write() as connection:
        known = state(connection)
        step = known.step or names[0]
        removed = dict(known.removed) if known.step else {}
        one = _Round(connection=connection, now=now, days=context.settings.keep, unused=unused)
        walked = STEPS[step][1](one, known.at)
        removed[step] = removed.get(step, 0) + walked.removed
        if walked.at is not None:
            after = State(
                ended_at=known.ended_at,
                removed=removed,
                step=step,
                at=walked.at,
                former=known.former,
            )
        elif step != names[-1]:
            following = names[names.index(step) + 1]
            after = State(
                ended_at=known.ended_at, removed=removed, step=following, former=known.former
            )
        else:
            after = State(ended_at=now, former=removed)
        _put(connection, after)
    return bool(after.step)


def _unused(context: Context, keep: frozenset[str], now: datetime) -> Sequence[str]:
    """Return what the step of compiled mails forgets; looked for before it begins to write."""
    with context.store.read() as connection:
        if state(connection).step != "contents":
            return ()
        before = now - timedelta(days=context.settings.keep.contents_days)
        return retention.unused_texts(connection, before=before, keep=keep)


def _put(connection: Connection, known: State) -> None:
    values = {
        "ended_at": known.ended_at.isoformat() if known.ended_at else "",
        "removed": dict(known.removed),
        "step": known.step,
        "at": known.at,
        "former": dict(known.former),
    }
    meta.put(connection, _KEY, orjson.dumps(values).decode())
