"""What people decide about their own course, by the rules alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bypost.people import pace
from bypost.store import Row, enrollments
from tests.people.desk import HEADER, NOON, Desk

BERLIN = ZoneInfo("Europe/Berlin")


def run_of(desk: Desk) -> Row:
    with desk.store.read() as connection:
        return enrollments.of_subscribers(connection, [1])[0]


@pytest.fixture
def ana(desk: Desk) -> Desk:
    desk.sync(f"{HEADER}\nana@example.org,Ana,Europe/Berlin,,,,alpha,\n")
    return desk


def decide(desk: Desk, act: Any, **values: Any) -> Any:
    with desk.store.write() as connection:
        run = enrollments.of_subscribers(connection, [1])[0]
        return act(connection, run, now=NOON, **values)


def test_a_day_begins_in_the_persons_zone(ana: Desk) -> None:
    decide(ana, pace.pause_until, day=date(2026, 12, 1), zone=BERLIN)
    assert run_of(ana)["paused_until"] == datetime(2026, 11, 30, 23, tzinfo=UTC)


@pytest.mark.parametrize("days", [-400, -1, 0, 367, 5000])
def test_a_pause_ends_between_tomorrow_and_a_year_from_now(ana: Desk, days: int) -> None:
    day = NOON.astimezone(BERLIN).date() + timedelta(days=days)
    with pytest.raises(ValueError, match="not offered"):
        decide(ana, pace.pause_until, day=day, zone=BERLIN)
    assert run_of(ana)["paused_until"] is None


@pytest.mark.parametrize("name", [*pace.PACES, *pace.FORMER_PACES])
def test_rhythms_on_offer_and_former_ones_can_be_kept(ana: Desk, name: str) -> None:
    decide(ana, pace.set_pace, pace=name)
    assert run_of(ana)["pace"] == name


@pytest.mark.parametrize("name", ["hourly", "at once", "2 days", "1 day "])
def test_other_rhythms_are_refused(ana: Desk, name: str) -> None:
    with pytest.raises(ValueError, match="not offered"):
        decide(ana, pace.set_pace, pace=name)


@pytest.mark.parametrize("keep", [True, False])
def test_asking_for_the_next_one_says_what_the_schedule_does(ana: Desk, keep: bool) -> None:
    assert decide(ana, pace.ask_next, after=None, most=2, keep=keep) is pace.Answer.ASKED
    assert run_of(ana)["asked_keeps"] is keep
    other = decide(ana, pace.ask_next, after=None, most=2, keep=not keep)
    assert other is pace.Answer.ASKED
    assert run_of(ana)["asked_keeps"] is keep, "the first request is the one that is pending"


def test_a_course_that_allows_none_a_day_answers_that_it_is_enough(ana: Desk) -> None:
    assert decide(ana, pace.ask_next, after=None, most=0) is pace.Answer.ENOUGH
    assert run_of(ana)["asked_next_at"] is None
