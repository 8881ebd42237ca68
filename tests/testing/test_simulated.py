"""The simulated provider keeps its word: what it accepts, remembers, shows and tells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bypost.errors import NotSent, OutcomeUnknown, Refused, SendError, Throttled
from bypost.model.event import EventKind
from bypost.model.message import Events, Key, Nothing, Result, Search, SendClass
from bypost.testing import ending
from bypost.testing.ending import Ending, Request
from bypost.testing.simulated import SimulatedProvider
from scheduler.clock import SimulatedClock
from tests.contracts.provider import make_message

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLASSES: Sequence[SendClass] = [Key(lifetime=HOUR), Search(lag=HOUR), Events(), Nothing()]


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(START)


def send(
    provider: SimulatedProvider, *refs: str, key: str = "k", subject: str = "Same"
) -> Sequence[Result]:
    body = provider.prepare([make_message(ref, subject=subject) for ref in refs])
    return provider.send(body, count=len(refs), key=key)


@pytest.mark.parametrize("send_class", CLASSES, ids=lambda one: type(one).__name__)
def test_what_goes_well_is_accepted_with_an_id_each(
    clock: SimulatedClock, send_class: SendClass
) -> None:
    provider = SimulatedProvider(clock=clock, send_class=send_class)
    results = send(provider, "a", "b")
    assert [result.accepted for result in results] == [True, True]
    assert len({result.provider_id for result in results}) == 2
    assert provider.accepted == {"a": 1, "b": 1}
    assert [(taken.at, taken.key) for taken in provider.log] == [(START, "k")] * 2


def test_the_same_key_and_bytes_within_the_lifetime_are_answered_as_before(
    clock: SimulatedClock,
) -> None:
    provider = SimulatedProvider(clock=clock, send_class=Key(lifetime=HOUR))
    first = send(provider, "a")
    clock.advance(HOUR - timedelta(seconds=1))
    assert send(provider, "a") == first
    assert provider.accepted == {"a": 1}


def test_a_key_is_forgotten_with_its_lifetime_even_if_the_senders_clock_is_set_back(
    clock: SimulatedClock,
) -> None:
    provider = SimulatedProvider(clock=clock, send_class=Key(lifetime=HOUR))
    send(provider, "a")
    clock.advance(HOUR)
    clock.step_back(HOUR)
    send(provider, "a")
    assert provider.accepted == {"a": 2}


def test_the_same_key_with_other_bytes_is_refused(clock: SimulatedClock) -> None:
    provider = SimulatedProvider(clock=clock)
    send(provider, "a")
    with pytest.raises(Refused) as caught:
        send(provider, "a", subject="Other")
    assert caught.value.status == 409
    assert provider.accepted == {"a": 1}


def test_a_provider_that_does_not_compare_bytes_takes_nothing_over_twice(
    clock: SimulatedClock,
) -> None:
    provider = SimulatedProvider(clock=clock, send_class=Key(lifetime=None, same_bytes=False))
    first = send(provider, "a")
    clock.advance(timedelta(days=900))
    assert send(provider, "a", subject="Other") == first
    assert provider.accepted == {"a": 1}


@pytest.mark.parametrize("send_class", CLASSES[1:], ids=lambda one: type(one).__name__)
def test_without_keys_a_repeated_request_is_a_second_mail(
    clock: SimulatedClock, send_class: SendClass
) -> None:
    provider = SimulatedProvider(clock=clock, send_class=send_class)
    send(provider, "a")
    send(provider, "a")
    assert provider.accepted == {"a": 2}


@pytest.mark.parametrize(
    ("how", "error", "accepted"),
    [
        (ending.lost(accepted=True), OutcomeUnknown, 1),
        (ending.lost(accepted=False), OutcomeUnknown, 0),
        (ending.not_sent(), NotSent, 0),
        (ending.throttled(), Throttled, 0),
        (ending.throttled(None), Throttled, 0),
        (ending.refused(401), Refused, 0),
        (ending.refused(422), Refused, 0),
    ],
    ids=["lost, accepted", "lost", "not sent", "429 with a time", "429", "401", "422"],
)
def test_a_scripted_ending_meets_one_request_and_the_next_goes_well(
    clock: SimulatedClock, how: Ending, error: type[SendError], accepted: int
) -> None:
    provider = SimulatedProvider(clock=clock, send_class=Nothing(), script=[how])
    with pytest.raises(error) as caught:
        send(provider, "a")
    assert type(caught.value) is error
    assert provider.accepted["a"] == accepted
    send(provider, "b")
    assert provider.accepted["b"] == 1


def test_a_late_request_is_accepted_when_its_time_has_come_and_not_before(
    clock: SimulatedClock,
) -> None:
    provider = SimulatedProvider(clock=clock, send_class=Nothing(), script=[ending.late(HOUR)])
    with pytest.raises(OutcomeUnknown):
        send(provider, "a")
    clock.advance(HOUR - timedelta(seconds=1))
    assert not provider.accepted
    clock.advance(timedelta(days=1))
    assert [(taken.ref, taken.at) for taken in provider.log] == [("a", START + HOUR)]


def test_a_late_request_finds_its_key_taken_by_the_repeat(clock: SimulatedClock) -> None:
    provider = SimulatedProvider(clock=clock, script=[ending.late(HOUR)])
    with pytest.raises(OutcomeUnknown):
        send(provider, "a")
    send(provider, "a")
    clock.advance(2 * HOUR)
    assert provider.accepted == {"a": 1}


def test_a_request_that_was_not_taken_over_leaves_no_memory_of_its_key(
    clock: SimulatedClock,
) -> None:
    provider = SimulatedProvider(clock=clock, script=[ending.refused(422)])
    with pytest.raises(Refused):
        send(provider, "a")
    assert send(provider, "a", subject="Mended")[0].accepted


def test_some_are_refused_or_owed_and_the_others_are_accepted(clock: SimulatedClock) -> None:
    script = [ending.some_refused(0), ending.some_retried(1)]
    provider = SimulatedProvider(clock=clock, script=script)
    refused = send(provider, "a", "b", key="1")
    owed = send(provider, "c", "d", key="2")
    assert [(r.accepted, r.retry) for r in refused] == [(False, False), (True, False)]
    assert [(r.accepted, r.retry) for r in owed] == [(True, False), (False, True)]
    assert provider.accepted == {"b": 1, "c": 1}


def test_a_rule_sees_the_request_and_the_queue_comes_before_it(clock: SimulatedClock) -> None:
    def poisoned(request: Request) -> Ending | None:
        return ending.refused(422) if "bad" in request.refs else None

    provider = SimulatedProvider(clock=clock, send_class=Nothing(), script=poisoned)
    provider.script.add(ending.not_sent())
    with pytest.raises(NotSent):
        send(provider, "good")
    with pytest.raises(Refused):
        send(provider, "good", "bad")
    send(provider, "good")
    assert provider.accepted == {"good": 1}


def test_something_can_happen_between_the_acceptance_and_the_answer(
    clock: SimulatedClock,
) -> None:
    seen = []
    provider = SimulatedProvider(clock=clock)
    provider.script.add(ending.ok().and_then(lambda: seen.append(dict(provider.accepted))))
    send(provider, "a")
    assert seen == [{"a": 1}]


def test_a_search_sees_what_was_accepted_a_lag_ago(clock: SimulatedClock) -> None:
    provider = SimulatedProvider(clock=clock, send_class=Search(lag=HOUR))
    (sent,) = send(provider, "a")
    assert provider.find("a", to="", since=START) is None
    clock.advance(HOUR)
    found = provider.find("a", to="", since=START)
    assert found is not None
    assert (found.accepted, found.provider_id) == (True, sent.provider_id)
    assert provider.find("b", to="", since=START) is None
    assert provider.find("a", to="", since=START + timedelta(seconds=1)) is None
    assert provider.asked == ["a", "a", "b", "a"]


def test_a_question_may_stay_open(clock: SimulatedClock) -> None:
    provider = SimulatedProvider(clock=clock, send_class=Search(lag=HOUR))
    provider.questions.add(ending.lost(accepted=False), ending.throttled())
    for error in (OutcomeUnknown, Throttled):
        with pytest.raises(error):
            provider.find("a", to="", since=START)
    assert provider.find("a", to="", since=START) is None


def test_only_a_provider_that_can_be_searched_can_be_asked(clock: SimulatedClock) -> None:
    with pytest.raises(NotImplementedError, match="cannot be asked"):
        SimulatedProvider(clock=clock).find("a", to="", since=START)


def test_an_event_names_the_mail_and_is_the_same_when_it_is_told_twice(
    clock: SimulatedClock,
) -> None:
    provider = SimulatedProvider(clock=clock, send_class=Events())
    (sent,) = send(provider, "a")
    event = provider.event("a")
    assert (event.kind, event.ref, event.provider_id) == (
        EventKind.DELIVERED,
        "a",
        sent.provider_id,
    )
    assert event.recipient == "ann@example.org"
    assert event == provider.event("a")
    assert event.event_id != provider.event("a", EventKind.BOUNCED).event_id


def test_its_clock_may_be_ahead_of_the_senders(clock: SimulatedClock) -> None:
    provider = SimulatedProvider(clock=clock, skew=HOUR)
    send(provider, "a")
    assert provider.log[0].at == START + HOUR


def test_the_bytes_differ_where_anything_in_a_mail_differs(clock: SimulatedClock) -> None:
    provider = SimulatedProvider(clock=clock)
    bodies = {
        provider.prepare([make_message("a", **change)])
        for change in (
            {},
            {"html": "<p>Other</p>"},
            {"text": "Other"},
            {"headers": {}},
            {"date": START},
        )
    }
    assert len(bodies) == 5
