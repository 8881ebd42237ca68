"""Alarms come, get worse and go; an operator hears of each, and never too often."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from bypost.delivery.alarm_watch import Change, Spell, said, turn
from bypost.delivery.alarms import ADVICE, Alarm, Level
from bypost.settings.alarms import Alarms
from tests.conftest import MONDAY

SETTINGS = Alarms()
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WARN, ALARM = Level.WARN, Level.ALARM


def alarm(level: Level = WARN, name: str = "bounces") -> Alarm:
    return Alarm(name=name, subject="resend", level=level, words="too many")


class Days:
    """Simulated looks, one after another."""

    def __init__(self) -> None:
        self.now = MONDAY
        self.known: dict[tuple[str, str], Spell] = {}
        self.told: list[tuple[datetime, str, str]] = []

    def look(self, *found: Alarm, after: timedelta = MINUTE) -> list[str]:
        self.now += after
        spells, changes = turn(self.known, found, self.now, SETTINGS)
        self.known |= {spell.alarm.key: spell for spell in spells}
        self.told += [(self.now, one.what, one.spell.alarm.name) for one in changes]
        return [one.what for one in changes]

    def stay(
        self, found: Sequence[Alarm], lasts: timedelta, every: timedelta = MINUTE
    ) -> list[str]:
        end, told = self.now + lasts, list[str]()
        while self.now < end:
            told += self.look(*found, after=every)
        return told


def test_an_alarm_is_told_when_it_begins_and_when_it_is_over() -> None:
    days = Days()
    assert days.stay([alarm()], 5 * HOUR) == ["began"]
    assert days.stay([], 5 * HOUR) == ["over"]


def test_an_alarm_is_told_once_more_when_it_gets_worse() -> None:
    days = Days()
    assert days.look(alarm()) == ["began"]
    assert days.stay([alarm(ALARM)], HOUR) == ["worse"]
    assert days.stay([alarm(WARN)], HOUR) == []
    assert days.stay([alarm(ALARM)], HOUR) == []  # it was as bad before
    assert days.stay([], 2 * HOUR) == ["over"]


def test_an_alarm_is_over_only_when_it_stays_away() -> None:
    days = Days()
    assert days.look(alarm()) == ["began"]
    assert days.stay([], 59 * MINUTE) == []
    assert days.look(alarm()) == []
    assert days.stay([], 59 * MINUTE) == []
    assert days.look() == ["over"]


def test_what_comes_back_soon_is_not_told_again_unless_it_is_worse() -> None:
    days = Days()
    days.look(alarm())
    assert days.stay([], 2 * HOUR) == ["over"]
    assert days.look(alarm()) == []
    assert days.stay([], 2 * HOUR) == []  # nobody heard that it was back
    assert days.look(alarm(ALARM)) == ["began"]


def test_what_came_back_and_stays_is_told_in_the_end() -> None:
    days = Days()
    days.look(alarm())
    days.stay([], 2 * HOUR)
    assert days.stay([alarm()], 9 * HOUR) == []
    assert days.stay([alarm()], 3 * HOUR) == ["began"]


def test_what_comes_back_another_day_is_told_again() -> None:
    days = Days()
    days.look(alarm())
    days.stay([], 20 * HOUR)
    assert days.look(alarm()) == ["began"]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_figures_do_for_a_week_an_operator_is_not_flooded(seed: int) -> None:
    chance = random.Random(seed)
    days = Days()
    while days.now < MONDAY + timedelta(days=7):
        found = [
            alarm(chance.choice([WARN, ALARM]), name)
            for name in ("bounces", "complaints")
            if chance.random() < chance.choice([0.01, 0.5, 0.99])
        ]
        days.look(*found, after=chance.choice([MINUTE, HOUR, 3 * HOUR]))
    for name in ("bounces", "complaints"):
        told = [(at, what) for at, what, of in days.told if of == name]
        # Twice a day at most it begins; each time it may get worse and come to its end.
        halves = Counter((at - MONDAY) // timedelta(hours=12) for at, _ in told)
        assert max(halves.values(), default=0) <= 6
        assert len(told) <= 3 * 15
        words = [what for _, what in told]
        assert all(a != "over" or b == "began" for a, b in pairwise(words))
        assert words.count("over") <= words.count("began")


def test_who_knows_of_an_alarm_hears_of_its_end() -> None:
    days = Days()
    days.stay([alarm(), alarm(name="disk")], HOUR)
    days.stay([alarm(name="disk")], 3 * HOUR)
    assert [(what, name) for _, what, name in days.told] == [
        ("began", "bounces"),
        ("began", "disk"),
        ("over", "bounces"),
    ]


def test_a_message_says_its_title_once_and_the_other_changes_below() -> None:
    spell = Spell(alarm=alarm(), since=MONDAY, last_seen=MONDAY, ended_at=MONDAY)
    other = replace(spell, alarm=alarm(name="disk"))
    message = said([Change("began", spell), Change("worse", other), Change("over", other)])
    assert message["title"] == "Too many (and 2 more)"
    first, second, third = message["text"].split("\n\n")
    assert first == ADVICE["bounces"]
    assert second == f"Too many. It got worse. {ADVICE['disk']}"
    assert third == f"Over: too many. It was over at {MONDAY:%H:%M} UTC."


def test_a_title_that_is_too_long_is_said_in_full_below() -> None:
    words = "of many words " * 15
    spell = Spell(alarm=replace(alarm(), words=words), since=MONDAY, last_seen=MONDAY)
    message = said([Change("began", spell)])
    assert len(message["title"]) == 140
    assert message["text"].startswith(f"Of{words[2:]}. ")
