"""The pass as a whole: what was due is sent once, what broke is told, the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.errors import ByPostError
from bypost.store import budgets, counts, ledger, subscribers
from bypost.testing import fault
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from tests.conftest import write_course, write_people

Open = Callable[..., Context]


def test_a_second_pass_sends_nothing_again(through_resend: Open, resend: FakeResend) -> None:
    context = through_resend()
    first = Pass(context).run()
    assert first.this_pass.accepted == first.total.owed == 5
    second = Pass(context).run()
    assert second.this_pass == counts.Counts()
    assert sorted(resend.accepted.values()) == [1] * 5


def test_the_whole_course_arrives_one_lesson_a_day(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    for _ in range(6):
        Pass(context).run()
        clock.advance(timedelta(days=1))
    assert sorted(resend.accepted.values()) == [1] * 15
    assert Pass(context).run().next_at is None


def test_lessons_that_follow_at_once_arrive_in_the_same_pass_in_order(
    empty_project: Path, open_context: Open
) -> None:
    write_course(empty_project, delays=("at once", "at once", "at once"))
    write_people(empty_project, "ana@example.org,Ana,Europe/Berlin")
    context = open_context(empty_project)
    assert Pass(context).run().this_pass.accepted == 3
    with context.store.read() as connection:
        assert [row["item"] for row in counts.timeline(connection)] == ["one", "two", "three"]


def test_people_added_to_the_file_later_are_taken_up_by_the_next_pass(
    project: Path, through_resend: Open, resend: FakeResend
) -> None:
    context = through_resend()
    Pass(context).run()
    with (project / "subscribers.csv").open("a", encoding="utf-8") as file:
        file.write("late@example.org,Late,Asia/Tokyo\n")
    assert Pass(context).run().this_pass.accepted == 1
    assert len(resend.accepted) == 6


def test_a_broken_course_sends_nothing_and_the_others_everything(
    empty_project: Path, open_context: Open
) -> None:
    write_course(empty_project, "sound")
    write_course(empty_project, "broken")
    lesson = empty_project / "lessons" / "broken" / "01-two.md"
    lesson.write_text(lesson.read_text().replace("subscriber.name", "subcriber.name"))
    write_people(
        empty_project,
        "ana@example.org,Ana,UTC,sound;broken",
        header="email,name,time_zone,courses",
    )
    context = open_context(empty_project)
    report = Pass(context).run()
    assert report.this_pass.accepted == 1
    assert report.exit_code == 2
    (problem,) = report.held["lessons/broken"]
    assert problem.path == "lessons/broken/01-two.md"
    assert "subcriber" in problem.message
    lesson.write_text(lesson.read_text().replace("subcriber.name", "subscriber.name"))
    assert Pass(context).run().this_pass.accepted == 1


def test_a_text_edit_reaches_everybody_who_has_not_had_the_lesson(
    project: Path, open_context: Open, clock: SimulatedClock
) -> None:
    context = open_context(project)
    Pass(context).run()
    lesson = project / "lessons" / "letters" / "01-two.md"
    lesson.write_text(lesson.read_text() + "\nA sentence added later.\n")
    clock.advance(timedelta(days=1))
    Pass(context).run()
    texts = [path.read_text() for path in (project / "var" / "outbox").glob("*.eml")]
    assert sum("A sentence added later." in text for text in texts) == 5


def test_a_failed_request_waits_for_its_next_try_and_the_others_go_on(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    resend.script.add(fault.error(500, accept=False))
    report = Pass(context, patience=timedelta(0)).run()
    assert (report.total.accepted, report.total.pending) == (3, 2)
    assert report.exit_code == 1
    assert report.troubles
    clock.advance(timedelta(minutes=1))
    assert Pass(context).run().total.accepted == 5
    assert sorted(resend.accepted.values()) == [1] * 5


def test_a_pass_waits_for_a_short_retry_after_by_itself(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    resend.script.add(fault.throttled("3"))
    before = clock.now()
    assert Pass(context).run().total.accepted == 5
    assert clock.now() - before >= timedelta(seconds=3)


def test_a_refused_key_stops_everything_with_the_providers_words_until_resumed(
    through_resend: Open, resend: FakeResend
) -> None:
    context = through_resend(BYPOST_PROVIDERS__RESEND__API_KEY="wrong")
    report = Pass(context).run()
    assert report.total.pending == 5
    assert "401" in report.blocked["resend"]
    assert "wrong" not in report.blocked["resend"]
    mended = through_resend()
    assert Pass(mended).run().this_pass.accepted == 0
    with mended.store.write() as connection:
        budgets.close_breaker(connection, "resend", mended.clock.now())
        ledger.wake_waiting(connection, "resend", mended.clock.now())
    assert Pass(mended).run().total.accepted == 5


def test_a_dead_provider_keeps_everything_pending_and_says_so(through_resend: Open) -> None:
    context = through_resend(BYPOST_PROVIDERS__RESEND__BASE_URL="http://127.0.0.1:9")
    report = Pass(context, patience=timedelta(0)).run()
    assert report.total.pending == report.total.owed == 5
    assert report.exit_code == 1


def test_the_rate_of_a_provider_is_kept(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend(BYPOST_PROVIDERS__RESEND__PER_SECOND="1")
    before = clock.now()
    assert Pass(context).run().total.accepted == 5
    assert clock.now() - before >= timedelta(seconds=2)  # three requests, one a second


def test_the_daily_quota_is_kept_across_passes(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend(BYPOST_PROVIDERS__RESEND__PER_DAY="4")
    assert Pass(context).run().total.accepted == 4
    clock.advance(timedelta(days=1))
    assert Pass(context).run().total.accepted >= 5


def test_what_surely_was_not_accepted_moves_when_the_provider_changes(
    project: Path, through_resend: Open, open_context: Open
) -> None:
    dead = through_resend(BYPOST_PROVIDERS__RESEND__BASE_URL="http://127.0.0.1:9")
    Pass(dead, patience=timedelta(0)).run()
    report = Pass(open_context(project)).run()
    assert report.total.owed == report.total.accepted == 5
    assert len(list((project / "var" / "outbox").glob("*.eml"))) == 5


def test_what_may_have_been_accepted_does_not_move_to_another_provider(
    project: Path, through_resend: Open, open_context: Open, resend: FakeResend
) -> None:
    resend.script.add(fault.reset(accept=True))
    Pass(through_resend(), patience=timedelta(0)).run()
    report = Pass(open_context(project)).run()
    assert (report.total.accepted, report.total.unknown) == (3, 2)
    assert len(list((project / "var" / "outbox").glob("*.eml"))) == 0
    assert [one["content"] for one in report.unknown] == ["letters/one"] * 2


def test_import_names_a_course_that_is_not_there(project: Path, open_context: Open) -> None:
    context = open_context(project, {"BYPOST_IMPORT__COURSES": "leters"})
    with pytest.raises(ByPostError, match="leters"):
        Pass(context).run()


def test_a_project_without_people_or_content_passes_quietly(
    empty_project: Path, open_context: Open
) -> None:
    report = Pass(open_context(empty_project)).run()
    assert report.exit_code == 0
    assert report.total == counts.Counts()


def test_a_pass_ends_though_somebody_due_may_not_be_mailed(
    through_resend: Open, clock: SimulatedClock
) -> None:
    context = through_resend()
    Pass(context).run()
    clock.advance(timedelta(days=1))
    with context.store.write() as connection:
        subscribers.change(connection, 1, {"status": "unconfirmed"})
    assert Pass(context).run().this_pass.accepted == 4


def test_a_zone_that_this_machine_does_not_know_stops_nobody(
    through_resend: Open, caplog: pytest.LogCaptureFixture
) -> None:
    context = through_resend()
    Pass(context, patience=timedelta(0))._import(Pass(context)._publisher.take_over(patient=False))
    with context.store.write() as connection:
        subscribers.change(connection, 1, {"time_zone": "Mars/Olympus"})
    assert Pass(context).run().total.accepted == 5
    assert caplog.text.count("Mars/Olympus is not known") == 1
