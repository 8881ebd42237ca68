"""What an address asks for, and the address that asks for it."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from bypost.content.personas import Persona
from bypost.web.preview.choice import Choice, read_choice
from scheduler.clock import SimulatedClock
from tests.conftest import MONDAY

TOKYO = Persona(key="misaki", email="misaki@example.com", time_zone="Asia/Tokyo")


def of(query: str) -> Choice:
    return read_choice(parse_qsl(query))


@pytest.mark.parametrize(
    "choice",
    [
        Choice(),
        Choice(view="text", persona="rtl"),
        Choice(widths=(375, 600, 523), schemes=("light", "inverted")),
        Choice(at="2026-12-01T09:30", gmail=True, images=False),
    ],
)
def test_an_address_gives_back_what_it_was_made_of(choice: Choice) -> None:
    assert of(choice.query().removeprefix("?")) == choice


def test_the_usual_choice_needs_no_query() -> None:
    assert Choice().query() == ""


def test_a_form_names_each_box_by_itself() -> None:
    choice = of("w=320&w=640&scheme=light&scheme=dark")
    assert choice.widths == (320, 640)
    assert choice.schemes == ("light", "dark")


@pytest.mark.parametrize(
    "query",
    [
        "view=nothing",
        "w=",
        "w=wide,²",
        "scheme=sepia",
        "at=yesterday",
        "at=9999-12-31T23:59",
        "at=0001-01-01T00:00",
        "gmail=0",
        "images=on",
    ],
)
def test_what_makes_no_sense_counts_as_not_said(query: str) -> None:
    assert of(query) == Choice()


def test_widths_stay_between_a_small_phone_and_a_wide_window() -> None:
    assert of("w=1,640,640,99999").widths == (240, 640, 1200)


def test_more_frames_than_can_be_compared_are_not_made() -> None:
    assert len(of("w=" + ",".join(map(str, range(300, 400)))).widths) == 6


def test_the_date_is_on_the_clock_of_the_persona() -> None:
    clock = SimulatedClock(MONDAY)
    assert of("at=2026-12-01T09:30").instant(TOKYO, clock).isoformat() == (
        "2026-12-01T09:30:00+09:00"
    )
    assert of("").instant(TOKYO, clock).isoformat() == "2026-11-23T18:30:00+09:00"
