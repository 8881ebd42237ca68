"""Writing who signed up, who confirmed, and what became of their runs and subscriptions."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from bypost.delivery.context import Context
from bypost.links import LINK_ID_BYTES
from bypost.model.event import EventKind
from bypost.store import bulk, daily, subscribers
from bypost.store.daily import Kind
from bypost.testing.fill.days import Days
from bypost.testing.fill.life import Lives, Run
from bypost.testing.fill.mails import Mails
from bypost.testing.fill.odds import HOURS, SOURCES, ZONES, Odds
from bypost.testing.fill.persons import Person, Persons
from bypost.testing.fill.sheets import Sheets

_MINUTE, _DAY = 60, 86_400
#: People in one transaction.
_CHUNK = 10_000
_ZONES, _HOURS = tuple(ZONES), tuple(HOURS)
_WORDING = "Send me the lessons by mail. I can leave at any time."
_NOTE = "asked at the talk, list of the first day"
#: Where forms stood, and shortened networks of documentation (RFC 5737).
_FORMS = ("course", "course", "course", "embed")
_NETWORK = "203.0.113.0/24"


@dataclass(slots=True)
class Reader:
    """A subscription, as issues need it.

    Attributes:
        until: When they left it, or nothing was mailed to them any more; None: that did not happen.
        free: Since when no lesson comes to them; None: one may.
    """

    newsletter: str
    zone: int
    since: int
    until: int | None
    free: int | None


class People:
    """Draws people one after another, and writes them.

    Args:
        lives: Course -> what draws a run through it.
        newsletters: What can be ticked as well.
        confirmation: The number of the notice's text.
    """

    def __init__(
        self,
        context: Context,
        mails: Mails,
        lives: dict[str, Lives],
        newsletters: Sequence[str],
        *,
        confirmation: int,
        days: Days,
        chance: Random,
        odds: Odds,
        now: int,
    ) -> None:
        self._context, self._mails, self._lives = context, mails, lives
        self._courses, self.newsletters = tuple(lives), tuple(newsletters)
        self._confirmation, self._now, self._odds = confirmation, now, odds
        self._days = days
        self._chance, self._random = chance, chance.random
        self._persons = Persons(chance, odds)
        self._sheets = Sheets(context.provider.name)
        self._keep = context.settings.signup.keep_unconfirmed_days * _DAY
        self._life = context.settings.signup.confirm_days * _DAY
        #: Number of an enrollment, a subscription or a sign-up (less one) -> whose.
        self.runs, self.letters, self.signups = array("q"), array("q"), array("q")
        #: The same for subscriptions.
        self.readers: list[Reader] = []

    def write(self, came: Sequence[int], on_people: Callable[[int], None]) -> None:
        """Write somebody for each instant in ``came``; the first of them came with a file.

        Args:
            on_people: Is told how many were written so far.
        """
        imported = int(len(came) * self._odds.imported)
        for number, at in enumerate(came, start=1):
            person = self._persons.draw(number)
            if number <= imported:
                self._from_file(person, came[0])
            else:
                self._from_form(person, at)
            if not number % _CHUNK:
                self._flush()
                on_people(number)
        self._flush()

    def _flush(self) -> None:
        with self._context.store.write() as connection:
            bulk.begin(connection)
            self._sheets.write(connection)

    def _from_file(self, person: Person, at: int) -> None:
        self._add(person, at, at)
        self._join(person, at, at, source="csv", form="", note=_NOTE)

    def _from_form(self, person: Person, at: int) -> None:
        bad = self._random() < self._odds.bad_address
        confirmed = None if bad or self._random() > self._odds.confirms else self._confirms(at)
        if confirmed is not None and confirmed >= self._now:
            confirmed = None
        self.signups.append(person.number)
        number = len(self.signups)
        self._mails.owe(at, self._confirmation, number)
        course = daily.course(self._course_of(person))
        form = f"{_FORMS[number % len(_FORMS)]}:{self._course_of(person)}"
        self._days.add(at, Kind.SIGNUP, course, label=form)
        if confirmed is not None:
            self._days.add(confirmed, Kind.CONFIRMED, course, label=form)
        if bad:
            self._mails.tell(self._confirmation, number, EventKind.BOUNCED)
            self._suppress(person, EventKind.BOUNCED, at + 20)
        removed = confirmed is None and at < self._now - self._keep
        if removed:
            self._sheets.erased(person.number, at, at + self._keep)
            return
        self._add(person, at, confirmed)
        self._ask(person, number, at, confirmed, form)
        if confirmed is not None:
            self._join(person, at, confirmed, source="form", form=form, note=_WORDING)

    def _confirms(self, at: int) -> int:
        """Return when somebody pressed the button: most within half an hour."""
        drawn = self._random()
        if drawn < 0.8:
            return at + int(30 + self._random() * 30 * _MINUTE)
        return at + int(self._random() * (self._life - _DAY if drawn > 0.95 else _DAY))

    def _course_of(self, person: Person) -> str:
        return self._courses[person.number % len(self._courses)]

    def _add(self, person: Person, at: int, confirmed: int | None) -> None:
        known = confirmed is not None
        self._sheets.people.rows.append(
            (
                *(person.number, person.email, person.email),
                *(person.name if known else "", _ZONES[person.zone] if known else ""),
                _HOURS[person.hour] if known else "",
                "confirmed" if known else "unconfirmed",
                list(person.tags) if known else [],
                {"heard_from": tuple(SOURCES)[person.source]} if known else {},
                *(at, confirmed, None),
            )
        )

    def _ask(self, person: Person, number: int, at: int, confirmed: int | None, form: str) -> None:
        self._sheets.signups.rows.append(
            (
                *(number, person.number, self._course_of(person), self._ticked(person)),
                *(person.name, _ZONES[person.zone], _HOURS[person.hour], form),
                self._chance.randbytes(LINK_ID_BYTES),
                *(at, at, at + self._life, confirmed, _NETWORK if confirmed else ""),
            )
        )

    def _ticked(self, person: Person) -> list[str]:
        """Return the newsletters somebody took as well; the same each time for one person."""
        share = int(self._odds.letters * 100)
        return [one for one in self.newsletters if person.number * 37 % 100 < share]

    def _join(
        self, person: Person, asked: int, at: int, *, source: str, form: str, note: str
    ) -> None:
        course = self._course_of(person)
        self.runs.append(person.number)
        number = len(self.runs)
        run = self._lives[course].draw(number, person.zone, person.hour, at)
        self._sheets.runs.rows.append(
            (
                *(number, person.number, course, run.status, at, run.next_due),
                self._chance.randbytes(LINK_ID_BYTES),
                *(run.paused_until, run.finished_at, run.left_at),
            )
        )
        if run.stopped is not None:
            self._suppress(person, run.stopped, run.stopped_at)
        self._count(run, number, daily.course(course), at)
        agreed = (source, note, form, _NETWORK if form else "", asked, at)
        self._agree(person, f"course:{course}", agreed, run.left_at)
        for newsletter in self._ticked(person):
            left = self._subscribe(person, newsletter, at, run)
            self._agree(person, f"newsletter:{newsletter}", agreed, left)

    def _count(self, run: Run, number: int, course: str, at: int) -> None:
        """Count what became of a run, and the lessons that were marked as done."""
        self._days.add(at, Kind.JOINED, course)
        if run.finished_at is not None:
            self._days.add(run.finished_at, Kind.FINISHED, course)
        if run.left_at is not None:
            self._days.add(run.left_at, Kind.LEFT, course, item=run.had[-1][0])
        for lesson, sent in run.had:
            done = sent + int(self._random() * 2 * _DAY) + 60
            if self._random() < self._odds.marks and done < self._now:
                self._sheets.marks.rows.append((number, lesson, done))
                self._days.add(done, Kind.DONE, course, item=lesson)

    def _subscribe(self, person: Person, newsletter: str, at: int, run: Run) -> int | None:
        """Write a subscription; return when it was left."""
        left: int | None = None
        self._days.add(at, Kind.JOINED, daily.newsletter(newsletter))
        if self._random() < self._odds.leaves_letters:
            left = at + int(self._random() * (self._now - at))
            self._days.add(left, Kind.LEFT, daily.newsletter(newsletter))
        self.letters.append(person.number)
        status = "left" if left else "active"
        link = self._chance.randbytes(LINK_ID_BYTES)
        number = len(self.letters)
        self._sheets.letters.rows.append(
            (number, person.number, newsletter, status, at, link, left)
        )
        until = run.stopped_at if run.stopped is not None else left
        free = run.finished_at or run.left_at
        self.readers.append(Reader(newsletter, person.zone, at, until, free))
        return left

    def _agree(
        self,
        person: Person,
        purpose: str,
        agreed: tuple[str, str, str, str, int, int],
        ended: int | None,
    ) -> None:
        source, note, form, network, asked, at = agreed
        by = "one-click" if ended else ""
        self._sheets.consents.rows.append(
            (person.number, purpose, source, note, form, network, network, asked, at, ended, by)
        )

    def _suppress(self, person: Person, why: EventKind, at: int) -> None:
        self._sheets.suppress(self._context.address_hash(person.email), why, at)

    def stop(self, stopped: Sequence[tuple[int, EventKind, int]]) -> None:
        """Suppress the people of subscriptions: (number, why, since when)."""
        with self._context.store.write() as connection:
            for number, why, at in stopped:
                person = subscribers.by_id(connection, self.letters[number - 1])
                if person is not None:
                    key = self._context.address_hash(person["email_key"])
                    self._sheets.suppress(key, why, at)
            self._sheets.write(connection)

    def whose(self, kind: str, number: int, due: int) -> tuple[int, str]:
        """Return the subscriber of a mail, and what a notice answers."""
        if kind == "lesson":
            return self.runs[number - 1], ""
        if kind == "issue":
            return self.letters[number - 1], ""
        mailed = datetime.fromtimestamp(due, UTC)
        return self.signups[number - 1], f"signup:{number}:{mailed:%Y%m%dT%H%M%S}"
