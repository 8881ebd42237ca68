"""How things stand: asked of the database alone, and true at every moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bypost.delivery import last_pass
from bypost.delivery.context import Context
from bypost.delivery.last_pass import LastPass
from bypost.delivery.run import Pass
from bypost.delivery.standing import ProviderStanding, Standing, look
from bypost.people import abuse
from bypost.people.abuse import Rules
from bypost.settings.model import SignUp
from bypost.store import budgets
from bypost.store.schema import batches
from bypost.testing import fault
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from tests.conftest import MONDAY, write_course, write_people

Open = Callable[..., Context]


@pytest.fixture
def context(project: Path, open_context: Open) -> Context:
    return open_context(project)


def noted(context: Context) -> LastPass | None:
    with context.store.read() as connection:
        return last_pass.read(connection)


def stop(context: Context, reason: str = "the disk is full") -> None:
    with context.store.write() as connection:
        name = context.provider.name
        budgets.open_breaker(connection, name, reason, context.clock.now())


def change_batches(context: Context, **values: Any) -> None:
    with context.store.write() as connection:
        connection.execute(update(batches).values(**values))


def only_provider(found: Standing) -> ProviderStanding:
    (one,) = found.providers
    return one


def test_before_the_first_pass_nothing_is_noted(context: Context) -> None:
    found = look(context)
    assert (found.last, found.next, found.late, found.exit_code) == (None, None, 0, 0)


def test_a_pass_that_did_something_is_noted_at_once(context: Context) -> None:
    Pass(context).run()
    last = noted(context)
    assert last is not None
    assert last.at == MONDAY
    assert last.did == {"owed": 5, "accepted": 5}
    assert last.courses == ["letters"]


def test_passes_that_do_nothing_are_noted_every_30_seconds_at_most(
    context: Context, clock: SimulatedClock
) -> None:
    one_pass = Pass(context)
    one_pass.run()
    heard = []
    for _ in range(15):
        clock.advance(timedelta(seconds=5))
        one_pass.run()
        last = noted(context)
        assert last is not None
        heard.append((last.at - MONDAY).total_seconds())
    assert heard == [0] * 5 + [30] * 6 + [60] * 4


def test_a_trouble_that_comes_or_goes_is_noted_at_once(
    context: Context, project: Path, clock: SimulatedClock
) -> None:
    one_pass = Pass(context)
    one_pass.run()
    lesson = project / "lessons/letters/01-two.md"
    sound = lesson.read_text()
    for text, held in ((sound + "{{ subscriber.nmae }}", ["lessons/letters"]), (sound, [])):
        lesson.write_text(text)
        clock.advance(timedelta(seconds=1))
        one_pass.run()
        assert list(look(context).as_json()["held"]) == held
        assert look(context).exit_code == (2 if held else 0)


def test_a_held_course_is_not_announced(context: Context, project: Path) -> None:
    Pass(context).run()
    assert look(context).next is not None
    (project / "lessons/letters/01-two.md").write_text("no front matter")
    Pass(context).run()
    assert look(context).next is None


def test_what_comes_next_is_what_the_pass_says(
    shipped_project: Path, open_context: Open, clock: SimulatedClock
) -> None:
    """Through a whole course and its newsletter, after every pass and half-way to the next."""
    for path in (shipped_project / "newsletters").rglob("*.md"):
        path.write_text(path.read_text().replace("status: draft", "status: ready"))
    context = open_context(shipped_project)
    one_pass = Pass(context)
    kinds = set()
    for _ in range(100):
        at = one_pass.run().next_at
        for _ in range(2):
            found = look(context).next
            assert (found and found.at) == at
            if at is not None:
                clock.advance((at - clock.now()) / 2)
        if found is None or at is None:
            break
        kinds.add(found.kind)
        clock.advance_to(max(at, clock.now() + timedelta(seconds=30)))
    assert kinds == {"lesson", "issue"}


def test_the_next_lesson_says_for_how_many(context: Context) -> None:
    Pass(context).run()
    coming = look(context).next
    assert coming is not None
    assert (coming.kind, coming.what, coming.people) == ("lesson", "letters", 5)


def test_what_is_open_five_minutes_after_it_fell_due_is_late(
    context: Context, clock: SimulatedClock
) -> None:
    due = Pass(context).run().next_at
    assert due is not None
    stop(context)
    clock.advance_to(due)
    Pass(context).run()
    found = look(context)
    assert (found.total.pending, found.late) == (5, 0)
    clock.advance(timedelta(minutes=5, seconds=1))
    found = look(context)
    assert (found.late, found.oldest_late) == (5, due)
    with context.store.write() as connection:
        budgets.close_breaker(connection, "outbox", clock.now())
    Pass(context).run()
    assert (look(context).late, look(context).oldest_late) == (0, None)


def test_a_stopped_provider_is_told_with_its_reason_and_time(
    context: Context, clock: SimulatedClock
) -> None:
    Pass(context).run()
    stop(context, "HTTP 401")
    found = look(context)
    one = only_provider(found)
    assert (one.breaker, one.breaker_since) == ("HTTP 401", MONDAY)
    assert found.blocked == {"outbox": "HTTP 401"}
    assert found.exit_code == 1


def test_what_waits_for_a_stopped_provider_is_not_announced(
    context: Context, clock: SimulatedClock
) -> None:
    Pass(context).run()
    change_batches(context, state="pending", next_try=clock.now() + timedelta(minutes=1))
    coming = look(context).next
    assert coming is not None
    assert (coming.kind, coming.what, coming.people) == ("batch", "letters/one", 5)
    stop(context)
    coming = look(context).next
    assert coming is not None
    assert coming.kind == "lesson"


def test_the_budget_of_today_is_told_and_yesterdays_is_not(
    through_resend: Open, clock: SimulatedClock
) -> None:
    context = through_resend(BYPOST_PROVIDERS__RESEND__PER_DAY="100")
    Pass(context).run()
    one = only_provider(look(context))
    assert (one.name, one.per_second, one.per_day) == ("resend", 1000, 100)
    assert (one.limit_today, one.used_today) == (100, 5)
    assert (one.accepted_last_minute, one.requests_last_minute) == (5, 3)
    clock.advance(timedelta(minutes=2))
    one = only_provider(look(context))
    assert (one.accepted_last_hour, one.accepted_last_minute) == (5, 0)
    clock.advance(timedelta(days=1))
    one = only_provider(look(context))
    assert (one.used_today, one.accepted_last_hour) == (0, 0)


def test_without_a_limit_use_is_what_was_accepted_today(
    context: Context, clock: SimulatedClock
) -> None:
    Pass(context).run()
    one = only_provider(look(context))
    assert (one.limit_today, one.used_today) == (None, 5)
    clock.advance_to(datetime.combine(MONDAY, datetime.min.time(), MONDAY.tzinfo) + timedelta(1))
    assert only_provider(look(context)).used_today == 0


def test_a_pause_is_told_until_it_is_over(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    resend.script.add(*[fault.Fault(status=429, headers={"Retry-After": "90"}, body="{}")] * 3)
    Pass(context, patience=timedelta(0)).run()
    until = only_provider(look(context)).paused_until
    assert until is not None
    assert timedelta(seconds=80) < until - clock.now() <= timedelta(seconds=90)
    clock.advance(timedelta(seconds=91))
    assert only_provider(look(context)).paused_until is None


def test_what_is_on_its_way_is_told_while_its_lease_lasts(
    context: Context, clock: SimulatedClock
) -> None:
    Pass(context).run()
    until = clock.now() + timedelta(minutes=2)
    change_batches(context, state="sending", lease_until=until)
    (one,) = look(context).sending
    assert one["ref"] == f"{context.tag}-b1"
    assert (one["provider"], one["content"], one["people"]) == ("outbox", "letters/one", 5)
    clock.advance(timedelta(minutes=3))
    assert look(context).sending == []


def test_unknown_deliveries_are_told_and_when_somebody_is_asked(context: Context) -> None:
    Pass(context).run()
    at = context.clock.now() + timedelta(minutes=15)
    change_batches(context, state="unknown", accepted=0, members=5, next_try=at)
    found = look(context)
    assert found.exit_code == 1
    assert {one["email"] for one in found.unknown} == {f"p{i}@example.org" for i in range(5)}
    assert found.next is not None
    assert (found.next.kind, found.next.at, found.next.people) == ("question", at, 5)


def test_passes_that_should_have_come_and_did_not_are_overdue() -> None:
    often = LastPass(at=MONDAY, every=timedelta(seconds=5))
    assert not often.overdue(MONDAY + timedelta(seconds=60))
    assert often.overdue(MONDAY + timedelta(seconds=61))
    seldom = LastPass(at=MONDAY, every=timedelta(minutes=10))
    assert not seldom.overdue(MONDAY + timedelta(minutes=30))
    assert seldom.overdue(MONDAY + timedelta(minutes=31))


def test_a_single_pass_is_never_overdue(context: Context) -> None:
    Pass(context).run()
    last = noted(context)
    assert last is not None
    assert not last.overdue(MONDAY + timedelta(days=300))
    Pass(context, patient=True).run()
    last = noted(context)
    assert last is not None
    assert last.overdue(MONDAY + timedelta(hours=1))


def test_a_full_disk_stands_in_the_way(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    Pass(context).run()
    monkeypatch.setattr(type(context.store), "room", lambda _store: 1_000_000)
    found = look(context)
    assert "the disk has 1.0 MB left" in found.obstacles[0]
    assert found.exit_code == 1
    assert found.as_json()["troubles"] == found.obstacles


def test_a_used_up_budget_of_the_form_is_an_alarm_and_keeps_nothing_from_being_sent(
    context: Context, clock: SimulatedClock
) -> None:
    rules = Rules(settings=SignUp(per_hour=1), address_hash=context.address_hash)
    with context.store.write() as connection:
        for _ in range(3):
            abuse.has_room(connection, network="", form="f", rules=rules, now=clock.now())
    found = look(context)
    (alarm,) = found.alarms
    assert "raise [signup] per_hour" in alarm
    assert (found.troubles, found.obstacles, found.exit_code) == ([alarm], [], 0)
    clock.advance(timedelta(hours=1))
    assert look(context).troubles == []


def test_courses_that_are_gone_are_not_announced(
    empty_project: Path, open_context: Open, clock: SimulatedClock
) -> None:
    write_course(empty_project, "letters")
    write_course(empty_project, "other")
    write_people(empty_project, "a@example.org,letters;other", header="email,courses")
    context = open_context(empty_project)
    Pass(context).run()
    for name in ("letters", "other"):
        (empty_project / f"lessons/{name}").rename(empty_project / f"away-{name}")
        clock.advance(timedelta(seconds=1))
        Pass(context, csv=False).run()
        coming = look(context).next
        assert (coming and coming.what) == ("other" if name == "letters" else None)
