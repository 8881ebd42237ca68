"""`why` says what the rules that send the mails decide, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.delivery.story import About, Chapter, Coming, Story
from bypost.delivery.why import explain
from bypost.errors import SettingsError
from bypost.people import pace
from bypost.store import budgets, enrollments, subscribers, suppressions
from bypost.store.schema import batches, deliveries, holds
from scheduler.clock import SimulatedClock
from tests.conftest import write_course, write_people
from tests.delivery.test_forecast import write_newsletter

ANA, BO = "ana@example.org", "bo@example.org"
Told = Callable[..., Story]


@pytest.fixture
def project(empty_project: Path) -> Path:
    """Ana in Berlin and Bo in Tokyo, on a course and a newsletter; Bo only on the course."""
    write_course(empty_project, "letters", ("at once", "1 weekday", "2 days"))
    write_newsletter(empty_project, later="2026-12-01", over="2026-10-01")
    write_people(
        empty_project,
        f"{ANA},Ana,Europe/Berlin,letters,notes",
        f"{BO},Bo,Asia/Tokyo,letters,",
        header="email,name,time_zone,courses,newsletters",
    )
    return empty_project


@pytest.fixture
def context(project: Path, open_context: Callable[..., Context]) -> Context:
    opened = open_context(project)
    Pass(opened).run()
    return opened


@pytest.fixture
def told(context: Context) -> Told:
    def telling(email: str = ANA, what: str = "", at: Context = context) -> Story:
        found = explain(at, email, what)
        assert found is not None
        return found

    return telling


def course(story: Story) -> Chapter:
    return next(one for one in story.chapters if one.kind == "course")


def upcoming(story: Story) -> Coming:
    return course(story).coming[0]


def about(story: Story) -> About:
    assert story.about is not None
    return story.about


def said(sentences: Iterable[str]) -> str:
    return "; ".join(sentences)


def change(context: Context, **values: object) -> None:
    """Change Ana's run."""
    with context.store.write() as connection:
        enrollments.change(connection, 1, values)


def test_the_next_lesson_is_told_from_the_last_one_to_its_instant(told: Told) -> None:
    assert upcoming(told()).because == (
        "“Title of one” counts as had on Mon 23 Nov 2026 at 10:30 CET (09:30 UTC)",
        "the delay of “Title of two” is “1 weekday”: Tue 24 Nov 2026",
        "the hour of the course is 09:00 in Europe/Berlin",
        "so it goes out on Tue 24 Nov 2026 at 09:00 CET (08:00 UTC)",
    )
    assert upcoming(told()).name == "letters/two"


def test_an_instant_on_another_day_of_utc_names_that_day(told: Told) -> None:
    assert "Tue 24 Nov 2026 at 09:00 JST (00:00 UTC)" in said(upcoming(told(BO)).because)
    had = course(told(BO)).had[0]
    assert had.because[0] == "accepted by outbox on Mon 23 Nov 2026 at 18:30 JST (09:30 UTC)"


def test_what_it_says_is_what_happens(told: Told, context: Context, clock: SimulatedClock) -> None:
    run = Pass(context)
    for _ in range(2):
        at = upcoming(told()).at
        assert at is not None
        clock.advance_to(at - timedelta(seconds=1))
        run.run()
        before = len(course(told()).had)
        clock.advance_to(at)
        run.run()
        after = course(told()).had
        assert len(after) == before + 1
        assert after[-1].at == at
    assert upcoming(told()).name == ""


def test_how_they_came_to_it_is_told(told: Told) -> None:
    assert course(told()).because[0].startswith("they agreed by csv on Mon 23 Nov 2026 at 10:30")
    assert course(told()).had[0].state == "accepted"


def test_their_own_hour_and_rhythm_are_named_as_theirs(told: Told, context: Context) -> None:
    change(context, pace="7 days")
    with context.store.write() as connection:
        subscribers.change(connection, 1, {"hour": "06:00"})
    words = said(upcoming(told()).because)
    assert "their own rhythm is “7 days”: Mon 30 Nov 2026" in words
    assert "their own hour is 06:00" in words
    assert upcoming(told()).at == datetime(2026, 11, 30, 5, tzinfo=UTC)


def test_a_pause_of_their_own_is_told(told: Told, context: Context, clock: SimulatedClock) -> None:
    with context.store.write() as connection:
        run = enrollments.by_id(connection, 1)
        assert run is not None
        pace.pause(connection, run, weeks=1, now=clock.now())
    words = said(upcoming(told()).because)
    assert "nothing goes out before the pause is over on Mon 30 Nov 2026 at 10:30 CET" in words
    assert upcoming(told()).at == datetime(2026, 12, 1, 8, tzinfo=UTC)


def hold(context: Context, **values: object) -> None:
    row: dict[str, object] = {"scope": "course", "name": "letters"}
    row |= {
        "subscriber_id": None,
        "until": None,
        "since": context.clock.now(),
        "ended_at": None,
        "reason": "a mistake in lesson two",
    }
    with context.store.write() as connection:
        connection.execute(insert(holds).values({**row, **values}))


def test_an_operators_pause_without_an_end_leaves_no_instant(told: Told, context: Context) -> None:
    hold(context)
    found = upcoming(told())
    assert found.at is None
    assert "the course is paused by the operator" in said(found.because)
    assert "(a mistake in lesson two)" in said(found.because)


def test_an_operators_pause_with_an_end_moves_the_instant(told: Told, context: Context) -> None:
    hold(
        context,
        scope="subscriber",
        name="",
        subscriber_id=1,
        until=datetime(2026, 12, 3, tzinfo=UTC),
    )
    assert "they are paused by the operator" in said(told().because)
    assert upcoming(told()).at == datetime(2026, 12, 3, 8, tzinfo=UTC)


def test_a_suppressed_address_gets_nothing_and_it_says_since_when(
    told: Told, context: Context
) -> None:
    with context.store.write() as connection:
        suppressions.add(
            connection, context.address_hash(ANA), reason="bounced", now=context.clock.now()
        )
    assert "nothing is sent to the address since Mon 23 Nov 2026" in said(told().because)
    assert upcoming(told()).at is None


def test_who_left_is_told_when(told: Told, context: Context) -> None:
    with context.store.write() as connection:
        enrollments.leave(connection, 1, context.clock.now())
    assert "they left the course on Mon 23 Nov 2026" in said(course(told()).because)
    assert upcoming(told()).because == ("nothing more comes of it",)
    assert about(told(ANA, "three")).verdict == "never"


def test_a_course_held_for_a_mistake_in_it_says_which(
    told: Told, context: Context, project: Path
) -> None:
    (project / "lessons" / "letters" / "01-two.md").write_text("---\n", encoding="utf-8")
    words = said(upcoming(told()).because)
    assert "lessons/letters sends nothing: " in words
    assert upcoming(told()).at is None


def test_an_edit_that_waits_for_apply_is_told(told: Told, project: Path) -> None:
    path = project / "lessons" / "letters" / "01-two.md"
    text = path.read_text(encoding="utf-8").replace("delay: 1 weekday", "delay: 5 days")
    path.write_text(text, encoding="utf-8")
    words = said(upcoming(told()).because)
    assert "1 change in lessons/letters would count only after `bypost apply letters`" in words
    assert upcoming(told()).at == datetime(2026, 11, 24, 8, tzinfo=UTC)


def test_a_lesson_further_on_names_those_before_it(told: Told) -> None:
    found = about(told(ANA, "letters/three"))
    assert found.verdict == "coming"
    assert found.at == datetime(2026, 11, 26, 8, tzinfo=UTC)
    assert found.because[0] == (
        "before it comes “Title of two” on Tue 24 Nov 2026 at 09:00 CET (08:00 UTC)"
    )


def test_a_lesson_they_had_tells_acceptance_and_events(told: Told, context: Context) -> None:
    found = about(told(ANA, "one"))
    assert found.verdict == "accepted"
    assert found.ref == context.reference(1)


def fail(context: Context, state: str, detail: str) -> None:
    with context.store.write() as connection:
        one = update(deliveries).where(deliveries.c.id == 1)
        connection.execute(one.values(state=state, detail=detail))


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_lesson_that_was_not_sent_says_why(told: Told, context: Context, state: str) -> None:
    fail(context, state, "their mailbox is full")
    found = about(told(ANA, "one"))
    assert found.verdict == state
    assert said(found.because) == f"{state}: their mailbox is full"


def test_an_unknown_lesson_says_how_to_settle_it(told: Told, context: Context) -> None:
    fail(context, "unknown", "no answer")
    found = about(told(ANA, "one"))
    assert found.verdict == "unknown"
    assert f"bypost reconcile --sent {context.reference(1)}" in said(found.because)
    assert "a lesson before it is unknown" in said(upcoming(told()).because)


def wait(context: Context, **values: object) -> None:
    """Let the batch of Ana's first lesson wait."""
    fresh = {"state": "pending", "accepted_at": None, "next_try": context.clock.now(), "fence": 0}
    with context.store.write() as connection:
        mine = update(batches).where(batches.c.id == 1)
        connection.execute(mine.values({**fresh, **values}))


def test_a_batch_that_waits_says_for_what(told: Told, context: Context) -> None:
    wait(context)
    assert "it leaves with the next pass" in said(about(told(ANA, "one")).because)
    later = context.clock.now() + timedelta(minutes=5)
    wait(context, next_try=later, attempts=2, detail="HTTP 503")
    words = said(about(told(ANA, "one")).because)
    assert (
        "it is tried on Mon 23 Nov 2026 at 10:35 CET (09:35 UTC), after 2 tries: HTTP 503" in words
    )
    with context.store.write() as connection:
        budgets.open_breaker(connection, "outbox", "disk full", context.clock.now())
    words = said(about(told(ANA, "one")).because)
    assert "outbox is stopped: disk full; it goes on after `bypost resume outbox`" in words


def test_an_issue_that_comes_and_one_that_never_did(told: Told) -> None:
    letter = next(one for one in told().chapters if one.kind == "newsletter")
    assert [one.name for one in letter.coming] == ["notes/later"]
    assert letter.coming[0].at == datetime(2026, 12, 1, 7, 30, tzinfo=UTC)
    found = about(told(ANA, "notes/over"))
    assert found.verdict == "never"
    assert "before they subscribed" in said(found.because)


def test_of_caps_the_one_that_keeps_it_back_is_named(told: Told, context: Context) -> None:
    caps = context.settings.caps.model_copy(update={"per_week": 1})
    capped = replace(context, settings=context.settings.model_copy(update={"caps": caps}))
    found = upcoming(told(ANA, at=capped))
    assert "they have no room for it before: at most 1 mail in 7 days" in said(found.because)
    assert found.at == datetime(2026, 11, 30, 8, tzinfo=UTC)


def test_nobody_and_somebody_who_was_here_once(told: Told, context: Context) -> None:
    assert explain(context, "new@example.org") is None
    with context.store.write() as connection:
        suppressions.add(
            connection,
            context.address_hash("x@example.org"),
            reason="left",
            now=context.clock.now(),
        )
    found = told("X@example.org")
    assert found.status == "unknown"
    assert "nothing is sent to it since Mon 23 Nov 2026 at 09:30 UTC: left" in found.because


@pytest.mark.parametrize(
    ("email", "what", "words"),
    [
        (ANA, "nine", "there is no `nine`"),
        (BO, "notes/later", "they never were on what has `notes/later`"),
    ],
)
def test_a_name_that_is_not_theirs_is_refused_with_what_is(
    told: Told, email: str, what: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        told(email, what)


@pytest.mark.sqlite
def test_looking_changes_nothing(told: Told, context: Context) -> None:
    with context.store.read() as connection:
        before = connection.exec_driver_sql("PRAGMA data_version").scalar()
        told()
        told(ANA, "three")
        assert connection.exec_driver_sql("PRAGMA data_version").scalar() == before
