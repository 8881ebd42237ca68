"""What each outcome means for a batch: the table of the protocol."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypost.delivery.outcome import Next, after_error, may_repeat
from bypost.errors import NotSent, OutcomeUnknown, Refused, SendError, Throttled
from bypost.model.message import Events, Key, Nothing, Search, SendClass

KEY = Key(timedelta(hours=24))
NOW = datetime(2026, 11, 23, tzinfo=UTC)
FIRST = timedelta(seconds=30)


def next_of(error: SendError, *, ambiguous: bool, send_class: SendClass = KEY) -> Next:
    return after_error(
        error, ambiguous=ambiguous, send_class=send_class, attempts=1, first_retry=FIRST
    ).next


@pytest.mark.parametrize("error", [NotSent("x"), Throttled("x"), Refused("x")])
def test_a_clear_no_leaves_a_clear_batch_clear_and_an_ambiguous_one_ambiguous(
    error: SendError,
) -> None:
    assert next_of(error, ambiguous=False) is Next.AGAIN
    assert next_of(error, ambiguous=True) is Next.REPEAT


@pytest.mark.parametrize(
    ("send_class", "expected"),
    [
        (KEY, Next.REPEAT),
        (Search(timedelta(minutes=1)), Next.UNKNOWN),
        (Events(), Next.UNKNOWN),
        (Nothing(), Next.UNKNOWN),
    ],
)
def test_no_answer_is_repeated_only_where_a_key_makes_that_safe(
    send_class: SendClass, expected: Next
) -> None:
    assert next_of(OutcomeUnknown("x"), ambiguous=False, send_class=send_class) is expected


def test_only_a_refusal_of_the_whole_request_opens_the_breaker() -> None:
    errors = [NotSent("n"), Throttled("t"), OutcomeUnknown("o"), Refused("the reason")]
    breakers = [
        after_error(e, ambiguous=False, send_class=KEY, attempts=1, first_retry=FIRST).breaker
        for e in errors
    ]
    assert breakers == ["", "", "", "the reason"]


def test_retry_after_is_kept_to_the_second_and_told_to_everybody() -> None:
    verdict = after_error(
        Throttled("x", retry_after=timedelta(seconds=7)),
        ambiguous=False,
        send_class=KEY,
        attempts=5,
        first_retry=FIRST,
    )
    assert verdict.wait == verdict.pause == timedelta(seconds=7)


@given(attempts=st.integers(1, 200))
def test_waits_grow_and_never_pass_an_hour(attempts: int) -> None:
    def wait(n: int) -> timedelta:
        return after_error(
            NotSent("x"), ambiguous=False, send_class=KEY, attempts=n, first_retry=FIRST
        ).wait

    assert FIRST <= wait(attempts) <= wait(attempts + 1) <= timedelta(hours=1)


def test_a_key_is_trusted_only_well_within_its_lifetime() -> None:
    assert may_repeat(KEY, NOW, NOW + timedelta(hours=16))
    assert not may_repeat(KEY, NOW, NOW + timedelta(hours=17))
    assert may_repeat(Key(None), NOW, NOW + timedelta(days=900))
    assert not may_repeat(Nothing(), NOW, NOW)
