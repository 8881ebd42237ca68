"""After a backup was put back: what may have been sent since it was made is unknown, not owed.

The backup does not know what happened since. Two things would go wrong without care: what was open
then would be sent again, and so would everything that fell due since. Both become unknown instead,
and the operator decides. For the second, owing is played through on a simulated clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bypost.delivery import events, instance
from bypost.delivery.context import Context
from bypost.delivery.owe import owe_lessons
from bypost.delivery.owe_issues import next_issue_at, owe_issues
from bypost.delivery.publish import Published, Publisher
from bypost.delivery.run import importer
from bypost.errors import SettingsError
from bypost.model.message import Message, Nothing, Result
from bypost.people.import_csv import project_file
from bypost.providers.base import Provider
from bypost.store import enrollments, settle, tags
from scheduler.clock import SimulatedClock

#: Steps of the simulated clock past a hint that stays due though nothing is owed.
_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Doubted:
    """What a restored database can no longer know.

    Attributes:
        open: Deliveries that were open when the backup was made.
        due: Deliveries that fell due since.
    """

    open: int
    due: int


def doubt_since(context: Context, since: datetime) -> Doubted:
    """Make unknown what may have been sent since ``since``, then let this database send again.

    Stopped half-way, it is begun again: the database stays mute until the end.

    Raises:
        SettingsError: ``since`` is in the future, or some content is held.
        ByPostError: The content, the CSV or the database cannot be used.
    """
    now = context.clock.now()
    if since > now:
        raise SettingsError(
            f"--since {since.isoformat()} is in the future\n    name the time of the backup"
        )
    published = Publisher(context).take_over(patient=False)
    if published.held:
        # What it sent since would fall due once it is mended.
        raise SettingsError(
            f"{', '.join(sorted(published.held))}: nothing can be sent of this, so nobody knows "
            "what was\n    mend it first (`bypost check` says where), then name the time again"
        )
    with context.store.write() as connection:
        was_open = settle.doubt(
            connection,
            at=since,
            next_try=now + context.quiet,
            why="open when the backup was made; it may have been sent since",
        )
        events.settle_heard_of(connection, settle.all_unknown(connection), now)
        tag, former = tags.renew(connection), tags.former(connection)
    past = _at(replace(context, tag=tag, former_tags=former), since)
    due = _play(past, published, until=now)
    instance.confirm(context.store, context.root, older=True)
    return Doubted(was_open, due)


def _at(context: Context, since: datetime) -> Context:
    """Return the project as it stood at ``since``, without the hold after an unknown lesson.

    What it owes is bound to nobody from the beginning, so that it is never sent by itself.
    """
    # After an unknown lesson the next one may have been sent as well.
    sending = context.settings.sending.model_copy(update={"unknown_hold_hours": 0})
    settings = context.settings.model_copy(update={"sending": sending})
    return replace(
        context,
        clock=SimulatedClock(since),
        settings=settings,
        providers={settle.NOBODY: _Nobody()},
        rates={},
    )


class _Nobody(Provider):
    """In place of a provider: its batches are never sent."""

    name = settle.NOBODY
    send_class = Nothing()
    batch_size = 1000
    max_bytes = 0

    def encode(self, messages: Sequence[Message]) -> bytes:
        """Nobody takes a mail."""
        raise NotImplementedError

    def send(self, body: bytes, *, count: int, key: str) -> Sequence[Result]:
        """Nobody takes a mail."""
        raise NotImplementedError


def _play(past: Context, published: Published, *, until: datetime) -> int:
    """Owe what fell due until now, each at its time, as unknown; return how many."""
    clock = past.clock
    file = project_file(past.root)
    if file.exists():
        importer(past, published).run(file, now=clock.now())
    due = 0
    while True:
        owed = owe_lessons(past, published.shapes) + owe_issues(past, published.issues).owed
        with past.store.write() as connection:
            due += settle.doubt(
                connection,
                at=clock.now(),
                next_try=until,
                why="fell due after the backup was made; it may have been sent",
            )
        if owed:
            continue  # what follows at once is due now as well
        now, at = clock.now(), _next(past, published)
        if at is None or at > until or now >= until:
            return due
        to = at if at > now else min(now + _STEP, until)
        clock.sleep((to - now).total_seconds())


def _next(past: Context, published: Published) -> datetime | None:
    with past.store.read() as connection:
        hint = enrollments.next_hint(connection, list(published.shapes))
    coming = [hint, next_issue_at(past, published.issues)]
    return min((at for at in coming if at is not None), default=None)
