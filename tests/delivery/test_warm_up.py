"""A provider that is being warmed up gets a little more each day, and the rest waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from scheduler.pacing import Ramp, Rate
from tests.conftest import write_course, write_people

Open = Callable[..., Context]


@pytest.fixture
def project(empty_project: Path) -> Path:
    """One lesson at once for five people."""
    write_course(empty_project, delays=("at once",))
    write_people(empty_project, *(f"p{i}@example.org,Person {i}," for i in range(5)))
    return empty_project


@pytest.fixture
def warming(
    through_resend: Open, clock: SimulatedClock
) -> Callable[[int, float, int | None], Context]:
    """Return a function that opens the project with a warm-up that begins today."""

    def opening(first: int, growth: float, per_day: int | None) -> Context:
        ramp = Ramp(start=clock.now().date(), first=first, growth=growth)
        return replace(through_resend(), rates={"resend": Rate(per_day=per_day, ramp=ramp)})

    return opening


@pytest.mark.parametrize(
    ("first", "growth", "per_day", "sent"),
    [
        (1, 2.0, None, [1, 2, 2, 0]),
        (2, 2.0, None, [2, 3, 0, 0]),
        (1, 2.0, 1, [1, 1, 1, 1]),
        (50, 1.5, None, [5, 0, 0, 0]),
    ],
    ids=["from one", "from two", "held by the daily limit", "more than there are people"],
)
def test_each_day_takes_its_share_and_nobody_is_forgotten(
    warming: Callable[..., Context],
    resend: FakeResend,
    clock: SimulatedClock,
    first: int,
    growth: float,
    per_day: int | None,
    sent: list[int],
) -> None:
    context = warming(first, growth, per_day)
    got = []
    for _ in sent:
        for _ in range(2):  # a second pass of the day adds nothing
            Pass(context, patience=timedelta(0)).run()
        got.append(len(resend.accepted) - sum(got))
        clock.advance(timedelta(days=1))
    assert got == sent
    assert set(resend.accepted.values()) == {1}
