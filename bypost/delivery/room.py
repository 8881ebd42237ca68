"""Who has room for another mail: what caps need to know of many people, read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from bypost.delivery import caps
from bypost.delivery.caps import Diary, Filed, Held, Outlet
from bypost.delivery.context import Context
from bypost.delivery.due import Run, own_time
from bypost.delivery.expected import Expected
from bypost.delivery.foresee import foresee
from bypost.delivery.shape import Shape
from bypost.delivery.zones import zone
from bypost.store import Columns, Connection, Row, ledger
from bypost.store import caps as store

#: So far back mails are read: a week of days, in whatever zone.
_BACK = timedelta(days=caps.WEEK + 2)
#: So far ahead lessons are foreseen for an issue that looks for a day.
_AHEAD = timedelta(days=caps.WEEK + 1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An issue that is kept back for one person."""

    delivery_id: int
    newsletter: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """An issue whose own time has come somewhere.

    Attributes:
        hour: At which it goes on another day.
        zone: Of people without one of their own.
    """

    newsletter: str
    since: datetime
    hour: time
    zone: str


class Room:
    """What some people had, are owed and may expect.

    Args:
        people: Subscriber -> time zone; an empty one is that of ``[caps]``.
        shapes: Courses of which something goes out; None: as they were last taken over.
    """

    def __init__(
        self,
        context: Context,
        connection: Connection,
        people: Mapping[int, str],
        now: datetime,
        shapes: Mapping[str, Shape] | None = None,
    ) -> None:
        self._context = context
        self._caps = context.settings.caps
        self._now = now
        self._zones = people
        self._expected = Expected(context, connection, people, now, shapes)
        self._diaries = {
            who: Diary(self._caps, zone(name, self._caps.time_zone)) for who, name in people.items()
        }
        self._waiting: dict[int, list[Waiting]] = {}
        #: Runs decided in this transaction -> until when they wait; None: their lesson is owed.
        self._decided: dict[int, datetime | None] = {}
        # Of those who stand alike one is worked out for all.
        self._answers: dict[Any, Held | Filed | None] = {}
        rows, batches = store.mails(connection, list(people), since=now - _BACK)
        for number, who, own, batch_id in rows:
            self._count(number, who, own, batches[batch_id])

    def _count(self, number: int, who: int, own: str | None, batch: Row) -> None:
        """Count a mail on its day; one that is on its way may leave today."""
        state = own or batch["state"]
        at = batch["accepted_at"] or batch["first_sent_at"] or self._now
        if state in ledger.OPEN:
            if batch["held"] is not None:
                since = datetime.fromisoformat(batch["held"]["since"])
                one = Waiting(number, batch["collection"], since, batch["due_at"])
                self._waiting.setdefault(who, []).append(one)
                return
            at = self._now
        elif state == "unknown" and self._now - at < self._unknown:
            at = self._now  # it may be owed again, and leave today
        self._diaries[who].take(at)

    @property
    def _unknown(self) -> timedelta:
        return timedelta(hours=self._context.settings.sending.unknown_hold_hours)

    # What is asked

    def lesson(self, row: Columns, shape: Shape, run: Run, at: datetime) -> Held | None:
        """Return until when a lesson waits that would be owed at ``at``; count it if it goes.

        Args:
            row: The enrollment with its person's clock.
        """
        diary = self._diaries[row["subscriber_id"]]
        held = None
        if not run.asked and diary.full(diary.day(at), more=1 + self._rivals_of_lesson(row)):
            late = self._context.late
            held = caps.lesson(self.before(row, shape, run), shape, run, at=at, late=late)
        self._decided[row["id"]] = held.until if held else None
        if held is None:
            diary.take(at)
        return held

    def before(self, row: Columns, shape: Shape, run: Run) -> Diary:
        """Return a person's diary with everything that goes before the next lesson of a run."""
        who = row["subscriber_id"]
        diary = self._diaries[who].copy()
        step = shape.next_step(run.place, diary.day(self._now))
        mine = (own_time(shape, step, run) if step else self._now, row["id"])
        for other in self._expected.of(who):
            if other.id != row["id"] and (found := self._rival(other.id, mine)):
                diary.take(found)
        if self._caps.first == "newsletter":
            new_until = self._course_is_new_until(who)
            for one in self._waiting.get(who, ()):
                diary.take(max(one.until, self._now))
            for at in self._expected.issues(who):
                if new_until is None or diary.day(at) >= new_until:
                    diary.take(at)
        return diary

    def issue(
        self, who: int, due: Due, *, number: int = 0, too_late: bool = False
    ) -> Held | Filed | None:
        """Return what becomes of an issue for one person; None: it goes now, and is counted.

        Args:
            number: Its delivery; 0 where it is not owed yet.
            too_late: Its hour is over.
        """
        diary = self._diaries[who]
        mine = (due.since, number or float("inf"))
        older = [w for w in self._waiting.get(who, ()) if (w.since, w.delivery_id) < mine]
        not_before = self._course_is_new_until(who)
        today = diary.day(self._now)
        free = not diary.full(today, more=1 + len(older) + self._lessons_by(who, today))
        answer: Held | Filed | None = None
        if too_late or older or not free or (not_before and today < not_before):
            answer = self._another_day(who, due, older, not_before, too_late=too_late)
        self._note_issue(who, due, answer, number)
        return answer

    def _another_day(
        self,
        who: int,
        due: Due,
        older: Sequence[Waiting],
        not_before: date | None,
        *,
        too_late: bool,
    ) -> Held | Filed | None:
        """Look for a day on which an issue can go, with everything that goes before it."""
        diary = self._with_lessons(who, not_before)
        for one in older:
            diary.take(max(one.until, self._now))
        same = [diary.day(one.until) for one in older if one.newsletter == due.newsletter]
        outlet = Outlet(
            since=due.since,
            hour=due.hour,
            home=zone(self._zones[who], due.zone),
            not_before=not_before,
            after=max(same, default=None),
        )
        key = (diary.zone.key, frozenset(diary.count.items()), outlet, too_late)
        if key not in self._answers:
            answer = caps.issue(diary, outlet, now=self._now, too_late=too_late)
            self._answers[key] = answer
        return self._answers[key]

    def _note_issue(self, who: int, due: Due, answer: Held | Filed | None, number: int) -> None:
        """Let what was decided count for what is decided after it."""
        waiting = self._waiting.get(who, [])
        waiting[:] = [one for one in waiting if one.delivery_id != number or not number]
        if answer is None:
            self._diaries[who].take(self._now)
        elif isinstance(answer, Held):
            one = Waiting(number, due.newsletter, due.since, answer.until)
            self._waiting.setdefault(who, waiting).append(one)

    def _course_is_new_until(self, who: int) -> date | None:
        """Return the day from which issues go to somebody who has begun a course; None: any."""
        if not self._caps.newsletters_wait_days:
            return None
        started = [run.started_at for run in self._expected.of(who)]
        return caps.course_is_new_until(self._diaries[who], started)

    # Who else comes

    def _rivals_of_lesson(self, row: Columns) -> int:
        """Return how many mails could go before a lesson, at most."""
        who = row["subscriber_id"]
        count = len(self._expected.of(who)) - 1
        if self._caps.first == "newsletter":
            count += len(self._waiting.get(who, ())) + len(self._expected.plans)
        return max(count, 0)

    def _rival(self, number: int, mine: tuple[datetime, int]) -> datetime | None:
        """Return when another run's lesson comes, if it has waited longer than mine."""
        stands = self._expected.stands(number)
        if stands is None or stands[1].pending:
            return None
        shape, run = stands
        if number in self._decided:
            until = self._decided[number]
            if until is None:
                return None  # it is owed, and counted
            run = replace(run, hint=until)
        found = foresee(shape, run, now=self._now, late=self._context.late)
        if found is None:
            return None
        theirs = (own_time(shape, found.step, run), number)
        return found.at if run.asked or theirs < mine else None

    def _lessons_by(self, who: int, today: date) -> int:
        """Return how many lessons may come by today, at most: no hint is later than its time."""
        if self._caps.first != "course" or not self._caps.limited:
            return 0
        diary = self._diaries[who]
        hints = (run.hint for run in self._expected.of(who))
        return sum(hint is not None and diary.day(hint) <= today for hint in hints)

    def _with_lessons(self, who: int, not_before: date | None) -> Diary:
        """Return a person's diary with the lessons to come, where those go before issues."""
        diary = self._diaries[who].copy()
        if self._caps.first != "course" or not self._caps.limited:
            return diary
        begins = diary.begins(not_before) if not_before else self._now
        until = max(self._now, begins) + _AHEAD
        self._expected.fill(diary, who, until)
        return diary


def diary_of(
    context: Context, connection: Connection, row: Row, shape: Shape, run: Run, now: datetime
) -> Diary | None:
    """Return what one person has room for before the next lesson of a run; None without caps.

    Args:
        row: The enrollment with its person's clock.
    """
    if not context.settings.caps.limited:
        return None
    room = Room(context, connection, {row["subscriber_id"]: row["time_zone"]}, now)
    return room.before(row, shape, run)


def held_lesson(
    context: Context, connection: Connection, row: Row, shape: Shape, run: Run, now: datetime
) -> Held | None:
    """Return until when a cap keeps back the next lesson of a run, and which; None: none does."""
    diary = diary_of(context, connection, row, shape, run, now)
    late = context.late
    # Where a cap has moved the hint, the lesson's own time says that it waits for it.
    own = foresee(shape, replace(run, hint=min(run.hint, now)), now=now, late=late)
    if diary is None or own is None:
        return None
    held = caps.lesson(diary, shape, run, at=own.at, late=late)
    return Held(max(held.until, run.hint), held.words) if held else None


def held_issue(batch: Row) -> Held | None:
    """Return until when an issue is kept back from the people of a batch, and why."""
    return Held(batch["due_at"], batch["detail"]) if batch["held"] is not None else None
