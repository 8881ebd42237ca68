"""Whom an edit reaches, in one sentence on the page of a mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.store.impact import Impact
from bypost.web.preview.impact import words
from scheduler.clock import SimulatedClock
from tests.conftest import write_people
from tests.web.preview.conftest import ONE, Desk

WAY = ", and it is on its way to 1 person"
TWO = "lessons/letters/01-two.md"


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((37, 0, 112), "37 people have this lesson already; an edit reaches 112."),
        ((1, 0, 0), "1 person has this lesson already; an edit reaches nobody."),
        ((0, 0, 12345), "Nobody has this lesson yet; an edit reaches 12,345."),
        ((9, 1, 3), f"9 people have this lesson already{WAY}; an edit reaches 3."),
    ],
)
def test_an_impact_is_one_sentence(numbers: tuple[int, int, int], said: str) -> None:
    had, on_its_way, ahead = numbers
    assert words(Impact(had=had, on_its_way=on_its_way, ahead=ahead), "lesson") == said


def told(desk: Desk, path: str) -> str:
    return desk.page(f"/preview/impact/{path}").css_first("#impact").text()


def test_it_counts_those_who_have_a_lesson_and_those_it_still_comes_to(
    desk: Desk, open_context: Callable[..., Context], clock: SimulatedClock
) -> None:
    write_people(desk.root, "a@example.org,A,UTC", "b@example.org,B,UTC", "c@example.org,C,UTC")
    context = open_context(desk.root)
    Pass(context).run()
    assert told(desk, ONE) == "3 people have this lesson already; an edit reaches nobody."
    assert told(desk, TWO) == "Nobody has this lesson yet; an edit reaches 3."
    clock.sleep(timedelta(days=1).total_seconds())
    Pass(context).run()
    assert told(desk, TWO) == "3 people have this lesson already; an edit reaches nobody."


def test_without_a_database_it_says_so_and_makes_none(desk: Desk) -> None:
    assert told(desk, ONE).startswith("There is no database here")
    assert not (desk.root / "var").exists()


def test_a_notice_reaches_whoever_asks_next(desk: Desk) -> None:
    assert "whoever asks next" in told(desk, "templates/email/confirmation.md")


@pytest.mark.sqlite
def test_a_database_that_cannot_be_read_is_told_of_and_nothing_breaks(desk: Desk) -> None:
    (desk.root / "var").mkdir()
    (desk.root / "var" / "bypost.db").write_bytes(b"nothing of the kind" * 100)
    assert told(desk, ONE).startswith("The database cannot be asked")


def test_looking_changes_nothing_in_the_database(
    desk: Desk, open_context: Callable[..., Context]
) -> None:
    write_people(desk.root, "a@example.org,A,UTC")
    context = open_context(desk.root)
    Pass(context).run()
    context.store.close()
    database = desk.root / "var" / "bypost.db"
    before = database.read_bytes()
    told(desk, ONE)
    assert database.read_bytes() == before


def test_the_page_of_a_mail_leads_there_and_to_the_form_for_a_test(desk: Desk) -> None:
    links = [link.attributes["href"] for link in desk.mail().css("#beside a")]
    assert links == [f"/preview/impact/{ONE}", f"/preview/test/{ONE}"]


def test_a_mail_that_is_not_there_has_no_such_page(desk: Desk) -> None:
    assert desk.client.get("/preview/impact/lessons/letters/99-none.md").status_code == 404
