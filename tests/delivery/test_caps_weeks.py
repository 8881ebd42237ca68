"""Weeks of courses and newsletters within random caps, in zones that change their clocks.

What must hold is worked out anew from the mails that were taken over, without the code under test.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypost.people import pace
from bypost.settings.model import Caps
from bypost.testing import ending
from tests.delivery.household import COURSES, NEWSLETTERS, Household, Mail, Person, Plan, Village

ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe", "")
#: Days before clocks change in some of them, and an ordinary one.
STARTS = (
    datetime(2026, 10, 20, 6, tzinfo=UTC),
    datetime(2026, 3, 5, 14, tzinfo=UTC),
    datetime(2026, 11, 23, 9, tzinfo=UTC),
)
DELAYS = ("at once", "1 day", "1 day", "2 days", "1 weekday", "weekly on tuesday")
HOURS = ("", "06:00", "08:00", "22:00", "02:30")
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Village:
    return Village(tmp_path_factory.mktemp("village"))


@st.composite
def some_caps(draw: st.DrawFn) -> Caps:
    return Caps(
        per_day=draw(st.sampled_from((None, 1, 1, 2))),
        per_week=draw(st.sampled_from((None, 2, 3, 5))),
        first=draw(st.sampled_from(("course", "newsletter"))),
        newsletters_wait_days=draw(st.sampled_from((0, 0, 2))),
        time_zone=draw(st.sampled_from(("UTC", "Asia/Tokyo"))),
    )


@st.composite
def somebody(draw: st.DrawFn) -> Person:
    return Person(
        zone=draw(st.sampled_from(ZONES)),
        hour=draw(st.sampled_from(HOURS)),
        courses={
            course: draw(st.integers(0, 100)) for course in COURSES if draw(st.integers(0, 3))
        },
        newsletters=[name for name in NEWSLETTERS if draw(st.integers(0, 3))],
    )


@st.composite
def an_issue(draw: st.DrawFn, number: int, start: datetime) -> Plan:
    after = draw(st.integers(1, 12))
    name, newsletter = f"i{number}", draw(st.sampled_from(NEWSLETTERS))
    if not draw(st.integers(0, 3)):
        return Plan(newsletter=newsletter, name=name, at=start + timedelta(days=after, hours=3))
    hour = time.fromisoformat(draw(st.sampled_from(("00:00", "09:00", "02:30", "23:30"))))
    # In the east the next day has begun already: its midnight was before people came.
    day = start.date() + timedelta(days=after + 1)
    return Plan(newsletter=newsletter, name=name, day=day, hour=hour)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_nobody_gets_more_than_the_caps_allow_and_nothing_is_lost(
    village: Village, data: st.DataObject
) -> None:
    start = data.draw(st.sampled_from(STARTS))
    caps = data.draw(some_caps())
    people = data.draw(st.lists(somebody(), min_size=1, max_size=3))
    plans = [data.draw(an_issue(n, start)) for n in range(data.draw(st.integers(1, 5)))]
    delays = {
        course: data.draw(st.lists(st.sampled_from(DELAYS), min_size=1, max_size=4))
        for course in COURSES
    }
    down = start + timedelta(hours=data.draw(st.integers(20, 200)))
    with village.household(caps, people, plans, delays, start) as house:
        house.provider.script = ending.Endings(
            lambda _: ending.not_sent() if _is_within(house, down) else None
        )
        asked: Counter[int] = Counter()
        for _ in range(6):
            house.days(data.draw(st.sampled_from((1.5, 2.0, 5.0))))
            who = data.draw(st.integers(1, len(people)))
            asked[who] += _asks(house, who)
        house.days(60)
        for number in range(1, len(people) + 1):
            mails = house.mails(number)
            _within(caps, mails, asked[number])
            _in_order(house, number, mails)
        _all_went_or_say_why(house, plans)


def _is_within(house: Household, down: datetime) -> bool:
    return down <= house.clock.now() < down + timedelta(hours=20)


def _asks(house: Household, who: int) -> int:
    """Let somebody ask for the next lesson of their first course; return how often they did."""
    for course in house.people[who - 1].courses:
        run = house.run_of(who, course)
        had = [mail.item for mail in house.mails(who) if mail.collection == course]
        with house.context.store.write() as connection:
            answer = pace.ask_next(
                connection, run, after=had[-1] if had else None, most=2, now=house.clock.now()
            )
        return int(answer is pace.Answer.ASKED)
    return 0


def _within(caps: Caps, mails: list[Mail], asked: int) -> None:
    """Check each day and each seven days; what was asked for may come on top."""
    count = Counter(mail.day for mail in mails)
    if caps.per_day is not None:
        above = sum(max(0, number - caps.per_day) for number in count.values())
        assert above <= asked
    if caps.per_week is not None:
        worst = max((_week(count, day) for day in count), default=0)
        assert worst <= caps.per_week + asked


def _week(count: Counter[date], last: date) -> int:
    return sum(count[last - timedelta(days=back)] for back in range(7))


def _in_order(house: Household, who: int, mails: list[Mail]) -> None:
    """Check that each course came whole and in its order, and each newsletter by its dates."""
    for course in house.people[who - 1].courses:
        steps = [step.lesson for step in house.published.shapes[course].steps]
        assert [mail.item for mail in mails if mail.collection == course] == steps
    ordered = {one.issue.id: (one.issue.at, one.issue.day) for one in house.published.issues}
    for name in NEWSLETTERS:
        came = [mail.item for mail in mails if mail.collection == name]
        days = [day for at, day in (ordered[item] for item in came) if at is None and day]
        assert days == sorted(days)


def _all_went_or_say_why(house: Household, plans: list[Plan]) -> None:
    rows = house.deliveries()
    issues = [row for row in rows if row["kind"] == "issue"]
    owed = Counter((row["subscriber_id"], row["item"]) for row in issues)
    expected = [
        (number, f"{plan.newsletter}/{plan.name}")
        for number, person in enumerate(house.people, start=1)
        for plan in plans
        if plan.newsletter in person.newsletters
    ]
    assert owed == Counter(expected)
    for row in rows:
        state = row["state"] or row["batch_state"]
        assert state == "settled" or row["detail"] == "no room within a week"
    for row in issues:
        if row["accepted_at"]:
            due = next(p for p in plans if f"{p.newsletter}/{p.name}" == row["item"])
            day = due.day or due.at.date()  # type: ignore[union-attr]
            assert row["accepted_at"].date() - day <= WEEK + timedelta(days=4)
