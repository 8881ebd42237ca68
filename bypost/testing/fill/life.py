"""One person's way through a course, drawn by chance at the instants of its rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from bypost.model.event import EventKind
from bypost.testing.fill.mails import Fates, Mails
from bypost.testing.fill.odds import Odds
from bypost.testing.fill.rhythm import Rhythm

_DAY = 86_400
#: A pass a minute.
PASS = 60


@dataclass(slots=True)
class Run:
    """What became of an enrollment; instants are seconds since 1970, None where there is none.

    Attributes:
        had: The lessons owed to them, and when.
        stopped: An event after which nothing more is mailed to them, and when.
    """

    status: str = "active"
    next_due: int | None = None
    finished_at: int | None = None
    left_at: int | None = None
    paused_until: int | None = None
    stopped: EventKind | None = None
    stopped_at: int = 0
    had: list[tuple[str, int]] = field(default_factory=list)


class Lives:
    """Draws runs through one course.

    Args:
        texts: The numbers of its lessons' texts, for each an older one and since when it is not
            used any more.
        now: Nothing has happened after it.
    """

    def __init__(
        self,
        rhythm: Rhythm,
        texts: list[tuple[int, int, int]],
        mails: Mails,
        chance: Random,
        odds: Odds,
        now: int,
    ) -> None:
        self._rhythm = rhythm
        self._texts = texts
        self._mails = mails
        self._fates = Fates(mails, chance, odds)
        self._random = chance.random
        self._odds = odds
        self._leaving = [odds.leaving(number) for number in range(len(texts))]
        self._last = len(texts) - 1
        self._now = now

    def draw(self, enrollment: int, zone: int, hour: int, started: int) -> Run:
        """Return what became of a run that began then, and owe its mails."""
        run, at, now = Run(), started, self._now
        for step in range(len(self._texts)):
            if run.paused_until is None:
                due = self._rhythm.due(step, zone, hour, at)
            else:
                due = self._rhythm.due_after_pause(step, zone, hour, at, run.paused_until)
            due += -due % PASS
            if due > now:
                run.next_due = due - PASS
                return run
            at, run.paused_until = due + 1, None
            if self._is_over(run, enrollment, step, at):
                return run
            if step < self._last and self._random() < self._odds.pauses:
                run.paused_until = at + int((7 + 14 * self._random()) * _DAY)
                if run.paused_until > now:
                    run.next_due = run.paused_until
                    return run
        if at + PASS > now:
            run.next_due = at
            return run
        run.status, run.finished_at = "finished", at + PASS
        return run

    def _is_over(self, run: Run, enrollment: int, step: int, at: int) -> bool:
        """Owe a lesson; return whether nothing comes after it, for its run's own reasons."""
        newer, older, since = self._texts[step]
        text = older if at < since else newer
        self._mails.owe(at - 1, text, enrollment)
        run.had.append((self._rhythm.steps[step].lesson, at))
        stopped = self._fates.draw(text, enrollment)
        if stopped is not None:
            # Owing looks at them once more, and sets no hint any more.
            run.stopped, run.stopped_at = stopped, at + 20
            return True
        if self._random() < self._leaving[step]:
            left = at + int(self._random() ** 2 * 2 * _DAY) + 120
            if left < self._now:
                run.status, run.left_at = "left", left
                return True
        return False
