"""Bugs that come back in mailing programs, each by its number in the list of the research report.

Those that have a test of their own elsewhere are not repeated here:

* 3 (a job that was only in memory): test_every_statement.py
* 4 (hangs with a bad key or host): tests/delivery/test_run.py, tests/contracts/http_provider.py
* 5 (two schedulers): tests/acceptance/test_two_schedulers.py
* 6 (accepted, then timed out): tests/acceptance/test_network.py
* 8 (daylight saving): tests/acceptance/test_clock.py, tests/scheduler/
* 13, 18 (rejoining, reviving imports): tests/people/test_never_revives.py
* 16, 17 (links that act on GET, or do not work): test_links_in_mails.py
* 19, 20 (dirty files, round trips): tests/people/test_csv_rows.py, tests/people/test_export.py
* 21 (kinds of bounces): tests/delivery/test_events.py
* 23, 24 (paging, cost that grows with everybody): tests/contracts/store.py
* 25, 26 (values that leak or inject, lost MJML): tests/render/
* 29 (a redirect that counts as success): tests/contracts/http_provider.py
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.model.message import Key
from bypost.people import pace
from bypost.store import counts, enrollments, subscribers
from bypost.testing import ending
from scheduler.clock import SimulatedClock
from tests.conftest import MONDAY, write_course, write_people
from tests.delivery.stage import A_WHILE, Crash, Stage, Theatre
from tests.regressions.meanwhile import once_at

PEOPLE = 6
BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
KEY = Key(lifetime=DAY)


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    """Four lessons, a day apart at nine; everybody in Berlin."""
    delays = ("at once", "1 day", "1 day", "1 day")
    return Theatre(tmp_path_factory.mktemp("theatre"), people=PEOPLE, delays=delays)


@pytest.fixture
def stage(theatre: Theatre) -> Iterator[Stage]:
    with theatre.stage(KEY, batch_size=2) as opened:
        yield opened


def had(stage: Stage) -> dict[str, list[datetime]]:
    """Return when each address was accepted for, by the provider's own log."""
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for taken in stage.provider.log:
        found[taken.to].append(taken.at)
    return dict(found)


def once_each(stage: Stage, count: int) -> None:
    assert sorted(stage.provider.accepted.values()) == [1] * count


def test_2_killed_while_it_waits_for_the_pace_it_is_not_finished_and_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The send was marked as finished with people unsent."""

    def die(_seconds: float) -> None:
        raise Crash

    stage.provider.script.add(None, ending.throttled(timedelta(seconds=7)))
    with monkeypatch.context() as patch:
        patch.setattr(stage.clock, "sleep", die)
        assert stage.survive() is None
    assert stage.numbers() == counts.Counts(owed=PEOPLE, accepted=2, pending=PEOPLE - 2)
    stage.clock.advance(timedelta(seconds=7))
    assert stage.run().total.accepted == PEOPLE
    once_each(stage, PEOPLE)


def test_7_one_bad_recipient_fails_alone_and_20_further_passes_send_nothing(stage: Stage) -> None:
    """One bad recipient poisoned the batch, and the rest was sent again on every tick."""
    stage.provider.script.add(ending.some_refused(1))
    first = stage.run().total
    assert (first.accepted, first.failed, first.pending) == (PEOPLE - 1, 1, 0)
    requests = len(stage.provider.requests)
    for _ in range(20):
        stage.clock.advance(timedelta(minutes=1))
        stage.run()
    assert len(stage.provider.requests) == requests
    once_each(stage, PEOPLE - 1)


@pytest.mark.parametrize("name", ["Europe/Kiev", "Europe/Kyiv", "Asia/Calcutta", "US/Pacific"])
def test_9_a_renamed_zone_is_still_a_zone(
    empty_project: Path, open_context: Callable[..., Context], name: str
) -> None:
    """Renamed zones lost people their setting."""
    write_course(empty_project)
    write_people(empty_project, f"ana@example.org,Ana,{name}")
    report = Pass(open_context(empty_project)).run()
    assert report.total.accepted == 1
    assert report.imported is not None
    assert not report.imported.bad


def test_9_a_zone_that_is_gone_stops_nobody_and_its_people_keep_the_courses_own(
    stage: Stage,
) -> None:
    stage.run()
    with stage.context.store.write() as connection:
        subscribers.change(connection, 1, {"time_zone": "Europe/Nowhere"})
    stage.clock.advance(DAY)
    assert stage.run().total.accepted == 2 * PEOPLE


@pytest.fixture(params=["Asia/Tokyo", "America/New_York", "Australia/Lord_Howe"])
def host_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let this machine stand somewhere else."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    assert time.tzname != ("UTC", "UTC")
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_10_where_the_machine_stands_changes_no_instant(stage: Stage, host_zone: str) -> None:
    """Local time was taken for UTC; right only on machines that stand in UTC."""
    for _ in range(4 * 24):
        stage.run()
        stage.clock.advance(HOUR)
    nine = [
        datetime(2026, 11, 24 + day, 9, 30, tzinfo=BERLIN).astimezone(MONDAY.tzinfo)
        for day in range(3)
    ]
    assert all(instants == [MONDAY, *nine] for instants in had(stage).values())
    assert len(had(stage)) == PEOPLE


@pytest.mark.parametrize(
    ("late", "opening"),
    [
        (4 * HOUR, datetime(2026, 11, 24, 13, tzinfo=BERLIN)),  # within the limit: at once
        (4 * DAY + 4 * HOUR, datetime(2026, 11, 29, 9, tzinfo=BERLIN)),
    ],
    ids=["four hours", "four days"],
)
def test_11_what_is_overdue_follows_the_lateness_rule_and_is_never_a_pile(
    stage: Stage, late: timedelta, opening: datetime
) -> None:
    """Overdue sends fired hours or days late, all together."""
    stage.run()
    stage.clock.advance_to(datetime(2026, 11, 24, 9, tzinfo=BERLIN) + late)
    while stage.clock.now() < opening + 3 * HOUR:
        stage.run()
        stage.clock.advance(HOUR)
    assert len(had(stage)) == PEOPLE
    for instants in had(stage).values():
        (second,) = instants[1:]
        assert opening <= second < opening + HOUR


def test_14_after_a_pause_the_course_goes_on_where_it_was_one_lesson_at_a_time(
    stage: Stage,
) -> None:
    """A pause worked as leaving, or going on flooded people."""
    stage.run()
    stage.clock.advance(2 * HOUR)
    with stage.context.store.write() as connection:
        for run in enrollments.of_subscribers(connection, range(1, PEOPLE + 1)):
            pace.pause(connection, run, weeks=1, now=stage.clock.now())
    for _ in range(12 * 8):
        stage.run()
        stage.clock.advance(3 * HOUR)
    for instants in had(stage).values():
        days = [at.astimezone(BERLIN).date() for at in instants]
        assert [(day - days[0]).days for day in days] == [0, 8, 9, 10]
    once_each(stage, PEOPLE * 4)


def test_15_whoever_confirms_three_days_late_begins_with_one_lesson(
    empty_project: Path, open_context: Callable[..., Context], clock: SimulatedClock
) -> None:
    """The clock started at sign-up: three lessons arrived together at confirmation."""
    write_course(empty_project)
    header = "email,status"
    write_people(empty_project, "ana@example.org,unconfirmed", header=header)
    context = open_context(empty_project)
    Pass(context).run()
    clock.advance(3 * DAY)
    write_people(empty_project, "ana@example.org,confirmed", header=header)
    assert [Pass(context).run().this_pass.accepted for _ in range(3)] == [1, 0, 0]
    clock.advance(DAY)
    assert [Pass(context).run().this_pass.accepted for _ in range(3)] == [1, 0, 0]


@pytest.mark.parametrize("label", ["imported", "owed", "leased", "built", "intended", "answered"])
def test_30_somebody_erased_in_the_middle_is_left_out_and_harms_nobody(
    stage: Stage, label: str
) -> None:
    """The worker crashed on a person who was deleted after planning."""

    def erase() -> None:
        with stage.context.store.write() as connection:
            gone = {"email": None, "email_key": None, "name": "", "status": "erased"}
            subscribers.change(connection, 1, gone | {"attributes": {}})

    with once_at(label, erase):
        report = stage.run()
    stage.clock.advance(A_WHILE)
    report = stage.run()
    sent = label in {"intended", "answered"}  # the request was on its way
    assert report.total.pending == report.total.failed == report.total.unknown == 0
    assert report.total.accepted == (PEOPLE if sent else PEOPLE - 1)
    assert ("p0@example.org" in had(stage)) == sent
    once_each(stage, report.total.accepted)
