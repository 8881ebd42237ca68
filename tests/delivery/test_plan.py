"""A plan tells in people and dates what an edit does; what then happens is what it told."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from bypost.delivery.concerned import assumed
from bypost.delivery.plan import make_plan
from bypost.delivery.plan_words import outcome
from bypost.delivery.planning import planned
from bypost.store import suppressions
from tests.delivery.edited import Desk, effect


def test_everybody_is_counted_once_for_each_lesson(desk: Desk) -> None:
    desk.lesson("01", "extra")  # in front of `two`
    plan = desk.plan()
    found = effect(plan, "extra")
    assert found.gets + found.past + found.finished + found.had == len(plan.people) == 10
    assert (found.gets, found.past, found.finished) == (2, 4, 4)
    assert [str(risk) for risk in plan.risks] == [
        "4 people are past “Title of extra” and would never get it"
    ]
    assert outcome(found, plan).startswith(
        "2 get it, 4 are past it, 4 finished; first send Sat 28 "
    )


def test_what_the_plan_says_of_the_next_mail_is_what_comes(desk: Desk) -> None:
    desk.lesson("01", "extra", "if_past: next\n")
    desk.remove("three")
    desk.lesson("03", "four", delay="3 days")
    plan = desk.apply()
    before = len(desk.sent())
    desk.until(datetime(2026, 12, 20, tzinfo=UTC))
    came: dict[str, tuple[str, datetime]] = {}
    for who, item, at in desk.sent()[before:]:
        came.setdefault(who, (item, at))
    foreseen = {
        one.email: (one.after.step.lesson, one.after.at) for one in plan.people if one.after
    }
    assert len(foreseen) == 10
    assert came == foreseen


def test_nobody_gets_two_lessons_on_the_day_of_an_edit(desk: Desk) -> None:
    for number, name in enumerate(("x", "y"), 1):
        desk.lesson(f"0{number}", name, "if_past: next\n", delay="at once")
    desk.apply()
    desk.until(datetime(2026, 12, 20, tzinfo=UTC))
    for person in range(10):
        got = desk.got(f"p{person}@example.org")
        assert sorted(got) == sorted({"one", "two", "three", "four", "x", "y"})


def test_a_removed_lesson_is_told_and_those_who_wait_for_it_go_on(desk: Desk) -> None:
    desk.remove("two")
    plan = desk.plan()
    found = effect(plan, "two")
    assert (found.waiting, found.had, found.lost) == (2, 8, 2)
    assert outcome(found, plan) == (
        "2 do not get it any more, 8 had it; 2 are waiting for it and go on"
    )
    assert plan.risks == []
    desk.apply()
    desk.until(datetime(2026, 11, 28, 15, tzinfo=UTC))
    assert desk.got("p9@example.org") == ["one", "three"]


def test_a_lesson_moved_behind_people_is_a_risk(desk: Desk) -> None:
    desk.remove("four")
    desk.lesson("00", "four")  # now the second: `00-four` comes before `00-one`
    plan = desk.plan()
    assert [(risk.lesson, risk.past) for risk in plan.risks] == [("four", False)]
    lost = effect(plan, "four").lost
    assert lost == plan.risks[0].people > 0


def test_a_season_that_takes_a_lesson_away_is_a_risk_until_it_is_spoken_of(desk: Desk) -> None:
    desk.remove("four")
    desk.lesson("03", "four", "season: 03-01 to 03-31\n")
    plan = desk.plan()
    assert [risk.lesson for risk in plan.risks] == ["four"]
    desk.lesson("03", "four", "season: 03-01 to 03-31\nif_past: skip\n")
    assert desk.plan().risks == []


def test_a_season_with_a_stand_in_takes_nothing_away(desk: Desk) -> None:
    desk.remove("four")
    desk.lesson("03", "four", "season: 03-01 to 03-31\n")
    desk.lesson("03", "instead", "instead_of: four\n")
    plan = desk.plan()
    assert plan.risks == []
    assert effect(plan, "instead").gets == 6


def test_a_lesson_that_is_touched_by_another_s_change_is_told(desk: Desk) -> None:
    desk.remove("four")
    desk.lesson("03", "four", "expires: 2026-12-10\n")
    desk.apply()
    desk.remove("three")
    desk.lesson("02", "three", delay="30 days")
    plan = desk.plan()
    touched = effect(plan, "four")
    assert not touched.changes
    assert touched.lost > 0
    assert "four" in {risk.lesson for risk in plan.risks}


def test_finishers_are_brought_back_only_by_a_policy(desk: Desk) -> None:
    desk.lesson("09", "last")
    assert effect(desk.plan(), "last").finished == 4
    desk.lesson("09", "last", "if_past: at_end\n")
    back = effect(desk.plan(), "last")
    assert (back.finished, back.brought_back) == (0, 4)
    desk.apply()
    desk.until(datetime(2026, 12, 20, tzinfo=UTC))
    assert desk.got("p0@example.org") == ["one", "two", "three", "four", "last"]


def test_who_is_suppressed_is_no_part_of_a_plan(desk: Desk) -> None:
    address = desk.context.address_hash("p9@example.org")
    with desk.context.store.write() as connection:
        suppressions.add(connection, address, reason="manual", now=desk.clock.now())
    desk.lesson("01", "extra")
    assert "p9@example.org" not in {one.email for one in desk.plan().people}


def test_what_is_due_by_the_old_rules_is_owed_first(desk: Desk) -> None:
    desk.clock.advance_to(datetime(2026, 11, 28, 8, tzinfo=UTC))  # nine in Berlin, no pass yet
    desk.lesson("01", "extra", "if_past: next\n")
    plan = desk.plan()
    berlin = next(one for one in plan.people if one.email == "p8@example.org")
    assert berlin.before is not None
    assert (berlin.before.step.lesson, berlin.before.at) == ("two", desk.clock.now())
    assert berlin.after == berlin.before
    assert not berlin.moved


def test_an_edit_of_the_clock_is_told_in_people(desk: Desk) -> None:
    text = (desk.folder / "course.toml").read_text()
    (desk.folder / "course.toml").write_text(text + 'hour = "07:00"\n')
    plan = desk.plan()
    (found,) = plan.effects
    assert found.changes[0].detail == "hour: 09:00 -> 07:00"
    assert outcome(found, plan) == "6 of 10 people get their next lesson at another time"


@pytest.mark.sqlite
def test_planning_writes_nothing(desk: Desk) -> None:
    desk.lesson("01", "extra")

    def everything() -> list[str]:
        connection = sqlite3.connect(desk.context.store.path)
        found = list(connection.iterdump())
        connection.close()
        return found

    before = everything()
    desk.plan()
    assert everything() == before


def test_planning_ten_thousand_people_takes_few_decisions(desk: Desk) -> None:
    desk.lesson("01", "extra")
    found = planned(desk.context)
    before, wish = found.before["letters"], found.plans[0].wish
    now = desk.clock.now()
    started = datetime.now(UTC)
    plan = make_plan(desk.context, before, wish, assumed(10_000, before, now))
    assert len(plan.people) == 10_000
    assert datetime.now(UTC) - started < timedelta(seconds=20)
