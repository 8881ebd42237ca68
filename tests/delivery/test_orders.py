"""Orders about one issue: they override the file, and nobody gets it twice or is forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from bypost.delivery import issue_order, orders
from bypost.delivery.context import Context
from bypost.delivery.forecast import forecast
from bypost.delivery.issue_count import count
from bypost.delivery.issue_find import find
from bypost.delivery.run import Pass
from bypost.delivery.schedule import Schedule
from bypost.delivery.standing import look
from bypost.delivery.steps import LABELS
from bypost.delivery.why import explain
from bypost.errors import SettingsError
from bypost.store.schema import subscribers
from bypost.testing import ending
from scheduler.clock import SimulatedClock
from tests.delivery.letters import ALL, FIRST, ISSUE, ME, Post, open_post
from tests.delivery.stage import Crash, crash_at

Make = Callable[..., Post]

NINE = datetime(2026, 11, 25, 9, tzinfo=UTC)
TOKYO = {f"tokyo{i}@example.org" for i in range(3)}
BERLIN = {f"berlin{i}@example.org" for i in range(3)}


@pytest.fixture
def post(empty_project: Path, open_context: Callable[..., Context], clock: SimulatedClock) -> Make:
    def opening(**file: str) -> Post:
        return open_post(empty_project, open_context, clock, **file)

    return opening


def once(people: set[str]) -> dict[str, int]:
    return dict.fromkeys(people, 1)


# The schedule


def test_an_ordered_instant_overrides_the_file(post: Make) -> None:
    one = post()
    one.schedule(NINE + timedelta(days=2))
    one.until(NINE + timedelta(days=1))
    assert not one.had
    one.until(NINE + timedelta(days=3))
    assert one.had == once(ALL)
    assert set(one.when.values()) == {NINE + timedelta(days=2)}


def test_an_ordered_local_hour_comes_in_each_persons_own_zone(post: Make) -> None:
    one = post()
    one.schedule_local(datetime(2026, 11, 27, 18, tzinfo=UTC))
    one.until(NINE + timedelta(days=5))
    assert one.had == once(ALL)
    tokyo = datetime(2026, 11, 27, 18, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert {one.when[who] for who in TOKYO} == {tokyo.astimezone(UTC)}


def test_clearing_gives_the_file_its_word_back(post: Make) -> None:
    one = post()
    one.schedule(NINE + timedelta(days=20))
    assert orders.clear(one.context, FIRST, ME)
    assert not orders.clear(one.context, FIRST, ME)
    one.until(NINE + timedelta(days=2))
    assert one.had == once(ALL)


def test_a_draft_is_not_sent_by_scheduling_it(post: Make) -> None:
    one = post(status="draft")
    one.schedule(NINE)
    one.until(NINE + timedelta(hours=2))
    assert not one.had
    one.write(status="ready")
    one.until(NINE + timedelta(hours=3))
    assert one.had == once(ALL)


def test_what_was_filed_as_too_late_goes_out_when_it_is_scheduled(
    post: Make, clock: SimulatedClock
) -> None:
    one = post(date="date: 2026-11-02")
    assert not one.had
    one.schedule(NINE)
    one.until(NINE + timedelta(hours=1))
    assert one.had == once(ALL)


def test_what_has_gone_out_everywhere_is_not_scheduled_again(post: Make) -> None:
    one = post()
    one.until(NINE + timedelta(days=3))
    with pytest.raises(SettingsError, match="gone out everywhere"):
        one.schedule(NINE + timedelta(days=10))


def test_a_time_that_has_passed_is_refused(post: Make) -> None:
    one = post()
    with pytest.raises(SettingsError, match="has passed"):
        one.schedule(NINE - timedelta(days=9))


@pytest.mark.parametrize("to", ["instant", "local"])
def test_a_change_while_zones_have_gone_out_gives_nobody_a_second_one(
    post: Make, clock: SimulatedClock, to: str
) -> None:
    one = post()
    one.until(datetime(2026, 11, 25, 8, 30, tzinfo=UTC))  # Tokyo and Berlin have it
    assert one.had == once(TOKYO | BERLIN)
    later = NINE + timedelta(days=1)
    (one.schedule if to == "instant" else one.schedule_local)(later)
    with one.context.store.write() as connection:  # they move to where it is still to come
        moved = update(subscribers).where(subscribers.c.email == "tokyo0@example.org")
        connection.execute(moved.values(time_zone="America/New_York"))
    one.until(NINE + timedelta(days=4))
    assert one.had == once(ALL)
    assert min(one.when[who] for who in ALL - TOKYO - BERLIN) >= later


def test_people_without_a_zone_are_no_sign_that_everybody_had_it(post: Make) -> None:
    one = post()
    one.until(datetime(2026, 11, 25, 9, 30, tzinfo=UTC))  # whoever has no zone has it, as of UTC
    assert "nowhere0@example.org" in one.had
    one.schedule(NINE + timedelta(days=1))
    one.until(NINE + timedelta(days=2))
    assert one.had == once(ALL)
    assert one.when["york0@example.org"] == NINE + timedelta(days=1)


def test_a_change_between_looking_and_owing_is_noticed(
    post: Make, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = post()
    clock.advance_to(NINE + timedelta(hours=12))
    ordered = issue_order.ordered

    def change_meanwhile(*words: object) -> list[issue_order.ReadyIssue]:
        found = ordered(*words)  # type: ignore[arg-type]
        monkeypatch.setattr(issue_order, "ordered", ordered)
        one.schedule(NINE + timedelta(days=5))
        return found

    monkeypatch.setattr(issue_order, "ordered", change_meanwhile)
    one.run()
    assert not one.had
    one.until(NINE + timedelta(days=6))
    assert one.had == once(ALL)


# Pausing


def halfway(one: Post, clock: SimulatedClock, requests: int = 2) -> None:
    """Send so many requests of the issue, everywhere due, then die."""
    clock.advance_to(NINE + timedelta(hours=6))
    one.provider.script.add(*[None] * requests, ending.ok().and_then(_die))
    one.survive()
    one.provider.script.clear()


def _die() -> None:
    raise Crash("sending")


def test_a_pause_stops_first_attempts_at_once_and_resuming_goes_on(
    post: Make, clock: SimulatedClock
) -> None:
    one = post()
    halfway(one, clock)
    begun = sum(one.had.values())
    assert 0 < begun < len(ALL)
    orders.pause(one.context, FIRST, ME, reason="a wrong price")
    for _ in range(5):
        clock.advance(timedelta(minutes=30))
        one.run()
    assert sum(one.had.values()) == begun
    assert one.numbers.pending == 0
    assert orders.resume(one.context, FIRST, ME) is not None
    one.run()
    assert one.had == once(ALL)


def test_a_pause_in_the_middle_of_building_a_request_is_seen_before_it_leaves(
    post: Make, clock: SimulatedClock
) -> None:
    one = post()
    clock.advance_to(NINE + timedelta(hours=6))
    with crash_at("built"):
        one.survive()
    orders.pause(one.context, FIRST, ME)
    clock.advance(timedelta(minutes=20))
    one.run()
    assert not one.had
    orders.resume(one.context, FIRST, ME)
    one.run()
    assert one.had == once(ALL)


def test_a_pause_longer_than_the_limit_files_what_is_left_and_says_so(
    post: Make, clock: SimulatedClock
) -> None:
    one = post()
    halfway(one, clock)
    orders.pause(one.context, FIRST, ME)
    had = set(one.had)
    clock.advance(timedelta(hours=30))
    one.run()
    orders.resume(one.context, FIRST, ME)
    report = one.run()
    assert set(one.had) == had
    assert report.archived
    assert report.archived[0].startswith("news/first")
    assert one.numbers.pending == 0
    one.until(NINE + timedelta(days=6))
    assert set(one.had) == had


def test_a_short_pause_of_an_issue_that_takes_days_files_nobody(
    post: Make, clock: SimulatedClock
) -> None:
    one = post()
    halfway(one, clock)
    clock.advance(timedelta(hours=40))  # a small quota: most of it has waited for two days
    orders.pause(one.context, FIRST, ME)
    clock.advance(timedelta(minutes=5))
    one.run()
    orders.resume(one.context, FIRST, ME)
    one.run()
    assert one.had == once(ALL)


def test_pausing_before_its_time_and_resuming_after_it_sends_it_then(
    post: Make, clock: SimulatedClock
) -> None:
    one = post()
    orders.pause(one.context, FIRST, ME)
    one.until(NINE + timedelta(hours=6))
    assert not one.had
    orders.resume(one.context, FIRST, ME)
    one.run()
    assert one.had == once(ALL)


def test_a_new_time_for_what_is_paused_waits_until_it_is_resumed(
    post: Make, clock: SimulatedClock
) -> None:
    one = post()
    halfway(one, clock)
    begun = set(one.had)
    orders.pause(one.context, FIRST, ME)
    one.schedule(NINE + timedelta(days=3))
    one.until(NINE + timedelta(days=1))
    assert set(one.had) == begun
    orders.resume(one.context, FIRST, ME)
    one.until(NINE + timedelta(days=2))
    assert set(one.had) == begun
    one.until(NINE + timedelta(days=4))
    assert one.had == once(ALL)


def test_pausing_and_resuming_again_and_again_changes_nothing(post: Make) -> None:
    one = post()
    for _ in range(3):
        assert orders.pause(one.context, FIRST, ME)[1]
        assert not orders.pause(one.context, FIRST, ME)[1]
        assert orders.resume(one.context, FIRST, ME) is not None
        assert orders.resume(one.context, FIRST, ME) is None
    one.until(NINE + timedelta(days=1))
    assert one.had == once(ALL)


# Cancelling


def test_cancelling_keeps_what_was_accepted_and_sends_nothing_more(
    post: Make, clock: SimulatedClock
) -> None:
    one = post()
    halfway(one, clock)
    had = one.had.copy()
    orders.cancel(one.context, FIRST, ME, reason="a wrong price")
    clock.advance(timedelta(minutes=20))
    one.until(NINE + timedelta(days=5))
    assert one.had == had
    now = one.numbers
    assert (now.pending, now.accepted) == (0, sum(had.values()))
    assert now.cancelled == now.owed - now.accepted
    with pytest.raises(SettingsError, match="was cancelled"):
        one.schedule(NINE + timedelta(days=9))
    with pytest.raises(SettingsError, match="stays so"):
        orders.clear(one.context, FIRST, ME)


def test_what_was_cancelled_before_anybody_had_it_can_be_cleared(post: Make) -> None:
    one = post()
    orders.cancel(one.context, FIRST, ME)
    one.until(NINE - timedelta(hours=12))
    assert orders.clear(one.context, FIRST, ME)
    one.until(NINE + timedelta(days=1))
    assert one.had == once(ALL)


def test_nothing_is_left_to_cancel_of_what_has_gone_out(post: Make) -> None:
    one = post()
    one.until(NINE + timedelta(days=3))
    with pytest.raises(SettingsError, match="nothing of it is left"):
        orders.cancel(one.context, FIRST, ME)


# Dying, and two at once

WHATS = {
    "schedule": lambda one: one.schedule(NINE + timedelta(hours=12)),
    "pause": lambda one: orders.pause(one.context, FIRST, ME),
    "cancel": lambda one: orders.cancel(one.context, FIRST, ME),
}


@pytest.mark.parametrize("what", ["pause", "cancel"])
@pytest.mark.parametrize("label", ["ordered", "taken back"])
def test_an_order_that_dies_half_way_is_carried_out_by_the_next_pass(
    post: Make, clock: SimulatedClock, what: str, label: str
) -> None:
    one = post()
    halfway(one, clock, requests=0)
    begun = one.had.copy()
    with crash_at(label), pytest.raises(Crash):
        WHATS[what](one)
    clock.advance(timedelta(minutes=20))
    one.run()
    assert one.had == begun
    assert one.numbers.pending == 0
    if what == "pause":
        orders.resume(one.context, FIRST, ME)
        one.run()
        assert one.had == once(ALL)


@pytest.mark.parametrize("label", LABELS[2:])
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("what", [*WHATS, "none"])
def test_a_pass_may_die_at_any_step_before_and_after_an_order(
    post: Make, clock: SimulatedClock, what: str, label: str, times: int
) -> None:
    one = post()
    clock.advance_to(NINE + timedelta(hours=6))
    with crash_at(label, times):
        one.survive()
    WHATS.get(what, lambda _one: nullcontext())(one)
    clock.advance(timedelta(minutes=20))
    with crash_at(label, times):
        one.survive()
    if what == "pause":
        orders.resume(one.context, FIRST, ME)
    clock.advance(timedelta(minutes=20))
    one.until(NINE + timedelta(days=1))
    assert one.numbers.pending == 0
    assert max(one.had.values(), default=0) <= 1
    if what != "cancel":
        assert set(one.had) == ALL


def test_two_passes_and_an_operator_at_once_send_it_once(post: Make, clock: SimulatedClock) -> None:
    one = post()
    clock.advance_to(NINE + timedelta(hours=6))
    barrier, failed = threading.Barrier(3), list[BaseException]()

    def work(what: Callable[[], object]) -> None:
        barrier.wait()
        try:
            what()
        except BaseException as error:  # noqa: BLE001 - shown below
            failed.append(error)

    def operate() -> None:
        for _ in range(3):
            orders.pause(one.context, FIRST, ME)
            orders.resume(one.context, FIRST, ME)

    jobs = [Pass(one.context).run, Pass(one.context).run, operate]
    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed and "left to send" not in str(failed[0]):
        raise failed[0]
    with one.context.store.read() as connection:
        order = issue_order.find(connection, FIRST.item)
    if order is not None and order.is_paused:
        orders.resume(one.context, FIRST, ME)
    clock.advance(timedelta(minutes=20))
    one.until(NINE + timedelta(days=1))
    assert one.had == once(ALL)


# What others are told


def test_the_forecast_knows_an_ordered_time_and_a_pause(post: Make) -> None:
    one = post()
    assert forecast(one.context, 4).due == len(ALL)
    one.schedule(NINE + timedelta(days=5))
    assert forecast(one.context, 4).due == 0
    assert forecast(one.context, 8).due == len(ALL)
    orders.pause(one.context, FIRST, ME)
    assert forecast(one.context, 8).due == 0
    orders.cancel(one.context, FIRST, ME)
    assert forecast(one.context, 8).due == 0


def told(one: Post) -> str:
    story = explain(one.context, "tokyo0@example.org", "news/first")
    assert story is not None
    assert story.about is not None
    return " ".join((story.about.verdict, *story.about.because))


def test_why_knows_an_order(post: Make) -> None:
    one = post()
    one.schedule(NINE + timedelta(days=5))
    assert "its time was set by me" in told(one)
    orders.pause(one.context, FIRST, ME, reason="a wrong price")
    assert "paused by me (a wrong price)" in told(one)
    orders.cancel(one.context, FIRST, ME, reason="a wrong price")
    assert told(one).startswith("never")
    assert "cancelled by me (a wrong price)" in told(one)


def test_status_names_an_issue_that_is_paused(post: Make) -> None:
    one = post()
    assert not look(one.context).paused
    orders.pause(one.context, FIRST, ME, reason="a wrong price")
    (paused,) = look(one.context).paused
    assert (paused["scope"], paused["name"]) == ("issue", "news/first")
    assert paused["reason"] == "a wrong price"


def test_a_schedule_reads_as_it_was_written() -> None:
    for when in (
        Schedule(instant=NINE),
        Schedule(day=date(2026, 11, 25), hour=time(9), zone="Europe/Berlin"),
    ):
        assert issue_order.parse_schedule(str(when)) == when


# The audience


def tag(one: Post, *names: str) -> None:
    with one.context.store.write() as connection:
        mine = update(subscribers).where(subscribers.c.email.in_(names))
        connection.execute(mine.values(tags=["vip"]))


VIP = {"tokyo1@example.org", "york2@example.org"}


def test_an_audience_limits_who_gets_an_issue(post: Make) -> None:
    one = post(date='date: 2026-11-25\nat: "09:00"\naudience: tag vip')
    tag(one, *VIP)
    assert forecast(one.context, 4).due == len(VIP)
    one.until(NINE + timedelta(days=1))
    assert one.had == once(VIP)


def test_the_audience_is_taken_at_the_instant_of_each_zone(post: Make) -> None:
    one = post(date='date: 2026-11-25\nat: "09:00"\naudience: tag vip')
    tag(one, "york2@example.org")
    one.until(NINE - timedelta(hours=2))  # Tokyo has gone out
    tag(one, *VIP)
    one.until(NINE + timedelta(days=1))
    assert one.had == once({"york2@example.org"})


def test_an_ordered_audience_overrides_the_file_and_everybody_can_be_ordered_too(
    post: Make,
) -> None:
    one = post(date='date: 2026-11-25\nat: "09:00"\naudience: tag vip')
    orders.schedule(one.context, FIRST, ME, audience="")
    one.until(NINE + timedelta(days=1))
    assert one.had == once(ALL)


def test_an_audience_that_is_not_there_sends_to_nobody_and_says_so(post: Make) -> None:
    one = post(date='date: 2026-11-25\nat: "09:00"\naudience: nobodys')
    one.clock.advance_to(NINE)
    report = one.run()
    assert not one.had
    assert any("nobodys" in trouble for trouble in report.troubles)
    assert "cannot be read" in told(one)
    one.write()
    one.run()
    assert set(one.had) == ALL - {f"york{i}@example.org" for i in range(3)}


def test_why_says_who_is_not_in_the_audience(post: Make) -> None:
    one = post(date='date: 2026-11-25\nat: "09:00"\naudience: tag vip')
    tag(one, "york2@example.org")
    assert "they are not in it" in told(one)


def test_the_count_before_says_who_gets_it_and_who_does_not(post: Make) -> None:
    one = post(date='date: 2026-11-25\nat: "09:00"\naudience: tag vip')
    tag(one, *VIP)
    with one.context.store.read() as connection:
        found = count(one.context, connection, find(one.context, connection, "news/first").one)
    assert (found.goes, found.elsewhere, found.had) == (2, len(ALL) - 2, 0)
    one.until(NINE - timedelta(hours=2))
    with one.context.store.read() as connection:
        found = count(one.context, connection, find(one.context, connection, "news/first").one)
    assert (found.goes, found.had) == (1, 1)
    assert {zone.zone: zone.state for zone in found.zones}["Asia/Tokyo"] == "done"


# What a cap keeps back


@pytest.fixture
def capped(post: Make, empty_project: Path) -> Post:
    """Everybody had another mail today, and may have one a day: this issue waits for tomorrow."""
    folder = empty_project / "newsletters/extra"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text('title = "Extra"\nsummary = "More for tests."\n')
    (folder / "2026-11-25-other.md").write_text(
        ISSUE.format(status="ready", date="date: 2026-11-25").replace("id: first", "id: other")
    )
    one = post(lists="news;extra")
    caps = one.context.settings.caps.model_copy(update={"per_day": 1})
    settings = one.context.settings.model_copy(update={"caps": caps})
    one.context = replace(one.context, settings=settings)
    one.until(NINE + timedelta(hours=6))
    assert one.had == once(ALL)  # the other one
    return one


def test_what_a_cap_keeps_back_outlives_a_pause(capped: Post) -> None:
    orders.pause(capped.context, FIRST, ME)
    capped.until(NINE + timedelta(hours=30))
    assert capped.had == once(ALL)
    orders.resume(capped.context, FIRST, ME)
    capped.until(NINE + timedelta(days=3))
    assert capped.had == dict.fromkeys(ALL, 2)


def test_what_a_cap_keeps_back_is_cancelled_too(capped: Post) -> None:
    assert orders.cancel(capped.context, FIRST, ME) == len(ALL)
    capped.until(NINE + timedelta(days=3))
    assert capped.had == once(ALL)
    assert capped.numbers.pending == 0
