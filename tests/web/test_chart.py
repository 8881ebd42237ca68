"""Bars: every length is a share of the drawing, and the table says the same."""

from __future__ import annotations

import pytest

from bypost.web.chart import bars, round_up


def test_bars_are_as_high_as_their_numbers_and_stand_beside_each_other() -> None:
    made = bars("Days", [("Mon", 50), ("Tue", 100), ("Wed", 0)])
    assert made.top == 100
    mon, tue, wed = made.bars
    assert [(p.y, p.height) for p in mon.pieces] == [(50, 50)]
    assert [(p.y, p.height) for p in tue.pieces] == [(0, 100)]
    assert not wed.pieces
    assert 0 < mon.x < mon.x + mon.width < tue.x < wed.x < wed.x + wed.width < 100


def test_series_stand_on_top_of_each_other() -> None:
    made = bars("Days", [("Mon", (60, 40))], names=("Accepted", "Failed"))
    accepted, failed = made.bars[0].pieces
    assert (accepted.y, accepted.height, accepted.words) == (40, 60, "60 accepted")
    assert (failed.y, failed.height, failed.series) == (0, 40, 1)


@pytest.mark.parametrize(("number", "words"), [(1, "1 mail"), (1200, "1,200 mails")])
def test_one_mail_is_a_mail_and_not_mails(number: int, words: str) -> None:
    made = bars("Days", [("Mon", number), ("Tue", 0)])
    assert made.bars[0].pieces[0].words == words
    assert made.said.startswith(f"{words} in all")


def test_a_limit_is_drawn_where_it_is_near_and_what_is_over_it_is_hot() -> None:
    made = bars("Hours", [("9", 80), ("10", 20)], limit=40, allowed="40 may leave.")
    assert made.top == 80
    assert [(line.x1, line.x2, line.y) for line in made.limits] == [(0, 100, 50)]
    assert [bar.hot for bar in made.bars] == [50, 0]
    assert made.allowed == "40 may leave."
    far = bars("Hours", [("9", 80)], limit=1000, allowed="1,000 may leave.")
    assert (list(far.limits), far.allowed) == ([], "")


def test_a_limit_may_change_and_may_be_missing() -> None:
    rows = [(str(number), 10) for number in range(4)]
    made = bars("Days", rows, limit=[5, 5, None, 10])
    assert [(line.x1, line.x2, line.y) for line in made.limits] == [(0, 50, 50), (75, 100, 0)]


def test_nothing_is_drawn_of_nothing() -> None:
    assert bars("Days", []).top == 0
    empty = bars("Days", [("Mon", 0)], limit=10)
    assert (empty.top, empty.said, list(empty.limits)) == (0, "None so far.", [])


def test_it_is_told_in_a_sentence() -> None:
    rows = [("Mon", (1000, 5)), ("Tue", (2000, 0))]
    assert bars("Days", rows, names=("Accepted", "Failed")).said == (
        "3,000 accepted, 5 failed in all; the most, 2,000, at Tue."
    )


@pytest.mark.parametrize("many", [1, 2, 7, 24, 40, 365])
def test_words_under_the_bars_are_few_and_stay_inside(many: int) -> None:
    marks = bars("Days", [(str(number), 1) for number in range(many)]).marks
    assert 1 <= len(marks) <= 5
    assert marks[0].words == "0"
    assert all(0 <= mark.x <= 100 for mark in marks)
    assert [mark.x for mark in marks] == sorted(mark.x for mark in marks)


@pytest.mark.parametrize(("number", "top"), [(0, 0), (1, 2), (3, 4), (101, 150), (1230, 1500)])
def test_the_upper_edge_is_easy_to_read(number: int, top: int) -> None:
    assert round_up(number) == top
