"""A backup is put back: nothing that was sent since is sent again, and all of it is shown."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from bypost.delivery import instance, reconcile
from bypost.delivery.context import Context
from bypost.delivery.report import Report
from bypost.delivery.restore import Doubted, doubt_since
from bypost.delivery.run import Pass
from bypost.errors import Muted, SettingsError
from bypost.model.message import Key, Nothing, Search, SendClass
from bypost.store import budgets, ledger
from bypost.store.schema import deliveries, subscribers
from bypost.testing import ending
from bypost.testing.simulated import SimulatedProvider
from scheduler.clock import SimulatedClock
from tests.conftest import write_course, write_people
from tests.delivery.stage import Crash, crash_at
from tests.delivery.stage import _do_not_flush as do_not_flush

Open = Callable[..., Context]
#: Who was sent what: address and item.
Mail = tuple[str, str]
KEY, SEARCH = Key(lifetime=timedelta(hours=24)), Search(lag=timedelta(minutes=1))
PEOPLE = {
    "ana@example.org": "Europe/Berlin",
    "ken@example.org": "Asia/Tokyo",
    "zoe@example.org": "America/New_York",
}
#: When it is nine in Tokyo, in Berlin and in New York.
HOURS = [timedelta(hours=hour) for hour in (0, 8, 14)]
LESSONS, ISSUE = ("one", "two", "three"), "news/first"
ISSUE_FILE = """\
---
id: first
subject: The first issue of all
preheader: A preheader that is long enough to be taken for one by the checks
status: ready
date: 2026-11-25
at: "09:00"
---
# The first issue

Hello.
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}+00:00")


MONDAY, TUESDAY, WEDNESDAY = at("23T12:00"), at("24T20:00"), at("25T20:00")
LONG_AFTER = at("28T20:00")


@dataclass
class Place:
    """One project, one provider with the truth, and a database that is lost and put back.

    Attributes:
        sent: Person and item of each mail the provider took over, by reference.
    """

    open: Callable[[], Context]
    clock: SimulatedClock
    provider: SimulatedProvider
    backup: Path
    context: Context = field(init=False)
    one: Pass = field(init=False)
    sent: dict[str, Mail] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._open()

    def _open(self) -> None:
        self.context = self.open()
        self.one = Pass(self.context)

    # What happens

    def run(self) -> Report:
        report = self.one.run()
        self._take_note()
        return report

    def go(self, until: datetime) -> None:
        """Make a pass at once, and one at each hour at which something is due somewhere."""
        self.run()
        day = self.clock.now().replace(hour=0, minute=0, second=0)
        while day <= until:
            for hour in HOURS:
                if self.clock.now() < day + hour <= until:
                    self.clock.advance_to(day + hour)
                    self.run()
            day += timedelta(days=1)
        self.clock.advance_to(max(until, self.clock.now()))

    def back_up(self) -> datetime:
        """Copy the database; return when."""
        self.context.store.copy_to(self.backup)
        return self.clock.now()

    def put_back(self) -> None:
        """Put the copy in the place of the database, as an operator does: with nothing running."""
        self._take_note()
        self.context.store.close()
        for name in ("bypost.db", "bypost.db-wal", "bypost.db-shm"):
            (self.context.root / "var" / name).unlink(missing_ok=True)
        shutil.copy(self.backup, self.context.root / "var/bypost.db")
        self._open()

    def doubt(self, since: datetime) -> Doubted:
        """Do what ``bypost reconcile --since`` does; each command opens the project anew."""
        doubted = doubt_since(self.context, since)
        self._open()
        return doubted

    def resume(self) -> None:
        with self.context.store.write() as connection:
            budgets.close_breaker(connection, self.provider.name, self.clock.now())
            ledger.wake_waiting(connection, self.provider.name, self.clock.now())

    # How things stand

    def mails(self) -> dict[str, Mail]:
        """Return person and item of every delivery in the database, by reference."""
        query = select(deliveries.c.id, subscribers.c.email, deliveries.c.item).join(
            subscribers, subscribers.c.id == deliveries.c.subscriber_id
        )
        with self.context.store.read() as connection:
            return {
                self.context.reference(number): (email, item)
                for number, email, item in connection.execute(query)
            }

    def unknown(self) -> Counter[Mail]:
        """Return what the report lists as unknown."""
        listed = self.one.status().unknown
        return Counter((one["email"], _item(one["content"])) for one in listed)

    def _take_note(self) -> None:
        mails = self.mails()
        for taken in self.provider.log:
            self.sent.setdefault(taken.ref, mails.get(taken.ref, (taken.to, "?")))

    # What must hold

    def nobody_has_anything_twice(self) -> None:
        assert "?" not in {item for _, item in self.sent.values()}
        twice = [mail for mail, times in Counter(self.sent.values()).items() if times > 1]
        assert not twice
        assert max(self.provider.accepted.values()) == 1

    def no_key_was_used_for_other_bytes(self) -> None:
        bodies = defaultdict(set)
        for request in self.provider.requests:
            bodies[request.key].add(request.body)
        assert {len(different) for different in bodies.values()} == {1}

    def lessons_of(self, email: str) -> list[str]:
        """Return what a person was sent of the course, in that order."""
        mine = [self.sent[taken.ref] for taken in self.provider.log if taken.to == email]
        return [item for _, item in mine if item in LESSONS]


def _item(content: str) -> str:
    """Return the item from the words of a report: course/lesson or newsletter/issue."""
    return ISSUE if content.endswith(ISSUE) else content.removeprefix("letters/")


@pytest.fixture
def start(
    empty_project: Path, open_context: Open, clock: SimulatedClock, tmp_path: Path
) -> Callable[..., Place]:
    """Write a course, a newsletter and people all over the world; open it."""
    write_course(empty_project)
    folder = empty_project / "newsletters/news"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text('title = "News"\nsummary = "News for tests."\n')
    (folder / "2026-11-25-first.md").write_text(ISSUE_FILE)
    rows = (f"{email},{zone},news" for email, zone in PEOPLE.items())
    write_people(empty_project, *rows, header="email,time_zone,newsletters")

    def starting(send_class: SendClass = KEY, **sending: object) -> Place:
        provider = SimulatedProvider(clock=clock, send_class=send_class)

        def opening() -> Context:
            context = open_context(empty_project)
            event.listen(context.store._writer, "connect", do_not_flush)
            context.store.close()  # and is opened again with the next question
            update = {"threads": 1, **sending}
            changed = context.settings.sending.model_copy(update=update)
            return replace(
                context,
                settings=context.settings.model_copy(update={"sending": changed}),
                providers={provider.name: provider},
                rates={},
                guarded=True,
            )

        return Place(opening, clock, provider, tmp_path / "backup.db")

    return starting


def follow_at_once(place: Place, *lessons: str) -> None:
    """Let lessons follow the one before them without a delay."""
    for name in lessons:
        path = place.context.root / "lessons/letters" / name
        path.write_text(path.read_text().replace("1 day", "at once"))


def everything(people: Sequence[str], items: Sequence[str]) -> Counter[Mail]:
    return Counter((email, item) for email in people for item in items)


# Some days are lost


def test_a_backup_that_was_put_back_is_mute_until_it_is_told_its_time(
    start: Callable[..., Place],
) -> None:
    place = start()
    place.go(MONDAY)
    since = place.back_up()
    place.go(TUESDAY)
    place.put_back()
    requests = len(place.provider.requests)
    with pytest.raises(Muted, match="reconcile --since TIME"):
        place.run()
    assert len(place.provider.requests) == requests
    place.doubt(since)
    instance.check(place.context)
    place.run()


@pytest.mark.parametrize("send_class", [KEY, SEARCH], ids=["key", "search"])
def test_nothing_of_the_lost_time_is_sent_again_and_all_of_it_is_listed(
    start: Callable[..., Place], send_class: SendClass
) -> None:
    place = start(send_class)
    place.go(MONDAY)
    since = place.back_up()
    place.go(WEDNESDAY)
    lost = everything(list(PEOPLE), ["two", "three", ISSUE])
    assert Counter(place.sent.values()) == lost + everything(list(PEOPLE), ["one"])
    place.put_back()
    doubted = place.doubt(since)
    assert (doubted.open, doubted.due) == (0, lost.total())
    assert place.unknown() == lost
    place.go(LONG_AFTER)
    assert place.unknown() == lost
    place.nobody_has_anything_twice()
    place.no_key_was_used_for_other_bytes()


def test_what_comes_after_the_lost_time_comes_at_its_time_and_in_order(
    start: Callable[..., Place],
) -> None:
    place = start()
    place.go(MONDAY)
    since = place.back_up()
    place.go(TUESDAY)
    place.put_back()
    place.doubt(since)
    assert place.unknown() == everything(list(PEOPLE), ["two"])
    place.go(LONG_AFTER)
    place.nobody_has_anything_twice()
    assert Counter(place.sent.values()) == everything(list(PEOPLE), [*LESSONS, ISSUE])
    for email in PEOPLE:
        assert place.lessons_of(email) == list(LESSONS)
    third = {
        taken.to: taken.at for taken in place.provider.log if place.sent[taken.ref][1] == "three"
    }
    assert third["ana@example.org"] == at("25T08:00")
    assert third["ken@example.org"] == at("25T00:00")


def test_references_of_the_lost_time_never_name_another_mail(start: Callable[..., Place]) -> None:
    place = start()
    place.go(MONDAY)
    since = place.back_up()
    kept = place.mails()
    place.go(WEDNESDAY)
    lost = set(place.mails()) - set(kept)
    place.put_back()
    place.doubt(since)
    place.go(LONG_AFTER)
    assert len(lost) == 9
    assert {place.context.delivery_id(ref) for ref in lost} == {None}
    now = place.mails()
    for ref, mail in kept.items():
        assert now[ref] == mail
        number = place.context.delivery_id(ref)
        assert number is not None
        assert place.context.reference(number) == ref


def test_a_second_restore_keeps_all_of_them_apart(start: Callable[..., Place]) -> None:
    place = start()
    place.go(MONDAY)
    since = place.back_up()
    place.go(TUESDAY)
    place.put_back()
    place.doubt(since)
    place.go(at("25T08:30"))  # some have the third lesson
    second = place.back_up()
    kept = place.mails()
    place.go(WEDNESDAY)
    lost = set(place.mails()) - set(kept)
    place.put_back()
    place.doubt(second)
    place.go(LONG_AFTER)
    place.nobody_has_anything_twice()
    place.no_key_was_used_for_other_bytes()
    assert {place.context.delivery_id(ref) for ref in lost} == {None}
    assert kept.items() <= place.mails().items()


def test_one_that_is_owed_again_is_sent_once(start: Callable[..., Place]) -> None:
    place = start()
    place.go(MONDAY)
    since = place.back_up()
    place.go(WEDNESDAY)
    place.put_back()
    place.doubt(since)
    place.go(LONG_AFTER)
    before = len(place.provider.log)
    (ref,) = [ref for ref, mail in place.mails().items() if mail == ("zoe@example.org", "two")]
    number = place.context.delivery_id(ref)
    assert number is not None
    assert reconcile.owe_again(place.context, [number]) == 1
    place.go(LONG_AFTER + timedelta(days=3))
    (taken,) = place.provider.log[before:]
    assert (taken.to, taken.ref) == ("zoe@example.org", ref)
    assert place.unknown()[("zoe@example.org", "two")] == 0
    place.no_key_was_used_for_other_bytes()


def test_a_course_that_wants_it_at_least_once_does_not_send_the_lost_time_again(
    start: Callable[..., Place],
) -> None:
    """It wants a lesson twice rather than not at all, not a week of them."""
    place = start(Nothing())
    course = place.context.root / "lessons/letters/course.toml"
    course.write_text(course.read_text() + "at_least_once = true\n")
    place.go(MONDAY)
    since = place.back_up()
    place.go(WEDNESDAY)
    place.put_back()
    place.doubt(since)
    place.go(LONG_AFTER)
    place.nobody_has_anything_twice()


# People


def test_rows_added_since_are_taken_up_again_and_get_nothing_twice(
    start: Callable[..., Place],
) -> None:
    place = start()
    place.go(MONDAY)
    since = place.back_up()
    place.go(TUESDAY)
    with (place.context.root / "subscribers.csv").open("a") as file:
        file.write("late@example.org,Europe/Berlin,news\n")
    place.go(WEDNESDAY)
    assert place.lessons_of("late@example.org") == ["one", "two"]
    place.put_back()
    place.doubt(since)
    place.go(LONG_AFTER)
    place.nobody_has_anything_twice()
    assert place.unknown() >= everything(["late@example.org"], ["one", "two", ISSUE])
    listed = set(place.unknown()) | set(place.sent.values())
    assert listed >= set(everything(["late@example.org"], LESSONS))


def test_lessons_that_follow_each_other_at_once_are_not_sent_again(
    start: Callable[..., Place],
) -> None:
    """Also where the backup is only some seconds old."""
    place = start()
    follow_at_once(place, "01-two.md", "02-three.md")
    since = place.back_up()
    place.clock.advance(timedelta(seconds=10))
    place.run()
    assert len(place.sent) == 9
    place.clock.advance(timedelta(seconds=10))
    place.put_back()
    place.doubt(since)
    place.go(MONDAY)
    place.nobody_has_anything_twice()
    assert place.unknown() == everything(list(PEOPLE), LESSONS)


def test_nothing_that_falls_due_after_the_restore_is_doubted(start: Callable[..., Place]) -> None:
    """Tokyo's last lesson is due one second after it, at midnight in UTC."""
    place = start()
    follow_at_once(place, "01-two.md")
    place.go(MONDAY)
    place.clock.advance_to(at("23T23:59:30"))
    since = place.back_up()
    with (place.context.root / "subscribers.csv").open("a") as file:
        file.write("late@example.org,Europe/Berlin,news\n")
    place.run()
    place.clock.advance_to(at("23T23:59:59"))
    place.put_back()
    assert place.doubt(since) == Doubted(open=0, due=2)
    assert place.unknown() == everything(["late@example.org"], ["one", "two"])
    place.go(at("24T00:00"))
    assert ("ken@example.org", "three") in place.sent.values()


# What was open then


def hold_back(place: Place) -> None:
    """Nothing leaves: the first lessons are pending when the backup is made."""
    place.provider.script.add(ending.refused(401))
    place.run()


def stop_while_sending(place: Place) -> None:
    """A process dies in the middle of a request."""
    with crash_at("intended"), suppress(Crash):
        place.run()


def lose_the_answer(place: Place) -> None:
    """The answer is lost; under a key the request is repeated later."""
    place.provider.script.add(ending.lost(accepted=True))
    Pass(place.context, patience=timedelta(0)).run()


@pytest.mark.parametrize(
    ("send_class", "happen"),
    [
        (KEY, hold_back),
        (KEY, stop_while_sending),
        (KEY, lose_the_answer),
        (Nothing(), lose_the_answer),
    ],
)
def test_what_was_open_then_is_unknown_and_never_sent_again(
    start: Callable[..., Place], send_class: SendClass, happen: Callable[[Place], None]
) -> None:
    place = start(send_class)
    happen(place)
    since = place.back_up()
    place.clock.advance(timedelta(minutes=10))
    place.resume()
    place.run()
    place.clock.advance(timedelta(minutes=10))
    place.put_back()
    doubted = place.doubt(since)
    assert doubted.due == 0
    assert place.unknown() == everything(list(PEOPLE), ["one"])
    place.resume()
    place.go(LONG_AFTER)
    place.nobody_has_anything_twice()
    assert place.unknown() == everything(list(PEOPLE), ["one"])
    for email in PEOPLE:
        assert place.lessons_of(email)[-2:] == ["two", "three"]


@pytest.mark.parametrize("happen", [hold_back, stop_while_sending])
def test_what_was_open_then_is_asked_about_where_somebody_can_be_asked(
    start: Callable[..., Place], happen: Callable[[Place], None]
) -> None:
    place = start(SEARCH)
    happen(place)
    since = place.back_up()
    place.clock.advance(timedelta(minutes=20))
    place.resume()
    place.run()
    place.clock.advance(timedelta(minutes=20))
    place.run()
    place.put_back()
    place.doubt(since)
    place.resume()
    place.go(LONG_AFTER)
    place.nobody_has_anything_twice()
    assert not place.unknown()
    assert Counter(place.sent.values()) == everything(list(PEOPLE), [*LESSONS, ISSUE])


def test_what_left_under_another_reference_since_is_not_sent_again(
    start: Callable[..., Place],
) -> None:
    """It waited in the backup for too long, so that it was owed anew and has another number."""
    place = start(SEARCH)
    place.go(TUESDAY)
    place.clock.advance_to(WEDNESDAY)
    hold_back(place)
    since = place.back_up()
    place.clock.advance_to(at("27T20:00"))
    place.resume()
    place.go(at("28T20:00"))
    assert Counter(place.sent.values()) == everything(list(PEOPLE), [*LESSONS, ISSUE])
    place.put_back()
    place.doubt(since)
    place.resume()
    place.go(at("29T20:00"))
    place.nobody_has_anything_twice()
    assert place.unknown() >= everything(list(PEOPLE), ["three"])


# Mistakes


def test_a_time_in_the_future_is_refused(start: Callable[..., Place]) -> None:
    place = start()
    place.go(MONDAY)
    before = place.mails()
    with pytest.raises(SettingsError, match="is in the future"):
        doubt_since(place.context, place.clock.now() + timedelta(seconds=1))
    assert place.mails() == before


def test_content_that_cannot_be_read_is_mended_first(start: Callable[..., Place]) -> None:
    """What it sent in the lost time would fall due once it is mended."""
    place = start()
    place.go(MONDAY)
    since = place.back_up()
    place.go(WEDNESDAY)
    place.put_back()
    lesson = place.context.root / "lessons/letters/01-two.md"
    text = lesson.read_text()
    lesson.write_text(text.replace("subscriber.name", "subscriber.nmae"))
    with pytest.raises(SettingsError, match="lessons/letters"):
        doubt_since(place.context, since)
    with pytest.raises(Muted):
        place.run()
    lesson.write_text(text)
    place.doubt(since)
    place.go(LONG_AFTER)
    place.nobody_has_anything_twice()


def test_named_a_second_time_it_changes_nothing_more(start: Callable[..., Place]) -> None:
    place = start()
    place.go(MONDAY)
    since = place.back_up()
    place.go(WEDNESDAY)
    place.put_back()
    place.doubt(since)
    listed = place.unknown()
    assert place.doubt(since) == Doubted(open=0, due=0)
    assert place.unknown() == listed


def test_stopped_half_way_and_begun_again_it_is_as_if_it_was_done_at_once(
    start: Callable[..., Place],
) -> None:
    place = start(SEARCH)
    place.go(MONDAY)
    since = place.back_up()
    place.go(WEDNESDAY)
    place.put_back()
    with crash_at("owed", times=4), pytest.raises(Crash):
        doubt_since(place.context, since)
    with pytest.raises(Muted):
        place.run()
    place.doubt(since)
    assert place.unknown() == everything(list(PEOPLE), ["two", "three", ISSUE])
    place.go(LONG_AFTER)
    place.nobody_has_anything_twice()
