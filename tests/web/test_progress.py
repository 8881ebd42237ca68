"""A person's own page: it may read, pace, pause and leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.people import pace
from bypost.store import counts
from scheduler.clock import SimulatedClock
from tests.web.conftest import Beat

Person = Callable[..., dict]


def had(context: Context, subscriber_id: int) -> int:
    with context.store.read() as connection:
        return len(counts.of_subscriber(connection, subscriber_id))


def test_the_page_tells_what_came_and_when_the_next_comes_in_their_own_zone(
    public: TestClient, course_token: str
) -> None:
    page = public.get(f"/p/{course_token}").text
    assert "Course letters" in page
    assert "Monday 23 November" in page
    assert "Tuesday 24 November at 09:00 CET" in page


def test_a_form_leads_back_to_the_page(public: TestClient, course_token: str, beat: Beat) -> None:
    answer = public.post(f"/p/{course_token}", data={"do": "pause", "weeks": "2"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/p/{course_token}?said=pause"
    assert "The course is paused." in public.get(answer.headers["location"]).text
    assert beat.woken == 1


def test_a_pause_stops_lessons_until_its_end_or_until_resumed(
    public: TestClient, context: Context, clock: SimulatedClock, person: Person, course_token: str
) -> None:
    public.post(f"/p/{course_token}", data={"do": "pause", "weeks": "1"})
    clock.advance(timedelta(days=3))
    Pass(context).run()
    assert had(context, person()["id"]) == 1
    assert "Paused until <strong>Monday 30 November 2026" in public.get(f"/p/{course_token}").text
    public.post(f"/p/{course_token}", data={"do": "resume"})
    Pass(context).run()
    assert had(context, person()["id"]) == 2


def test_a_slower_rhythm_moves_the_next_lesson(public: TestClient, course_token: str) -> None:
    public.post(f"/p/{course_token}", data={"do": "pace", "rhythm": "7 days"})
    assert "Monday 30 November at 09:00 CET" in public.get(f"/p/{course_token}").text
    public.post(f"/p/{course_token}", data={"do": "pace", "rhythm": ""})
    assert "Tuesday 24 November at 09:00 CET" in public.get(f"/p/{course_token}").text


def test_asking_for_the_next_one_twice_sends_one_lesson(
    public: TestClient, context: Context, person: Person, course_token: str
) -> None:
    form = {"do": "next", "after": "one"}
    first = public.post(f"/p/{course_token}", data=form)
    assert first.headers["location"].endswith("said=asked")
    assert public.post(f"/p/{course_token}", data=form).headers["location"].endswith("said=asked")
    Pass(context).run()
    late = public.post(f"/p/{course_token}", data=form)  # the same page, pressed once more
    assert late.headers["location"].endswith("said=on-its-way")
    Pass(context).run()
    assert had(context, person()["id"]) == 2


def test_the_button_names_the_lesson_after_which_it_asks(
    public: TestClient, course_token: str
) -> None:
    assert '<input type="hidden" name="after" value="one">' in public.get(f"/p/{course_token}").text


def test_two_lessons_within_a_day_are_enough(
    public: TestClient, context: Context, course_token: str
) -> None:
    public.post(f"/p/{course_token}", data={"do": "next", "after": "one"})
    Pass(context).run()
    answer = public.post(f"/p/{course_token}", data={"do": "next", "after": "two"})
    assert answer.headers["location"].endswith("said=enough")


def test_nothing_is_asked_for_during_a_pause(public: TestClient, course_token: str) -> None:
    public.post(f"/p/{course_token}", data={"do": "pause", "weeks": "1"})
    answer = public.post(f"/p/{course_token}", data={"do": "next", "after": "one"})
    assert answer.headers["location"].endswith("said=paused")
    assert "Send me the next one now" not in public.get(f"/p/{course_token}").text


def test_own_hour_and_zone_hold_and_are_noted_as_the_persons_choice(
    public: TestClient, person: Person, course_token: str
) -> None:
    form = {"do": "clock", "hour": "07:00", "time_zone": "Pacific/Auckland"}
    public.post(f"/p/{course_token}", data=form)
    assert person()["own_choice"] == ["hour", "time_zone"]
    assert (person()["hour"], person()["time_zone"]) == ("07:00", "Pacific/Auckland")
    assert "at 07:00 NZDT" in public.get(f"/p/{course_token}").text


def test_only_what_changed_is_noted_as_own_choice(
    public: TestClient, person: Person, course_token: str
) -> None:
    form = {"do": "clock", "hour": "07:00", "time_zone": "Europe/Berlin"}
    public.post(f"/p/{course_token}", data=form)
    assert person()["own_choice"] == ["hour"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"do": "erase"},
        {"do": "pause", "weeks": "9"},
        {"do": "pause", "weeks": "many"},
        {"do": "pace", "rhythm": "0 days"},
        {"do": "clock", "hour": "03:00", "time_zone": "UTC"},
        {"do": "clock", "hour": "", "time_zone": "Mars/Olympus"},
    ],
)
def test_what_is_not_offered_is_refused_and_changes_nothing(
    public: TestClient, person: Person, course_token: str, form: dict[str, str]
) -> None:
    before = person()
    assert public.post(f"/p/{course_token}", data=form).status_code == 400
    assert person() == before


def test_after_leaving_the_page_offers_no_forms(public: TestClient, course_token: str) -> None:
    public.post(f"/u/{course_token}")
    page = public.get(f"/p/{course_token}").text
    assert "You have left this course" in page
    assert "<form" not in page
    form = {"do": "next", "after": "one"}
    answer = public.post(f"/p/{course_token}", data=form)
    assert answer.headers["location"].endswith("said=ended")


def test_pausing_a_course_that_was_left_does_not_wake_it(
    public: TestClient, person: Person, course_token: str
) -> None:
    public.post(f"/u/{course_token}")
    public.post(f"/p/{course_token}", data={"do": "resume"})
    assert (person()["run"]["status"], person()["run"]["next_due"]) == ("left", None)


def test_a_newsletters_link_shows_the_newsletter_and_the_way_out_only(
    public: TestClient, letter_token: str
) -> None:
    page = public.get(f"/p/{letter_token}").text
    assert "Notes &amp; News" in page
    assert f'href="/u/{letter_token}"' in page
    assert "Course letters" not in page
    assert "<form" not in page


def test_the_page_does_not_show_the_address(public: TestClient, course_token: str) -> None:
    """A forwarded mail must not tell who it was sent to."""
    assert "anna@" not in public.get(f"/p/{course_token}").text


def test_every_rhythm_on_offer_is_a_cadence() -> None:
    from bypost.delivery.due import parse_pace

    assert [str(parse_pace(text) or "") for text in pace.PACES] == list(pace.PACES)
