"""What one enrollment is owed: the rules of design section 5, on a pure function."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bypost.delivery.due import LOOK_AGAIN, Finish, Owe, Run, Wait, decide
from bypost.delivery.shape import Place, Shape, Step
from bypost.delivery.shape_file import dump, load
from scheduler.cadence import AtOnce, Cadence, Days, Weekdays
from scheduler.window import Window

BERLIN = ZoneInfo("Europe/Berlin")
LATE = timedelta(hours=24)
MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def step(lesson: str, delay: Cadence, **more: object) -> Step:
    base = Step(lesson=lesson, title=lesson, content_hash=f"hash-{lesson}", delay=delay)
    return replace(base, **more)  # type: ignore[arg-type]


SHAPE = Shape(
    course="c",
    title="C",
    time_zone="UTC",
    hour=time(9),
    window=Window(time(7), time(21)),
    steps=(step("one", AtOnce()), step("two", Weekdays(1)), step("three", Days(2))),
)


def run(**more: object) -> Run:
    base = Run(zone=BERLIN, own_hour=None, started_at=MONDAY, hint=MONDAY, had={})
    return replace(base, **more)  # type: ignore[arg-type]


def decided(now: datetime, *, shape: Shape = SHAPE, **more: object) -> Owe | Wait | Finish:
    return decide(shape, run(**more), now=now, late=LATE)


def test_the_first_lesson_goes_at_once_and_tells_when_the_second_comes() -> None:
    owed = decided(MONDAY)
    assert isinstance(owed, Owe)
    assert owed.step.lesson == "one"
    assert owed.hint == datetime(2026, 11, 24, 8, tzinfo=UTC)  # Tuesday 09:00 in Berlin


def test_the_next_lesson_waits_for_its_day_and_the_persons_hour() -> None:
    assert decided(MONDAY, had={"one": MONDAY}) == Wait(datetime(2026, 11, 24, 8, tzinfo=UTC))
    own = decided(MONDAY, had={"one": MONDAY}, own_hour=time(18, 30))
    assert own == Wait(datetime(2026, 11, 24, 17, 30, tzinfo=UTC))


def test_the_persons_own_hour_beats_the_courses_window() -> None:
    own = decided(MONDAY, had={"one": MONDAY}, own_hour=time(5))
    assert own == Wait(datetime(2026, 11, 24, 4, tzinfo=UTC))


def test_a_hint_that_came_too_early_is_moved_and_owes_nothing() -> None:
    early = datetime(2026, 11, 24, 7, 59, tzinfo=UTC)
    assert decided(early, had={"one": MONDAY}) == Wait(datetime(2026, 11, 24, 8, tzinfo=UTC))


def test_nothing_is_owed_while_an_earlier_delivery_is_on_its_way() -> None:
    later = MONDAY + timedelta(days=9)
    assert decided(later, had={"one": MONDAY}, pending=True) == Wait(later + LOOK_AGAIN)


def test_an_unknown_delivery_holds_the_course_and_then_lets_it_go_on() -> None:
    until = MONDAY + timedelta(hours=24)
    held = {"had": {"one": MONDAY}, "held_until": until}
    assert decided(MONDAY + timedelta(hours=23), **held) == Wait(until)
    tuesday = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert isinstance(decided(tuesday, hint=until, **held), Owe)


def test_finished_people_hear_nothing_more() -> None:
    everything = {"one": MONDAY, "two": MONDAY, "three": MONDAY}
    assert decided(MONDAY + timedelta(days=99), had=everything) == Finish()


def test_a_lesson_put_in_behind_somebody_is_not_sent_to_them() -> None:
    grown = replace(SHAPE, steps=(SHAPE.steps[0], step("new", Days(1)), *SHAPE.steps[1:]))
    owed = decided(MONDAY + timedelta(days=3), shape=grown, had={"one": MONDAY, "two": MONDAY})
    assert isinstance(owed, Wait | Owe)
    after = grown.next_step(Place(had=dict.fromkeys(("one", "two"), MONDAY)), date(2026, 11, 25))
    assert after is not None
    assert after.lesson == "three"


def test_an_expired_lesson_is_left_out() -> None:
    seasonal = replace(SHAPE.steps[1], expires=date(2026, 11, 24))
    shape = replace(SHAPE, steps=(SHAPE.steps[0], seasonal, SHAPE.steps[2]))
    after = shape.next_step(Place(had={"one": MONDAY}), date(2026, 11, 24))
    assert after is not None
    assert after.lesson == "three"


def test_beyond_the_lateness_limit_it_waits_for_the_next_opening_and_then_goes() -> None:
    thursday = datetime(2026, 11, 26, 14, tzinfo=UTC)
    due = datetime(2026, 11, 24, 8, tzinfo=UTC)
    waiting = decided(thursday, had={"one": MONDAY}, hint=due)
    friday = datetime(2026, 11, 27, 8, tzinfo=UTC)
    assert waiting == Wait(friday)
    owed = decided(friday + timedelta(seconds=3), had={"one": MONDAY}, hint=friday)
    assert isinstance(owed, Owe)


def test_within_the_lateness_limit_it_goes_while_the_window_is_open() -> None:
    due = datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert isinstance(decided(due + timedelta(hours=5), had={"one": MONDAY}, hint=due), Owe)
    night = datetime(2026, 11, 24, 22, tzinfo=UTC)
    assert decided(night, had={"one": MONDAY}, hint=due) == Wait(
        datetime(2026, 11, 25, 8, tzinfo=UTC)
    )


def test_a_pause_moves_the_course_and_brings_one_lesson_at_the_next_opening() -> None:
    until = datetime(2026, 12, 10, 15, tzinfo=UTC)
    waiting = decided(
        datetime(2026, 11, 25, 9, tzinfo=UTC), had={"one": MONDAY}, paused_until=until
    )
    friday = datetime(2026, 12, 11, 8, tzinfo=UTC)
    assert waiting == Wait(friday)
    owed = decided(friday, had={"one": MONDAY}, paused_until=until, hint=friday)
    assert isinstance(owed, Owe)
    assert owed.step.lesson == "two"


def test_the_next_one_now_ignores_day_and_window_once() -> None:
    night = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    owed = decided(night, had={"one": MONDAY}, asked=True, hint=night)
    assert isinstance(owed, Owe)
    assert owed.step.lesson == "two"


def test_an_own_pace_replaces_the_delays_but_not_what_goes_at_once() -> None:
    assert isinstance(decided(MONDAY, pace=Days(7)), Owe)
    slow = decided(MONDAY, had={"one": MONDAY}, pace=Days(7))
    assert slow == Wait(datetime(2026, 11, 30, 8, tzinfo=UTC))


def test_the_shape_survives_the_database() -> None:
    assert load(dump(SHAPE)) == SHAPE


@given(
    steps=st.integers(1, 6),
    gaps=st.lists(st.integers(0, 96), min_size=60, max_size=60),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_however_irregular_the_passes_order_is_kept_and_no_day_brings_two(
    steps: int, gaps: list[int], zone: str
) -> None:
    shape = replace(SHAPE, steps=tuple(step(f"l{i}", Days(1)) for i in range(steps)))
    now, had, hint, days = MONDAY, {}, MONDAY, []
    local = ZoneInfo(zone)
    for gap in gaps:
        now += timedelta(hours=gap)
        if now < hint:
            continue
        decision = decide(shape, run(zone=local, had=dict(had), hint=hint), now=now, late=LATE)
        if isinstance(decision, Finish):
            break
        if isinstance(decision, Owe):
            assert decision.step.lesson == f"l{len(had)}"
            had[decision.step.lesson] = now
            days.append(now.astimezone(local).date())
            assert SHAPE.window.is_open(now, local)
        hint = decision.hint if isinstance(decision, Owe) else decision.until
        assert isinstance(decision, Owe) or hint > now
    assert len(days) == len(set(days))


def test_a_lesson_asked_for_moves_the_schedule_unless_it_is_to_stay() -> None:
    had = {"one": MONDAY}
    moved = decided(MONDAY, had=had, asked=True)
    kept = decided(MONDAY, had=had, asked=True, keeps=True)
    assert isinstance(moved, Owe)
    assert isinstance(kept, Owe)
    assert moved.counts_from is None
    assert moved.hint == datetime(2026, 11, 25, 8, tzinfo=UTC)  # two days after Monday
    assert kept.counts_from == datetime(2026, 11, 24, 8, tzinfo=UTC)  # when it would have come
    assert kept.hint == datetime(2026, 11, 26, 8, tzinfo=UTC)  # two days after that


def test_the_schedule_that_was_kept_decides_when_the_next_one_comes() -> None:
    tuesday = datetime(2026, 11, 24, 8, tzinfo=UTC)
    had = {"one": MONDAY, "two": MONDAY}
    assert decided(MONDAY, had=had) == Wait(datetime(2026, 11, 25, 8, tzinfo=UTC))
    kept = decided(MONDAY, had=had, counts_from=tuesday)
    assert kept == Wait(datetime(2026, 11, 26, 8, tzinfo=UTC))


def test_a_second_lesson_asked_for_keeps_the_schedule_that_the_first_one_kept() -> None:
    tuesday = datetime(2026, 11, 24, 8, tzinfo=UTC)
    had = {"one": MONDAY, "two": MONDAY}
    kept = decided(MONDAY, had=had, counts_from=tuesday, asked=True, keeps=True)
    assert isinstance(kept, Owe)
    assert kept.counts_from == datetime(2026, 11, 26, 8, tzinfo=UTC)


def test_a_schedule_of_the_past_is_none_to_keep() -> None:
    late = MONDAY + timedelta(days=1, hours=12)
    kept = decided(late, had={"one": MONDAY}, asked=True, keeps=True)
    assert isinstance(kept, Owe)
    assert kept.counts_from is None


def test_what_is_late_and_meets_an_opening_is_due_then() -> None:
    """Due days ago, it would be taken back for being too late, and owed again, without an end."""
    opening = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)  # nine in Berlin
    owed = decided(opening, had={"one": MONDAY}, hint=MONDAY)
    assert isinstance(owed, Owe)
    assert owed.due_at == opening
