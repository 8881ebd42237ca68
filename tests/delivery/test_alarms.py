"""When an operator has to look: the rules, one by one, at and around their thresholds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bypost.delivery.alarms import ADVICE, Alarm, Figures, Level, Requests, Traffic, judge
from bypost.settings.alarms import Alarms
from tests.conftest import MONDAY

QUIET = Figures(now=MONDAY)


def found(figures: Figures, **settings: Any) -> list[tuple[str, str, str]]:
    return [(one.name, one.subject, one.level.value) for one in judged(figures, **settings)]


def judged(figures: Figures, **settings: Any) -> list[Alarm]:
    alarms = judge(figures, Alarms(**settings))
    assert all(one.todo and one.words for one in alarms)
    return alarms


def test_nothing_is_found_where_nothing_happens() -> None:
    assert found(QUIET) == []
    assert found(replace(QUIET, traffic={"resend": Traffic(accepted=10_000)})) == []


@pytest.mark.parametrize(
    ("accepted", "bounced", "complained", "expected"),
    [
        (1000, 21, 0, [("bounces", "resend", "warn")]),
        (1000, 20, 0, []),  # "more than 2 %"
        (100, 4, 0, []),  # too few events to say anything
        (99, 50, 50, []),  # too few mails
        (5000, 0, 6, [("complaints", "resend", "warn")]),
        (5000, 0, 5, []),
        (2000, 0, 6, [("complaints", "resend", "alarm")]),
        (1000, 30, 3, [("bounces", "resend", "warn")]),
    ],
)
def test_shares_are_of_what_was_accepted_and_need_a_few_events(
    accepted: int, bounced: int, complained: int, expected: list[Any]
) -> None:
    traffic = Traffic(accepted=accepted, bounced=bounced, complained=complained)
    assert found(replace(QUIET, traffic={"resend": traffic})) == expected


def test_one_provider_s_bounces_are_not_another_s() -> None:
    figures = replace(
        QUIET,
        traffic={"resend": Traffic(accepted=100, bounced=9), "postmark": Traffic(accepted=10_000)},
    )
    assert found(figures) == [("bounces", "resend", "warn")]


@pytest.mark.parametrize(
    ("now", "confirmed", "before", "confirmed_before", "alarm"),
    [
        (40, 11, 200, 120, True),  # 28 % against 60 %
        (40, 12, 200, 120, False),  # half of it is not less than half
        (19, 0, 200, 120, False),
        (40, 0, 19, 19, False),
        (40, 0, 200, 0, False),  # nobody ever confirmed: nothing fell
    ],
)
def test_confirmations_are_compared_with_the_week_before(
    now: int, confirmed: int, before: int, confirmed_before: int, alarm: bool
) -> None:
    requests = Requests(
        now=now, confirmed=confirmed, before=before, confirmed_before=confirmed_before
    )
    expected = [("confirmations", "", "warn")] if alarm else []
    assert found(replace(QUIET, requests=requests)) == expected


@pytest.mark.parametrize(
    ("hour", "usual", "alarm"),
    [(50, 0.0, True), (49, 0.0, False), (90, 9.0, True), (89, 9.0, False)],
)
def test_an_hour_of_many_sign_ups_is_told_against_a_usual_one(
    hour: int, usual: float, alarm: bool
) -> None:
    requests = Requests(last_hour=hour, usual_hour=usual)
    expected = [("signups", "", "warn")] if alarm else []
    assert found(replace(QUIET, requests=requests)) == expected


def test_what_keeps_mails_from_going_out_is_told() -> None:
    figures = replace(
        QUIET,
        breakers={"resend": "9 hard bounces"},
        paused={"postmark": MONDAY + timedelta(minutes=16), "ses": MONDAY + timedelta(minutes=15)},
        held={"lessons/a": "lessons/a/01.md:3: broken"},
        silence=timedelta(minutes=16),
        closed={"letters": "sign-ups are turned away"},
    )
    assert found(figures) == [
        ("breaker", "resend", "alarm"),
        ("silent", "", "alarm"),
        ("held", "lessons/a", "alarm"),
        ("signup_limit", "letters", "warn"),
        ("pause", "postmark", "warn"),
    ]


def test_an_unknown_delivery_may_settle_itself_first() -> None:
    figures = replace(QUIET, unknown=3, unknown_since=MONDAY - timedelta(minutes=60))
    assert found(figures) == []
    later = replace(figures, now=MONDAY + timedelta(minutes=1))
    assert found(later) == [("unknown", "", "warn")]
    assert judged(later)[0].words == "3 mails may have been sent or not: nobody knows"


@pytest.mark.parametrize(
    ("room", "expected"),
    [(None, []), (500_000_000, []), (499_999_999, ["warn"]), (99_000_000, ["alarm"])],
)
def test_a_disk_that_fills_up_is_told_before_sending_stops(
    room: int | None, expected: list[str]
) -> None:
    assert [level for _, _, level in found(replace(QUIET, room=room))] == expected


def test_thresholds_are_settings() -> None:
    figures = replace(QUIET, traffic={"resend": Traffic(accepted=10, bounced=1)})
    assert found(figures, accepted=10, events=1, bounce_share=0.05) == [
        ("bounces", "resend", "warn")
    ]


def test_an_alarm_is_worse_than_a_warning() -> None:
    assert Level.ALARM.rank > Level.WARN.rank


def test_every_rule_says_what_to_do() -> None:
    assert all(words.endswith(".") and len(words) > 40 for words in ADVICE.values())
