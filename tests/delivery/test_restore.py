"""A backup is put back: nothing that was sent since is sent again, and all of it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

import pytest

from bypost.delivery import instance, reconcile
from bypost.delivery.restore import Doubted, doubt_since
from bypost.delivery.run import Pass
from bypost.errors import Muted, SettingsError
from bypost.model.message import Key, Nothing, Search, SendClass
from bypost.testing import ending
from tests.delivery.place import (
    ISSUE,
    LESSONS,
    LONG_AFTER,
    MONDAY,
    PEOPLE,
    TUESDAY,
    WEDNESDAY,
    Ground,
    Place,
    at,
    everything,
)
from tests.delivery.stage import Crash, crash_at

Start = Callable[..., Place]
KEY, SEARCH = Key(lifetime=timedelta(hours=24)), Search(lag=timedelta(minutes=1))


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground(tmp_path_factory.mktemp("ground"))
    yield made
    made.close()


@pytest.fixture
def start(ground: Ground) -> Start:
    return lambda send_class=KEY: ground.place(send_class)


def follow_at_once(place: Place, *lessons: str) -> None:
    """Let lessons follow the one before them without a delay."""
    for name in lessons:
        path = place.context.root / "lessons/letters" / name
        path.write_text(path.read_text().replace("1 day", "at once"))


# Some days are lost


def test_a_backup_that_was_put_back_is_mute_until_it_is_told_its_time(
    start: Start,
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
    start: Start, send_class: SendClass
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
    start: Start,
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


def test_references_of_the_lost_time_never_name_another_mail(start: Start) -> None:
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


def test_a_second_restore_keeps_all_of_them_apart(start: Start) -> None:
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


def test_one_that_is_owed_again_is_sent_once(start: Start) -> None:
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
    place.go(LONG_AFTER + timedelta(days=1))
    (taken,) = place.provider.log[before:]
    assert (taken.to, taken.ref) == ("zoe@example.org", ref)
    assert place.unknown()[("zoe@example.org", "two")] == 0
    place.no_key_was_used_for_other_bytes()


def test_a_course_that_wants_it_at_least_once_does_not_send_the_lost_time_again(
    start: Start,
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
    start: Start,
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
    start: Start,
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


def test_nothing_that_falls_due_after_the_restore_is_doubted(start: Start) -> None:
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
    start: Start, send_class: SendClass, happen: Callable[[Place], None]
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
    start: Start, happen: Callable[[Place], None]
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
    start: Start,
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


def test_a_time_in_the_future_is_refused(start: Start) -> None:
    place = start()
    place.go(MONDAY)
    before = place.mails()
    with pytest.raises(SettingsError, match="is in the future"):
        doubt_since(place.context, place.clock.now() + timedelta(seconds=1))
    assert place.mails() == before


def test_content_that_cannot_be_read_is_mended_first(start: Start) -> None:
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


def test_named_a_second_time_it_changes_nothing_more(start: Start) -> None:
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
    start: Start,
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
