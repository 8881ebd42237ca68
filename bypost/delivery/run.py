"""The pass: sync the CSV, take over content, owe, send, report.

What is due is asked of the database and of nothing else, so a pass that dies anywhere is continued
by the next one, and two passes at once share the work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bypost.delivery import steps
from bypost.delivery.claim import Blocked, Later
from bypost.delivery.context import Context
from bypost.delivery.deliver import deliver
from bypost.delivery.owe import batch_size, owe_lessons
from bypost.delivery.owe_issues import next_issue_at, owe_issues
from bypost.delivery.publish import Published, Publisher
from bypost.delivery.report import Report
from bypost.errors import ByPostError
from bypost.people.csv_rows import Known
from bypost.people.import_csv import Importer, Summary, project_file
from bypost.store import binding, budgets, counts, enrollments, ledger

_LOG = logging.getLogger(__name__)

#: How long one pass waits in all for paces, leases and retries before it leaves them to the next.
PATIENCE = timedelta(seconds=60)
#: Seconds between two reports of progress.
_TELL_EVERY = 0.2
#: Told (deliveries settled so far, deliveries to settle) while sending.
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Pass:
    """Runs passes over one project; keeps compiled content between them.

    Attributes:
        patient: Leave files alone that were saved a moment ago (for a pass that repeats itself).
        patience: How long one pass waits for paces, leases and retries.
        csv: Whether ``subscribers.csv`` is taken up.
    """

    context: Context
    patient: bool = False
    patience: timedelta = PATIENCE
    csv: bool = True
    on_progress: Progress | None = None
    on_row: Callable[[int], None] | None = None
    _publisher: Publisher = field(init=False)

    def __post_init__(self) -> None:
        self._publisher = Publisher(self.context)

    def run(self) -> Report:
        """Make one pass and return what it did.

        Raises:
            ByPostError: if the CSV, the settings or the database cannot be used at all.
        """
        before = self._count()
        published = self._publisher.take_over(patient=self.patient)
        steps.reached("published")
        imported = self._import(published)
        steps.reached("imported")
        self._rebind()
        sender = _Sender(self.context, self.patience, self.on_progress)
        while True:
            owed = owe_lessons(self.context, published.shapes)
            owed += owe_issues(self.context, published.issues)
            sender.send_ready()
            if not owed:
                break
        return self._report(before, published, imported, sender.troubles)

    def next_at(self) -> datetime | None:
        """Return when something falls due next, as far as the database knows."""
        published = self._publisher.take_over(patient=self.patient)
        with self.context.store.read() as connection:
            # A course that is held sends nothing, whatever its hints say.
            hint = enrollments.next_hint(connection, list(published.shapes))
            instants = [hint, ledger.next_try(connection)]
        instants.append(next_issue_at(self.context, published.issues))
        return min((at for at in instants if at is not None), default=None)

    def _count(self) -> counts.Counts:
        with self.context.store.read() as connection:
            return counts.count(connection)

    def _import(self, published: Published) -> Summary | None:
        """Take up the CSV, if the project has one."""
        path = project_file(self.context.root)
        if not self.csv or not path.exists():
            return None
        return importer(self.context, published, self.on_row).run(
            path, now=self.context.clock.now()
        )

    def _rebind(self) -> None:
        """Move what a provider no longer set did surely not accept to the first one."""
        provider = self.context.provider
        while True:
            with self.context.store.write() as connection:
                old = binding.foreign(
                    connection, list(self.context.providers), now=self.context.clock.now(), limit=50
                )
                for batch in old:
                    binding.dissolve(
                        connection, batch, provider=provider.name, size=batch_size(self.context)
                    )
            if not old:
                return

    def status(self) -> Report:
        """Return how things stand, without changing anything in the ledger."""
        published = self._publisher.take_over(patient=self.patient)
        return self._report(self._count(), published, None, ())

    def _report(
        self,
        before: counts.Counts,
        published: Published,
        imported: Summary | None,
        troubles: Sequence[str],
    ) -> Report:
        with self.context.store.read() as connection:
            total = counts.count(connection)
            unknown = [
                {
                    "ref": self.context.reference(row["id"]),
                    "email": row["email"] or "",
                    "content": "/".join(filter(None, (row["collection"], row["item"]))),
                }
                for row in counts.unknown_deliveries(connection)
            ]
            blocked = budgets.breakers(connection)
        return Report(
            total=total,
            this_pass=total - before,
            imported=imported,
            held=published.held,
            troubles=tuple(troubles),
            blocked={name: why for name, why in blocked.items() if name in self.context.providers},
            unknown=unknown,
            next_at=self.next_at(),
        )


def importer(
    context: Context, published: Published, on_row: Callable[[int], None] | None = None
) -> Importer:
    """Return an importer that knows the project's courses and what blank cells mean.

    Raises:
        ByPostError: if ``[import]`` names a course or newsletter that is not there.
    """
    defaults = context.settings.import_
    only_course = tuple(published.known_courses) if len(published.known_courses) == 1 else ()
    for what, names, known in (
        ("courses", defaults.courses, published.known_courses),
        ("newsletters", defaults.newsletters, published.known_newsletters),
    ):
        for name in names:
            if name not in known:
                raise ByPostError(
                    f"bypost.toml: [import] {what}: there is no `{name}`\n"
                    f"    known: {', '.join(sorted(known)) or 'none'}"
                )
    return Importer(
        store=context.store,
        address_hash=context.address_hash,
        known=Known(published.known_courses, published.known_newsletters),
        courses=defaults.courses or only_course,
        newsletters=defaults.newsletters,
        on_row=on_row,
    )


class _Sender:
    """Brings every ready batch to its provider, several at once."""

    def __init__(self, context: Context, patience: timedelta, on_progress: Progress | None) -> None:
        self._context = context
        self._patience = patience
        self._on_progress = on_progress
        self._told_at = 0.0
        #: Nothing leaves before: the provider's pace.
        self._not_before: datetime | None = None
        #: Batches to leave alone until: their own failure, or somebody else's lease.
        self._resting: dict[int, datetime] = {}
        self.troubles: list[str] = []
        self.blocked: str = ""

    def send_ready(self) -> None:
        """Send until nothing is ready, or what is left must wait longer than our patience."""
        threads = self._context.settings.sending.threads
        running: dict[Future[object], int] = {}
        with ThreadPoolExecutor(threads, thread_name_prefix="send") as pool:
            while True:
                for batch_id in self._choose(threads - len(running), set(running.values())):
                    running[pool.submit(deliver, self._context, batch_id)] = batch_id
                if running:
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._note(running.pop(future), future.result())
                    self._tell()
                elif not self._wait():
                    return

    def _choose(self, room: int, busy: set[int]) -> list[int]:
        """Return batches to start now."""
        now = self._context.clock.now()
        if room <= 0 or self.blocked or (self._not_before and self._not_before > now):
            return []
        self._resting = {i: until for i, until in self._resting.items() if until > now}
        passed_over = busy | set(self._resting)
        with self._context.store.read() as connection:
            ids = ledger.ready(connection, now, limit=room + len(passed_over))
        return [i for i in ids if i not in passed_over][:room]

    def _note(self, batch_id: int, progress: object) -> None:
        """Take in what became of one batch."""
        match progress:
            case Blocked(reason):
                self.blocked = reason
            case Later(until, everybody=True):
                self._not_before = until
            case Later(until, trouble):
                self._resting[batch_id] = until
                if trouble and trouble not in self.troubles:
                    self.troubles.append(trouble)
                    _LOG.warning("%s", trouble)

    def _wait(self) -> bool:
        """Sleep until something can be tried; False if there is nothing, or it is too far off."""
        now = self._context.clock.now()
        at = None if self.blocked else self._next_chance(now)
        if at is None or at - now > self._patience:
            return False
        self._patience -= at - now
        self._context.clock.sleep((at - now).total_seconds())
        return True

    def _next_chance(self, now: datetime) -> datetime | None:
        """Return when to look again; None if nothing is open."""
        with self._context.store.read() as connection:
            later = ledger.next_try(connection, after=now)
            waiting = bool(ledger.ready(connection, now, limit=1))
        chances = [*self._resting.values(), *filter(None, [later])]
        if self._not_before and (waiting or chances):
            chances.append(self._not_before)
        return max(min(chances), now) if chances else None

    def _tell(self) -> None:
        """Report progress, a few times a second at most."""
        elapsed = self._context.clock.elapsed()
        if self._on_progress is None or elapsed - self._told_at < _TELL_EVERY:
            return
        self._told_at = elapsed
        with self._context.store.read() as connection:
            now = counts.count(connection)
        self._on_progress(now.owed - now.pending, now.owed)
