"""A random walk: the project and the model do the same, and after each pass they must agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from tests.editing.author import Author
from tests.editing.model import Hold, Mail, Model, Person
from tests.editing.order import Days, Draft, Weekdays
from tests.editing.witness import Witness
from tests.editing.world import World
from tests.scheduler import oracle

_HOUR = 60
#: Clocks change within weeks of each: Samoa skipped a whole day at the end of 2011.
_STARTS = ("2011-12-12", "2012-03-20", "2027-03-05", "2027-09-20", "2027-10-18", "2028-02-20")
_ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Tokyo",
    "Pacific/Apia",
)
_OWN_HOURS = ("", "", "", "05:00", "09:00", "22:00")
_PACES = {"": None, "1 day": Days(1), "1 weekday": Weekdays(1), "7 days": Days(7)}
_CROWD = 14


@dataclass
class Walk:
    """One course for some weeks.

    Attributes:
        did: How often each thing was done.
        passes: How many were compared.
    """

    world: World
    seed: int
    did: Counter[str] = field(default_factory=Counter)
    passes: int = 0
    trail: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        start = datetime.fromisoformat(self.random.choice(_STARTS)).replace(tzinfo=UTC)
        now = oracle.minute(start) + self.random.randrange(oracle.DAY)
        self.author = Author(self.random)
        self.draft = self.author.course()
        self.broken = False
        self.model = Model(self.draft)
        self.witness = Witness()
        self.world.begin(now)
        self.world.write(self.draft)
        self.run()
        for _ in range(3):
            self.somebody_joins()
        self.run()

    def steps(self, many: int) -> None:
        """Do random things."""
        does = [
            *[self.time_passes] * 20,
            *[self.the_author_edits] * 5,
            *[self.the_edits_are_applied] * 2,
            *[self.somebody_joins] * 3,
            *[self.somebody_asks] * 2,
            self.somebody_pauses,
            self.somebody_resumes,
            self.somebody_changes_the_rhythm,
            self.somebody_moves,
            self.somebody_leaves,
            self.a_file_breaks,
            self.something_is_held,
            *[self.something_goes_on] * 2,
        ]
        for _ in range(many):
            what = self.random.choice(does)
            if self.broken and self.random.random() < 0.4:
                what = self.a_file_breaks
            self.did[what.__name__] += 1
            what()

    # Time

    def time_passes(self) -> None:
        """Go to the next instant at which something happens, or anywhere."""
        now, chance = self.world.now, self.random.random()
        if chance < 0.75:
            soon = [one[1] for one in map(self._next, self.model.active()) if one]
            theirs = self.world.next_at()
            ends = [one.until or 0 for some in self.model.holds.values() for one in some]
            instants = [at for at in [*soon, *ends, theirs or 0] if at > now]
            at = min(instants, default=now + _HOUR)
        elif chance < 0.95:
            at = now + self.random.choice([1, 7, _HOUR, 5 * _HOUR, 11 * _HOUR])
        else:  # the machine was off
            at = now + self.random.choice([2, 3, 9]) * oracle.DAY
        self.world.clock.advance_to(oracle.instant(at))
        self.run()

    def no_pass_for_a_while(self) -> None:
        """Let a minute pass or some hours, in which something may fall due that nobody sends."""
        self.world.clock.advance(timedelta(minutes=self.random.choice([1, 1, 3, 11]) ** 3))

    def run(self) -> None:
        """Make a pass, and look at everything."""
        self._note("pass")
        self._pass_and_compare([])

    @property
    def mails(self) -> int:
        """Return how many mails the provider was handed."""
        return len(self.world.post.mails)

    def _pass_and_compare(self, owed: list[Mail]) -> None:
        now = self.world.now
        self.passes += 1
        report, mails = self.world.run()
        wanted = [*owed, *self.model.run(now)]
        self.trail += [f"  {mail}" for mail in mails]
        got, due = sorted(map(str, mails)), sorted(map(str, wanted))
        assert got == due, f"came {got}, not {due}\n{self.story()}"
        assert bool(report.held) == self.broken, self.story()
        self._let_the_witness_see(mails, owed)
        self._everybody_stands_where_they_should()
        numbers = self.world.numbers()
        assert numbers.owed == numbers.accepted == len(self.world.post.mails), self.story()

    def _let_the_witness_see(self, mails: list[Mail], owed: list[Mail]) -> None:
        now, witness = self.world.now, self.witness
        witness.hear(self.model.book.draft)
        for mail in mails:
            person = self.model.people[mail.person]
            last = max((one.at for one in witness.has[mail.person]), default=None)
            last_day = None if last is None else person.day(last)
            try:
                witness.see(mail, now, person.day(now), last_day, old=mail in owed)
            except AssertionError as wrong:
                raise AssertionError(f"{wrong}\n{self.story()}") from None
        witness.through |= {one.number for one in self.model.people.values() if one.through}

    def _everybody_stands_where_they_should(self) -> None:
        for number, row in self.world.rows().items():
            person = self.model.people[number]
            assert row["status"] == person.status, f"person {number}\n{self.story()}"
            if person.status == "active" and not self.model.held(number, self.world.now):
                assert row["next_due"] is not None, f"person {number} is ejected\n{self.story()}"

    # The author and the operator

    def the_author_edits(self) -> None:
        self.draft = self.author.edit(self.draft, self.world.now)
        self._save()
        if self.random.random() < 0.3:
            self.run()

    def a_file_breaks(self) -> None:
        """A file cannot be read; or it can again."""
        self.broken = not self.broken
        self._save()
        self.run()

    def the_edits_are_applied(self) -> None:
        """Let the files hold, whatever they say by now."""
        self.broken = False
        self._save()
        self.run()
        self.no_pass_for_a_while()
        plan = self.world.plan()
        assert plan is not None
        waits = self.draft.structure() != self.model.book.draft.structure()
        assert bool(plan.changes) == waits, f"{plan.changes}\n{self.story()}"
        if not waits:
            return
        self._note(f"apply: {'; '.join(f'{one.what} {one.lesson}' for one in plan.changes)}")
        self.world.apply(plan)
        owed = self.model.apply(self.world.now)
        # The next pass takes it from there.
        self.world.clock.advance(timedelta(minutes=1))
        self._note("pass")
        self._pass_and_compare(owed)

    def _save(self) -> None:
        self.world.write(self.draft, broken=self.broken)
        self.model.draft, self.model.broken = self.draft, self.broken
        self._note(f"files: {self._shown(self.draft)}{' broken' * self.broken}")

    def something_is_held(self) -> None:
        """The operator keeps the course back, or somebody; until a day or until further notice."""
        person, now = self._somebody(), self.world.now
        whom = person.number if person and self.random.random() < 0.6 else None
        until = self.random.choice([None, now + self.random.randint(1, 12 * oracle.DAY)])
        self.world.hold(whom, until)
        if on := self.model.held(whom, now):
            on.until = until
        else:
            self.model.holds.setdefault(whom, []).append(Hold(until))
        if whom in self.model.people:
            self.model.people[whom].floor = None
        self._note(f"hold {whom or 'the course'} until {until and oracle.instant(until)}")

    def something_goes_on(self) -> None:
        if held := self.held():
            self.goes_on(self.random.choice(held))

    def held(self) -> list[int | None]:
        """Return who is held: the course (None), people."""
        return [whom for whom in self.model.holds if self.model.held(whom, self.world.now)]

    def goes_on(self, whom: int | None) -> None:
        """End a hold of the course or of somebody."""
        now = self.world.now
        self.world.go_on(whom)
        for on in self.model.holds[whom]:
            if on.over(now) is None:
                on.ended = now
        if whom in self.model.people:
            self.model.people[whom].floor = None
        self._note(f"{whom or 'the course'} goes on")

    # People

    def somebody_joins(self) -> None:
        if sum(1 for _ in self.model.active()) >= _CROWD:
            return
        zone, hour = self.random.choice(_ZONES), self.random.choice(_OWN_HOURS)
        held = [one.lesson.id for one in self.model.book.slots if not one.empty]
        begins_with = self.random.choice(held) if self.random.random() < 0.2 else ""
        own = time.fromisoformat(hour) if hour else None
        number = self.world.join(zone, own, begins_with)
        person = Person(number, ZoneInfo(zone), self.world.now, own, begins_with)
        person.floor = person.started
        self.model.people[number] = person
        self._note(f"{number} joins: {zone} {hour} {begins_with}")

    def somebody_asks(self) -> None:
        person, keep = self._somebody(), self.random.random() < 0.5
        if person is None:
            return
        now = self.world.now
        lately = [at for at in person.had.values() if at > now - oracle.DAY]
        paused = person.paused is not None and person.paused > now
        paused = paused or bool(self.model.held(None, now) or self.model.held(person.number, now))
        comes = person.status == "active" and not paused and not person.asked and len(lately) < 2
        said = self.world.ask(person.number, keep)
        assert said == (comes or (person.asked and not paused)), self.story()
        if comes:
            person.asked, person.keeps, person.floor = True, keep, now
            self.witness.asked.add(person.number)
        self._note(f"{person.number} asks: {comes} keep={keep}")

    def somebody_pauses(self) -> None:
        if person := self._somebody():
            weeks = self.random.choice([1, 2])
            until = self.world.pause(person.number, weeks)
            self._changed(person, paused=until, asked=False)

    def somebody_resumes(self) -> None:
        paused = [one for one in self.model.active() if one.paused]
        if paused:
            person = self.random.choice(paused)
            self.world.resume(person.number)
            self._changed(person, paused=None)

    def somebody_changes_the_rhythm(self) -> None:
        if person := self._somebody():
            words = self.random.choice(list(_PACES))
            self.world.set_pace(person.number, words)
            self._changed(person, pace=_PACES[words], counts_from=None)

    def somebody_moves(self) -> None:
        """Another zone, another hour."""
        person = self._somebody()
        if person is None:
            return
        zone, hour = self.random.choice(_ZONES), self.random.choice(_OWN_HOURS)
        own = time.fromisoformat(hour) if hour else None
        same = zone == person.zone.key and own == person.hour
        self.world.set_clock(person.number, hour, zone)
        if not same:
            self._changed(person, zone=ZoneInfo(zone), hour=own)

    def somebody_leaves(self) -> None:
        if person := self._somebody():
            self.world.leave(person.number)
            person.status = "left"
            self._note(f"{person.number} leaves")

    # Details

    def _changed(self, person: Person, **what: object) -> None:
        for name, value in what.items():
            setattr(person, name, value)
        person.floor = self.world.now
        self._note(f"{person.number}: {what}")

    def _somebody(self) -> Person | None:
        active = list(self.model.active())
        return self.random.choice(active) if active else None

    def _next(self, person: Person) -> tuple[object, int] | None:
        return self.model.next_for(person, self.world.now)

    def _note(self, what: str) -> None:
        self.trail.append(f"{oracle.instant(self.world.now):%Y-%m-%d %H:%M} {what}")

    def _shown(self, draft: Draft) -> str:
        return " ".join(f"{one.id}{'/' * bool(one.policy)}{one.policy}" for one in draft.lessons)

    def story(self) -> str:
        """Return what happened, for a failure."""
        book = " ".join(
            f"{'-' * one.empty}{one.lesson.id}{f'<{one.until}' if one.until else ''}"
            for one in self.model.book.slots
        )
        return "\n".join([f"seed {self.seed}", *self.trail[-60:], f"book: {book}"])
