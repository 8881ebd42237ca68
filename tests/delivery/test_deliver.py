"""The protocol of one batch: whatever the provider answers, nobody twice and nobody missed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import chain, repeat
from pathlib import Path

import pytest

from bypost.delivery.claim import Blocked, Done, Later
from bypost.delivery.context import Context
from bypost.delivery.deliver import deliver
from bypost.delivery.owe import owe_lessons
from bypost.delivery.publish import publish
from bypost.delivery.run import Pass, importer
from bypost.people import leave
from bypost.store import counts, enrollments, ledger
from bypost.testing import fault
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock

Open = Callable[..., Context]


def owe(context: Context) -> list[int]:
    """Import and owe, send nothing; return the batches."""
    published = publish(context, context.clock.now())
    importer(context, published).run(context.root / "subscribers.csv", now=context.clock.now())
    owe_lessons(context, published.shapes)
    with context.store.read() as connection:
        return ledger.ready(connection, context.clock.now(), limit=100)


def numbers(context: Context) -> counts.Counts:
    with context.store.read() as connection:
        found = counts.count(connection)
    parts = found.accepted + found.failed + found.cancelled + found.unknown + found.pending
    assert found.owed == parts
    return found


def batch(context: Context, batch_id: int) -> ledger.RowMapping:
    with context.store.read() as connection:
        row = ledger.batch(connection, batch_id)
    assert row is not None
    return row


def test_a_batch_is_accepted_once_however_often_it_is_delivered(
    through_resend: Open, resend: FakeResend
) -> None:
    context = through_resend()
    first = owe(context)[0]
    for _ in range(3):
        assert deliver(context, first) == Done()
    assert sorted(resend.accepted.values()) == [1, 1]
    assert batch(context, first)["state"] == "settled"
    assert batch(context, first)["frozen"] is None


def test_the_references_at_the_provider_are_those_of_the_deliveries(
    through_resend: Open, resend: FakeResend
) -> None:
    context = through_resend()
    for one in owe(context):
        deliver(context, one)
    assert set(resend.accepted) == {context.reference(i) for i in range(1, 6)}


@pytest.mark.parametrize(
    "trouble",
    [
        fault.error(500, accept=False),
        fault.error(500, accept=True),
        fault.reset(accept=False),
        fault.reset(accept=True),
        fault.garbage(accept=True),
        fault.truncated(),
    ],
    ids=["500", "500-accepted", "reset", "reset-accepted", "garbage", "truncated"],
)
def test_after_an_answer_that_never_came_the_same_key_and_bytes_are_repeated(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock, trouble: fault.Fault
) -> None:
    context = through_resend()
    first = owe(context)[0]
    resend.script.add(trouble)
    assert isinstance(deliver(context, first), Later)
    held = batch(context, first)
    assert held["ambiguous"]
    assert held["frozen"] is not None
    clock.advance(timedelta(minutes=2))
    assert deliver(context, first) == Done()
    assert sorted(resend.accepted.values()) == [1, 1]
    one, two = list(resend.requests)[-2:]
    assert one.body == two.body
    assert one.headers["idempotency-key"] == two.headers["idempotency-key"]


def test_a_clear_refusal_does_not_clear_an_earlier_ambiguity(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    first = owe(context)[0]
    resend.script.add(fault.reset(accept=True), fault.throttled("7"))
    deliver(context, first)
    clock.advance(timedelta(minutes=2))
    deliver(context, first)
    assert batch(context, first)["ambiguous"]
    clock.advance(timedelta(minutes=5))
    assert deliver(context, first) == Done()
    assert sorted(resend.accepted.values()) == [1, 1]


def test_someone_who_left_after_an_ambiguous_attempt_gets_no_second_request_of_other_bytes(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    first = owe(context)[0]
    resend.script.add(fault.reset(accept=True))
    deliver(context, first)
    leave_course(context, subscriber_id=1)
    clock.advance(timedelta(minutes=2))
    deliver(context, first)
    assert sorted(resend.accepted.values()) == [1, 1]
    assert numbers(context).accepted == 2


def test_no_first_attempt_starts_after_a_leave_has_committed(
    through_resend: Open, resend: FakeResend
) -> None:
    context = through_resend()
    first = owe(context)[0]
    leave_course(context, subscriber_id=1)
    deliver(context, first)
    assert list(resend.accepted) == [context.reference(2)]
    assert numbers(context).cancelled == 1


def test_an_ambiguous_request_past_its_keys_lifetime_is_shown_as_unknown_and_never_repeated(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    first = owe(context)[0]
    resend.script.add(fault.reset(accept=True))
    deliver(context, first)
    clock.advance(timedelta(hours=17))  # the provider forgets after 24; our margin is 70 %
    assert deliver(context, first) == Done()
    assert numbers(context).unknown == 2
    assert sorted(resend.accepted.values()) == [1, 1]
    assert len(resend.requests) == 1


def test_429_pauses_the_whole_provider_for_as_long_as_it_asked(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    first, second = owe(context)[:2]
    resend.script.add(fault.throttled("7"))
    now = clock.now()
    assert deliver(context, first) == Later(now + timedelta(seconds=7), _words(context, first))
    waiting = deliver(context, second)
    assert isinstance(waiting, Later)
    assert waiting.everybody
    assert len(resend.requests) == 1
    clock.advance(timedelta(seconds=7))
    assert deliver(context, second) == Done()


@pytest.mark.parametrize("status", [401, 403, 413, 422])
def test_a_refusal_of_the_whole_request_leaves_it_pending_and_stops_the_provider(
    through_resend: Open, resend: FakeResend, status: int
) -> None:
    context = through_resend()
    first, second = owe(context)[:2]
    resend.script.add(fault.answer(status, '{"message": "no"}'))
    blocked = deliver(context, first)
    assert isinstance(blocked, Blocked)
    assert str(status) in blocked.reason
    assert isinstance(deliver(context, second), Blocked)
    assert numbers(context).pending == 5
    assert batch(context, first)["frozen"] is None
    assert len(resend.requests) == 1


def test_one_refused_recipient_fails_alone(
    project: object, through_resend: Open, resend: FakeResend
) -> None:
    context = through_resend()
    people = context.root / "subscribers.csv"
    people.write_text(people.read_text().replace("p1@", "bounce-now@"), encoding="utf-8")
    first = owe(context)[0]
    deliver(context, first)
    found = numbers(context)
    assert (found.accepted, found.failed) == (1, 1)
    assert list(resend.accepted) == [context.reference(1)]


def test_somebody_a_mail_cannot_be_made_for_fails_alone(
    project: Path, through_resend: Open, resend: FakeResend
) -> None:
    lesson = project / "lessons" / "letters" / "00-one.md"
    # Right for everybody but for those with a name of 7 letters.
    odd = "{{ 10 // (subscriber.name|length - 7) }}"
    lesson.write_text(lesson.read_text() + f"\nNumber {odd}.\n", encoding="utf-8")
    people = project / "subscribers.csv"
    people.write_text(people.read_text().replace("Person 1", "Madonna"), encoding="utf-8")
    context = through_resend()
    for batch_id in owe(context):
        deliver(context, batch_id)
    found = numbers(context)
    assert (found.accepted, found.failed) == (4, 1)


def test_a_batch_larger_than_the_provider_takes_now_is_bound_anew(
    through_resend: Open, resend: FakeResend
) -> None:
    large = through_resend(BYPOST_PROVIDERS__RESEND__BATCH_SIZE="5")
    (only,) = owe(large)
    small = through_resend()
    assert deliver(small, only) == Done()
    assert Pass(small).run().total.accepted == 5
    assert sorted(resend.accepted.values()) == [1] * 5
    assert len(resend.requests) == 3


def test_nothing_left_this_machine_means_it_may_be_built_anew(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend(BYPOST_PROVIDERS__RESEND__BASE_URL="http://127.0.0.1:9")
    first = owe(context)[0]
    assert isinstance(deliver(context, first), Later)
    held = batch(context, first)
    assert not held["ambiguous"]
    assert held["frozen"] is None
    assert held["next_try"] == clock.now() + timedelta(seconds=30)


def test_a_second_worker_gets_nothing_while_the_first_holds_the_lease(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    first = owe(context)[0]
    until = clock.now() + timedelta(seconds=30)
    with context.store.write() as connection:
        ledger.lease(connection, first, fence=0, until=until, owner="another machine")
    assert deliver(context, first) == Later(until)
    assert not resend.requests


def test_a_worker_that_lost_its_lease_writes_nothing_more(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    first = owe(context)[0]

    def steal(_number: int) -> fault.Fault | None:
        with context.store.write() as connection:
            until = clock.now() + timedelta(minutes=5)
            ledger.lease(connection, first, fence=1, until=until, owner="another machine")
        return None

    resend.script = fault.Script(steal)
    deliver(context, first)
    assert batch(context, first)["state"] == "sending"
    assert batch(context, first)["accepted"] == 0


def test_a_process_that_stood_still_for_half_its_lease_sends_nothing(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = through_resend()
    first = owe(context)[0]
    seconds = chain([0.0], repeat(61.0))
    monkeypatch.setattr(clock, "elapsed", lambda: next(seconds))
    assert isinstance(deliver(context, first), Later)
    assert not resend.requests
    assert not batch(context, first)["ambiguous"]


def test_pausing_before_the_first_attempt_owes_the_lesson_again_after_the_pause(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()
    first = owe(context)[0]
    until = clock.now() + timedelta(days=3)
    with context.store.write() as connection:
        enrollments.change(connection, 1, {"paused_until": until})
    deliver(context, first)
    assert list(resend.accepted) == [context.reference(2)]
    assert numbers(context).owed == 4
    Pass(context).run()
    clock.advance(timedelta(days=4))
    Pass(context).run()
    with context.store.read() as connection:
        mine = counts.of_subscriber(connection, 1)
    assert [row["item"] for row in mine] == ["one"]


def leave_course(context: Context, subscriber_id: int) -> None:
    with context.store.write() as connection:
        run = enrollments.of_subscribers(connection, [subscriber_id])[0]
        member = leave.find(connection, run["link_id"])
        assert member is not None
        leave.leave(connection, member, by="test", now=context.clock.now())


def _words(context: Context, batch_id: int) -> str:
    return str(batch(context, batch_id)["detail"])
