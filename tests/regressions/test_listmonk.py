"""Bugs of listmonk, the nearest peer, each by its number: github.com/knadh/listmonk/issues/...

All of them come from a cursor over the audience where this product keeps a row per recipient.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bypost.delivery import owe, owe_issues
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.model.message import Key
from bypost.people import leave
from bypost.store import enrollments, suppressions
from bypost.store.counts import Counts
from bypost.testing import ending
from bypost.testing.ending import Ending, Request
from bypost.testing.simulated import SimulatedProvider
from scheduler.clock import SimulatedClock
from tests.conftest import write_people
from tests.delivery.stage import A_WHILE, Stage, Theatre, crash_at

PEOPLE = 10
SIZE = 2
REQUESTS = PEOPLE // SIZE
DAY = Key(lifetime=timedelta(hours=24))
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    """One lesson, so that whoever has had it has finished."""
    return Theatre(tmp_path_factory.mktemp("theatre"), people=PEOPLE, delays=("at once",))


@pytest.fixture
def stage(theatre: Theatre) -> Iterator[Stage]:
    with theatre.stage(DAY, batch_size=SIZE) as opened:
        yield opened


def everybody_once(stage: Stage, accepted: Counter[str] | None = None) -> None:
    """Check the truth at the provider, and that the ledger says the same."""
    assert sorted((accepted or stage.provider.accepted).values()) == [1] * PEOPLE
    numbers = stage.numbers()
    assert numbers.accepted == numbers.owed == PEOPLE


def finished(stage: Stage) -> int:
    """Return how many have come to the end of the course, as the database says after a while."""
    with stage.context.store.read() as connection:
        runs = enrollments.of_subscribers(connection, range(1, PEOPLE + 1))
    return sum(run["status"] == "finished" for run in runs)


@pytest.mark.parametrize("times", range(1, REQUESTS + 1))
@pytest.mark.parametrize("label", ["leased", "built", "intended", "answered"])
def test_3022_and_3222_resuming_after_a_kill_skips_nobody_who_was_fetched(
    stage: Stage, label: str, times: int
) -> None:
    """The checkpoint moved when people were fetched; whoever was not sent yet was skipped."""
    with crash_at(label, times):
        assert stage.survive() is None
    assert stage.numbers().pending == PEOPLE - SIZE * (times - 1)
    assert finished(stage) <= stage.numbers().accepted
    stage.clock.advance(A_WHILE)
    assert stage.run().exit_code == 0
    everybody_once(stage)
    stage.clock.advance(A_WHILE)
    assert stage.run().this_pass == Counts()
    assert finished(stage) == PEOPLE


@pytest.mark.parametrize("every", range(1, REQUESTS + 1))
def test_2070_and_2313_pausing_and_resuming_repeats_nobody(stage: Stage, every: int) -> None:
    """After a pause the campaign began anew: some had five copies, a third had none."""

    def refuse(request: Request) -> Ending | None:
        return ending.refused(401) if request.number % (every + 1) == every else None

    stage.provider.script.rule = refuse
    for _ in range(REQUESTS + 1):
        report = stage.run()
        assert bool(report.blocked) == bool(report.total.pending)
        stage.resume()
    everybody_once(stage)


@pytest.mark.parametrize("times", range(1, REQUESTS + 1))
@pytest.mark.parametrize("change", ["smaller requests", "larger requests", "another provider"])
def test_2278_restarting_with_other_settings_finishes_nothing_early(
    stage: Stage, times: int, change: str
) -> None:
    """Saving the settings restarted the program, and the campaign was marked as finished."""
    with crash_at("recorded", times):
        stage.survive()
    stage.clock.advance(A_WHILE)
    first = stage.provider
    if change == "another provider":

        class Other(SimulatedProvider):
            name = "other"

        stage.provider = Other(clock=stage.clock, send_class=DAY, batch_size=3)
        stage.context = replace(stage.context, providers={"other": stage.provider})
    else:
        first.batch_size = 1 if change == "smaller requests" else 50
    stage.run()
    others = Counter() if stage.provider is first else stage.provider.accepted
    everybody_once(stage, first.accepted + others)


def test_1931_pages_of_people_who_get_nothing_do_not_end_the_send(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that held only blocked and unconfirmed people was taken for the last one."""
    monkeypatch.setattr(owe, "CHUNK", 2)
    context = stage.context
    with context.store.write() as connection:
        for number in (0, 1, 2, 3, 5, 6, 7, 8):
            address = context.address_hash(f"p{number}@example.org")
            suppressions.add(connection, address, reason="bounced", now=stage.clock.now())
    report = stage.run()
    assert {taken.to for taken in stage.provider.log} == {"p4@example.org", "p9@example.org"}
    assert report.total.owed == report.total.accepted == 2


def test_1931_requests_whose_people_all_left_meanwhile_do_not_end_the_send(stage: Stage) -> None:
    stage.provider.script.add(ending.refused(401))
    stage.run()  # everybody is owed; nothing leaves
    with stage.context.store.write() as connection:
        for run in enrollments.of_subscribers(connection, range(1, 7)):
            member = leave.find(connection, run["link_id"])
            assert member is not None
            leave.leave(connection, member, by="page", now=stage.clock.now())
    stage.resume()
    stage.clock.advance(A_WHILE)
    report = stage.run()
    assert (report.total.accepted, report.total.cancelled) == (PEOPLE - 6, 6)
    assert sorted(stage.provider.accepted.values()) == [1] * (PEOPLE - 6)


ISSUE = """\
---
id: first
subject: The first issue of all
preheader: A preheader that is long enough to be taken for one by the checks
status: ready
date: 2026-11-23T09:00:00+00:00
---
# The first issue
"""


def test_1931_so_it_is_with_the_audience_of_an_issue(
    empty_project: Path,
    open_context: Callable[..., Context],
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owe_issues, "CHUNK", 2)
    folder = empty_project / "newsletters" / "news"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text('title = "News"\nsummary = "News for tests."\n')
    (folder / "2026-11-23-first.md").write_text(ISSUE)
    clock.step_back(HOUR)  # they join before its instant
    write_people(
        empty_project,
        *(f"p{i}@example.org,{'unconfirmed' if i in range(4, 8) else ''},news" for i in range(9)),
        header="email,status,newsletters",
    )
    opened = open_context(empty_project)
    provider = SimulatedProvider(clock=clock, batch_size=2)
    context = replace(opened, providers={provider.name: provider}, rates={})
    Pass(context).run()
    with context.store.write() as connection:
        for number in range(4):
            address = context.address_hash(f"p{number}@example.org")
            suppressions.add(connection, address, reason="complained", now=clock.now())
    clock.advance(HOUR)
    report = Pass(context).run()
    assert [taken.to for taken in provider.log] == ["p8@example.org"]
    assert report.total.pending == 0


@pytest.mark.parametrize("wait", [None, timedelta(seconds=7), timedelta(hours=2)], ids=str)
def test_1802_throttling_is_not_done(stage: Stage, wait: timedelta | None) -> None:
    """A mail server's "454 Throttling failure" was counted as sent."""
    stage.provider.script.rule = lambda _: ending.throttled(wait)
    for _ in range(4):
        numbers = stage.run().total
        assert (numbers.pending, numbers.owed) == (PEOPLE, PEOPLE)
        assert finished(stage) == 0
        stage.clock.advance(3 * HOUR)
    stage.provider.script.clear()
    stage.run()
    everybody_once(stage)


@pytest.mark.parametrize(
    "trouble", [ending.not_sent(), ending.lost(accepted=False)], ids=["not sent", "no answer"]
)
def test_1762_errors_are_not_skipped(stage: Stage, trouble: Ending) -> None:
    """People whose mail met an error were passed over and never tried again."""
    stage.provider.script.rule = lambda _: trouble
    for _ in range(12):
        report = stage.run()
        assert report.exit_code == 1
        assert report.total.pending == PEOPLE
        stage.clock.advance(HOUR)
    stage.provider.script.clear()
    stage.run()
    everybody_once(stage)


def test_1762_an_error_that_never_ends_is_shown_and_nobody_is_counted_as_sent(
    stage: Stage,
) -> None:
    stage.provider.script.rule = lambda _: ending.lost(accepted=False)
    for _ in range(72):
        stage.run()
        stage.clock.advance(HOUR)
    report = stage.run()
    assert report.exit_code == 1
    assert (report.total.unknown, report.total.accepted) == (PEOPLE, 0)
    assert {one["email"] for one in report.unknown} == {f"p{i}@example.org" for i in range(PEOPLE)}
