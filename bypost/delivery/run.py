"""The pass: sync the CSV, take over content, owe, send, report.

What is due is asked of the database and of nothing else, so a pass that dies anywhere is continued
by the next one, and two passes at once share the work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bypost.delivery import (
    clock_step,
    disk,
    figures,
    holds,
    housekeeping,
    instance,
    rest,
    steps,
    totals,
)
from bypost.delivery.alarm_tell import tell
from bypost.delivery.alarm_watch import Watch
from bypost.delivery.apply import wake
from bypost.delivery.context import Context
from bypost.delivery.hand_over import hand_over
from bypost.delivery.owe import batch_size, owe_lessons
from bypost.delivery.owe_issues import Filed, next_issue_at, owe_issues
from bypost.delivery.pass_note import note_pass
from bypost.delivery.publish import Published, Publisher
from bypost.delivery.reconcile import Settled, settle_due
from bypost.delivery.report import Report
from bypost.delivery.rest import Look, Rest
from bypost.delivery.roll_up import roll_up
from bypost.delivery.sender import Progress, Sender
from bypost.delivery.tidy import tidy
from bypost.errors import ByPostError, StoreError
from bypost.model.content import full_name
from bypost.people.csv_rows import Known
from bypost.people.import_csv import Importer, Summary, project_file
from bypost.store import Connection, binding, budgets, counts, enrollments, ledger, settle

#: How long one pass waits in all for paces, leases and retries before it leaves them to the next.
PATIENCE = timedelta(seconds=60)


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
    _rest: Rest | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._publisher = Publisher(self.context)

    def run(self) -> Report:
        """Make one pass and return what it did.

        After one that found nothing to do none is made until something changes or falls due.

        Raises:
            ByPostError: if the CSV, the settings or the database cannot be used at all.
        """
        seen = rest.look(self.context)
        if self._rest is not None and self._rest.lasts(seen):
            return self._rest.report
        self._rest = None
        report = self._run(seen)
        if not self._publisher.is_waiting:
            self._rest = rest.begin(self.context, seen, report)
        return report

    def _run(self, seen: Look) -> Report:
        instance.check(self.context)
        stepped = clock_step.notice(self.context)
        watch, before = Watch(self.context), self._count()
        published = self._publisher.take_over(patient=self.patient)
        steps.reached("published")
        wake(self.context)
        if short := disk.shortage(self.context):
            with suppress(StoreError):  # no room even for that: the report says why
                watch.look(published.held)
                tell(self.context)
            troubles = [*filter(None, [stepped]), short]
            return self._report(published, before, self._count(), troubles=troubles)
        imported = self._import(published)
        steps.reached("imported")
        filed: list[Filed] = []
        troubles = [*filter(None, [stepped]), *self._send(published, filed)]
        roll_up(self.context)
        tidy(self.context)
        totals.add_up(self.context)
        figures.refresh(self.context)
        watch.look(published.held)
        tell(self.context)
        housekeeping.tend(self.context, published)
        instance.note(self.context)
        # Nobody has written: they are the same, and counting them takes longest of all.
        total = before if self.context.store.stamp() == seen.database else self._count()
        report = self._report(
            published, before, total, imported=imported, troubles=troubles, filed=filed
        )
        note_pass(self.context, report, published, repeats=self.patient)
        return report

    def _send(self, published: Published, filed: list[Filed]) -> Sequence[str]:
        """Settle, owe and send until nothing is due or patience ends; return the troubles.

        Args:
            filed: Takes the issues that came too late to be sent.
        """
        self._rebind()
        sender = Sender(self.context, self.patience, self.on_progress)
        settled = Settled()
        due: datetime | None = None
        stopped: list[str] = []
        while not (short := disk.shortage(self.context)):
            owed, late, unread = self._owe(published)
            filed += late
            stopped += unread
            self._bring(sender)
            # What is due goes first: questions may be many, and their answers slow.
            found = settle_due(self.context, _at_least_once(published))
            settled += found
            # Somebody was taken out of a batch or came to the end: owing looks again. A hint that
            # owing left as it was says nothing new.
            before, due = due, self._due_hint(published)
            if not (owed or found.owed_again or (due is not None and due != before)):
                break
        return list(
            dict.fromkeys([*stopped, *sender.troubles, *settled.troubles, *filter(None, [short])])
        )

    def _bring(self, sender: Sender) -> None:
        """Send what is ready, or let workers do so."""
        if self.context.queue is None:
            sender.send_ready()
        else:
            hand_over(self.context, self.context.queue)

    def _owe(self, published: Published) -> tuple[int, tuple[Filed, ...], tuple[str, ...]]:
        """Owe what is due, first what goes first.

        Returns:
            How much; what came too late; and why something due is not owed.
        """
        if self.context.settings.caps.first == "newsletter":
            letters = owe_issues(self.context, published.issues)
            lessons = owe_lessons(self.context, published.shapes)
            return letters.owed + lessons, letters.filed, letters.troubles
        owed = owe_lessons(self.context, published.shapes)
        letters = owe_issues(self.context, published.issues)
        return owed + letters.owed, letters.filed, letters.troubles

    def _due_hint(self, published: Published) -> datetime | None:
        """Return the earliest hint if it has come, of the courses that are not held."""
        now = self.context.clock.now()
        with self.context.store.read() as connection:
            free = holds.read(connection, now).free(published.shapes)
            hint = enrollments.next_hint(connection, free)
        return hint if hint is not None and hint <= now else None

    def next_at(self) -> datetime | None:
        """Return when something falls due next, as far as the database knows."""
        return self._next_at(self._publisher.take_over(patient=self.patient))

    def _next_at(self, published: Published) -> datetime | None:
        with self.context.store.read() as connection:
            # A course with a problem, or on hold, sends nothing, whatever its hints say.
            now = self.context.clock.now()
            hint = next_hint(connection, list(published.shapes), now)
            instants = [hint, ledger.next_try(connection), settle.next_question(connection)]
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
        """Move what a provider no longer set did surely not accept to the first one.

        It leaves as soon as it is due: what the former provider let wait does not bind this one.
        """
        name, size = self.context.provider.name, batch_size(self.context)
        providers = list(self.context.providers)
        while True:
            now = self.context.clock.now()
            with self.context.store.read() as connection:  # mostly there are none
                if not binding.foreign(connection, providers, now=now, limit=1):
                    return
            with self.context.store.write() as connection:
                for batch in binding.foreign(connection, providers, now=now, limit=50):
                    at = max(batch["due_at"], now)
                    binding.dissolve(connection, batch, provider=name, size=size, next_try=at)

    def status(self) -> Report:
        """Return how things stand, without changing anything in the ledger."""
        published = self._publisher.take_over(patient=self.patient)
        total = self._count()
        return self._report(published, total, total)

    def _report(
        self,
        published: Published,
        before: counts.Counts,
        total: counts.Counts,
        *,
        imported: Summary | None = None,
        troubles: Sequence[str] = (),
        filed: Sequence[Filed] = (),
    ) -> Report:
        with self.context.store.read() as connection:
            unknown = [
                {
                    "ref": self.context.reference(row["id"]),
                    "email": row["email"] or "",
                    "content": full_name(row["collection"], row["item"]),
                }
                for row in counts.unknown_deliveries(connection)
            ]
            blocked = budgets.breakers(connection)
        return Report(
            total=total,
            this_pass=total - before,
            imported=imported,
            held=published.held,
            waiting={name: len(found) for name, found in published.waiting.items()},
            troubles=tuple(troubles),
            archived=[str(one) for one in filed],
            blocked={name: why for name, why in blocked.items() if name in self.context.providers},
            unknown=unknown,
            next_at=self._next_at(published),
        )


def next_hint(connection: Connection, courses: Sequence[str], now: datetime) -> datetime | None:
    """Return when owing looks at somebody next; those of a course on hold wait for its end."""
    held = holds.read(connection, now)
    found = [enrollments.next_hint(connection, held.free(courses))]
    for course in courses:
        hold = held.course(course).hold
        hint = enrollments.next_hint(connection, [course]) if hold and hold.until else None
        if hold and hold.until and hint:
            found.append(max(hint, hold.until))
    return min((at for at in found if at is not None), default=None)


def _at_least_once(published: Published) -> frozenset[str]:
    """Return the courses that would rather send twice than not at all."""
    return frozenset(name for name, shape in published.shapes.items() if shape.at_least_once)


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
