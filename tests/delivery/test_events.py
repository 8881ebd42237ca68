"""What a provider's events do: to mails of unknown fate, to addresses, to what is owed next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bypost.delivery import events
from bypost.delivery.context import Context
from bypost.delivery.deliver import deliver
from bypost.delivery.owe import owe_lessons
from bypost.delivery.publish import publish
from bypost.delivery.run import Pass, importer
from bypost.model.event import EventKind
from bypost.store import counts, enrollments, subscribers
from bypost.store.schema import deliveries
from bypost.store.schema import events as table
from bypost.testing import fault
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from tests.conftest import MONDAY
from tests.delivery.desk import add_people, mails, numbers, owe_lesson, put, take, told, why_muted

Open = Callable[..., Context]

B, C, U, S = (
    EventKind.BOUNCED,
    EventKind.COMPLAINED,
    EventKind.UNSUBSCRIBED,
    EventKind.SOFT_BOUNCED,
)
#: The batch of lesson one, and its mail to the second person.
BATCH, MAIL = 1, 2
ANA = "p2@example.org"


@pytest.fixture
def context(empty_project: Path, open_context: Open) -> Context:
    """Five people have had lesson one."""
    opened = open_context(empty_project)
    with opened.store.write() as connection:
        assert owe_lesson(connection, add_people(connection, 5)) == BATCH
        put(connection, BATCH, "settled")
    return opened


@pytest.fixture
def course(project: Path, open_context: Open) -> Context:
    """The same with a real course behind it; the second person is ``p1@example.org``."""
    opened = open_context(project)
    assert Pass(opened).run().total.accepted == 5
    return opened


def mail(context: Context, number: int = MAIL) -> Mapping[str, Any]:
    with context.store.read() as connection:
        query = select(deliveries).where(deliveries.c.id == number)
        return connection.execute(query).mappings().one()


def recorded(context: Context) -> list[Mapping[str, Any]]:
    with context.store.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)).mappings())


def make(context: Context, state: str) -> None:
    with context.store.write() as connection:
        put(connection, BATCH, state)


def send_first_batch(context: Context) -> None:
    """Owe lesson one; let the mails 1 and 2 be the first request, while no other is under way."""
    now = context.clock.now()
    published = publish(context, now)
    importer(context, published).run(context.root / "subscribers.csv", now=now)
    owe_lessons(context, published.shapes)
    deliver(context, BATCH)


def owe_next(context: Context, clock: SimulatedClock) -> None:
    """Owe lesson two, send nothing."""
    clock.advance(timedelta(days=1))
    assert owe_lessons(context, publish(context, clock.now()).shapes) == 5


# Suppression


@pytest.mark.parametrize(
    ("kind", "reason"), [(B, "bounced"), (C, "complained"), (U, "left")], ids=str
)
def test_a_bounce_complaint_or_leaving_suppresses_the_address_at_once(
    context: Context, kind: EventKind, reason: str
) -> None:
    assert take(context, kind, MAIL, recipient="P2@Example.org") == 1
    assert why_muted(context, ANA) == reason
    assert why_muted(context, "p1@example.org") is None


@pytest.mark.parametrize("kind", [B, C, U], ids=str)
def test_what_is_owed_but_was_not_attempted_is_never_sent(
    course: Context, clock: SimulatedClock, kind: EventKind
) -> None:
    owe_next(course, clock)
    take(course, kind, MAIL)
    done = Pass(course).run().this_pass
    assert (done.accepted, done.cancelled) == (4, 1)
    clock.advance(timedelta(days=1))
    assert Pass(course).run().this_pass.accepted == 4


@pytest.mark.parametrize("kind", [B, C, U], ids=str)
def test_no_import_brings_back_whom_an_event_stopped(course: Context, kind: EventKind) -> None:
    take(course, kind, MAIL)
    file = course.root / "subscribers.csv"
    file.write_text(file.read_text().replace("Person 1", "Back again"), encoding="utf-8")
    Pass(course).run()
    assert why_muted(course, "p1@example.org") is not None
    with course.store.read() as connection:
        assert len(counts.of_subscriber(connection, 2)) == 1


@pytest.mark.parametrize("kind", sorted(set(EventKind) - {B, C, U}), ids=str)
def test_no_other_single_event_suppresses(context: Context, kind: EventKind) -> None:
    assert take(context, kind, MAIL, recipient=ANA) == 1
    assert why_muted(context, ANA) is None
    assert [row["kind"] for row in recorded(context)] == [kind]


def test_the_address_is_the_one_the_mail_went_to_not_the_persons_new_one(context: Context) -> None:
    with context.store.write() as connection:
        subscribers.change(
            connection, 2, {"email": "new@example.org", "email_key": "new@example.org"}
        )
    take(context, B, MAIL, recipient=ANA)
    assert why_muted(context, ANA) == "bounced"
    assert why_muted(context, "new@example.org") is None


@pytest.mark.parametrize("recipient", ["", ANA, " P2@EXAMPLE.ORG ", "P2@example.org"])
def test_an_address_is_recognised_however_it_is_written(context: Context, recipient: str) -> None:
    take(context, B, MAIL, recipient=recipient)
    assert why_muted(context, ANA) == "bounced"


def test_an_international_domain_is_recognised_in_either_form(context: Context) -> None:
    ascii_form = "ana@xn--bcher-kva.de"
    with context.store.write() as connection:
        subscribers.change(connection, 2, {"email": ascii_form, "email_key": ascii_form})
    take(context, B, None, recipient="Ana@Bücher.de")
    assert why_muted(context, ascii_form) == "bounced"


@pytest.mark.parametrize("ref", ["", "other123-2", "{tag}-999", "{tag}-", "nonsense"])
def test_an_event_about_a_mail_that_is_not_ours_counts_for_an_address_that_is(
    context: Context, ref: str
) -> None:
    ref = ref.format(tag=context.tag)
    take(context, C, None, ref=ref, recipient="p3@example.org")
    assert why_muted(context, "p3@example.org") is not None
    assert [row["delivery_id"] for row in recorded(context)] == [None]


@pytest.mark.parametrize("kind", [B, U, S, EventKind.OTHER], ids=str)
def test_an_event_about_nobody_and_nothing_of_ours_is_recorded_and_does_nothing(
    context: Context, kind: EventKind
) -> None:
    assert take(context, kind, None, ref="other123-2", recipient="somebody@example.net") == 1
    assert why_muted(context, "somebody@example.net") is None
    row = recorded(context)[0]
    assert (row["delivery_id"], row["raw"]) == (None, None)


def test_an_event_about_an_erased_person_is_kept_without_its_text(context: Context) -> None:
    with context.store.write() as connection:
        subscribers.change(connection, 2, {"email": None, "email_key": None, "status": "erased"})
    take(context, C, MAIL, recipient=ANA)
    take(context, EventKind.DELIVERED, 1)
    assert [row["raw"] for row in recorded(context)] == [None, {"to": ANA}]
    assert why_muted(context, ANA) == "complained", "no import revives them"


def test_what_outlives_erasure_holds_no_address(context: Context) -> None:
    words = "550 5.1.1 <p2@example.org> is unknown here"
    take(context, B, MAIL, recipient=ANA, detail=words)
    with context.store.read() as connection:
        found = connection.exec_driver_sql("SELECT detail FROM suppressions").scalar_one()
    assert found == f"resend: {context.reference(MAIL)}"


def test_leaving_by_the_providers_means_ends_all_memberships(context: Context) -> None:
    take(context, U, MAIL)
    with context.store.read() as connection:
        runs = enrollments.of_subscribers(connection, [1, 2])
    assert [run["status"] for run in runs] == ["active", "left"]


# Soft bounces


@pytest.fixture
def six(context: Context) -> list[int]:
    """The first person's mails of six lessons that were accepted, oldest first."""
    with context.store.write() as connection:
        found = [1]
        for number in range(2, 7):
            batch = owe_lesson(connection, [1], item=f"lesson-{number}")
            put(connection, batch, "settled")
            found += mails(connection, batch)
    return found


def muted_after(context: Context, soft: list[int], **values: Any) -> list[str | None]:
    """Let mails bounce softly one by one; return what stood against the address after each."""
    seen = []
    for number in soft:
        take(context, S, number, **values)
        seen.append(why_muted(context, "p1@example.org"))
    return seen


def test_three_soft_bounces_of_the_last_five_suppress_and_two_do_not(
    context: Context, six: list[int]
) -> None:
    assert muted_after(context, [six[1], six[5], six[3]]) == [None, None, "bounced"]


def test_a_soft_bounce_of_a_mail_before_the_last_five_does_not_count(
    context: Context, six: list[int]
) -> None:
    assert muted_after(context, [six[0], six[4], six[5]]) == [None] * 3


def test_soft_bounces_for_size_never_suppress(context: Context, six: list[int]) -> None:
    assert muted_after(context, six, too_large=True) == [None] * 6


def test_the_same_mail_bouncing_softly_thrice_is_one(context: Context) -> None:
    for _ in range(3):
        take(context, S, MAIL)
    assert why_muted(context, ANA) is None


# Unknown mails


@pytest.mark.parametrize("kind", [k for k in EventKind if k.proves_acceptance], ids=str)
def test_proof_that_a_mail_was_taken_over_settles_it_as_accepted(
    context: Context, kind: EventKind
) -> None:
    make(context, "unknown")
    take(context, kind, MAIL, provider_id="m-2")
    found = mail(context)
    assert (found["state"], found["provider_id"]) == ("accepted", "m-2")
    assert (numbers(context).accepted, numbers(context).unknown) == (1, 4)


def test_a_mail_that_its_provider_did_not_send_after_all_is_settled_as_failed(
    context: Context,
) -> None:
    make(context, "unknown")
    take(context, EventKind.REJECTED, MAIL, detail="the account is suspended")
    found = mail(context)
    assert found["state"] == "failed"
    assert found["detail"].endswith("did not send it: the account is suspended")
    assert (numbers(context).failed, numbers(context).unknown) == (1, 4)


@pytest.mark.parametrize(
    "order", list(permutations([EventKind.REJECTED, EventKind.OTHER, EventKind.DELIVERED]))
)
def test_proof_outweighs_a_rejection_whichever_is_told_first(
    context: Context, order: tuple[EventKind, ...]
) -> None:
    make(context, "unknown")
    for kind in order:
        take(context, kind, MAIL)
    assert mail(context)["state"] == "accepted"
    assert (numbers(context).accepted, numbers(context).failed) == (1, 0)


@pytest.mark.parametrize("kind", [EventKind.REJECTED, EventKind.OTHER, U], ids=str)
def test_an_accepted_mail_stays_accepted(context: Context, kind: EventKind) -> None:
    take(context, kind, MAIL)
    assert mail(context)["state"] is None
    assert numbers(context).accepted == 5


def test_a_mail_that_arrived_after_all_is_not_sent_a_second_time(
    course: Context, clock: SimulatedClock
) -> None:
    owe_next(course, clock)
    with course.store.read() as connection:
        waiting = counts.of_subscriber(connection, 2)[-1]["id"]
    take(course, EventKind.DELIVERED, waiting)
    assert numbers(course).accepted == 6
    done = Pass(course).run()
    assert (done.this_pass.accepted, done.total.accepted) == (4, 10)


@pytest.mark.parametrize(
    ("kind", "accepted", "failed"),
    [(EventKind.DELIVERED, 1, 0), (B, 1, 0), (EventKind.REJECTED, 0, 1), (EventKind.OTHER, 0, 0)],
    ids=str,
)
def test_an_event_before_our_own_answer_waits_until_the_answer_is_lost(
    context: Context, kind: EventKind, accepted: int, failed: int
) -> None:
    make(context, "sending")
    take(context, kind, MAIL, provider_id="m-2")
    assert mail(context)["state"] is None
    assert numbers(context).pending == 5
    make(context, "unknown")
    with context.store.write() as connection:
        events.settle_from_events(connection, BATCH, MONDAY)
    found = numbers(context)
    assert (found.accepted, found.failed) == (accepted, failed)
    assert found.unknown == 5 - accepted - failed
    assert mail(context)["provider_id"] == "m-2"


@pytest.mark.parametrize("kind", [EventKind.DELIVERED, B, C], ids=str)
def test_an_event_that_is_faster_than_the_answer_acts_and_the_answer_is_recorded(
    through_resend: Open, resend: FakeResend, kind: EventKind
) -> None:
    context = through_resend()

    def tell(number: int) -> fault.Fault | None:
        if number == 0:
            take(context, kind, MAIL, provider_id="told first")
        return None

    resend.script = fault.Script(tell)
    send_first_batch(context)
    assert (numbers(context).accepted, numbers(context).pending) == (2, 3)
    assert (why_muted(context, "p1@example.org") is None) == (kind is EventKind.DELIVERED)
    assert mail(context)["provider_id"] != "told first", "the answer's own id is the one to keep"


def test_what_was_heard_before_settles_a_request_whose_answer_never_comes(
    through_resend: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = through_resend()

    def tell_and_hang_up(number: int) -> fault.Fault | None:
        if number:
            return None
        take(context, EventKind.DELIVERED, 1)
        take(context, EventKind.REJECTED, 2)
        return fault.reset(accept=True)

    resend.script = fault.Script(tell_and_hang_up)
    send_first_batch(context)
    assert numbers(context).pending == 5
    clock.advance(timedelta(hours=17))  # past the key's lifetime with its margin
    found = Pass(context).run().total
    assert (found.accepted, found.failed, found.unknown) == (4, 1, 0)
    assert sorted(resend.accepted.values()) == [1] * 5


# Repeats


def test_the_same_event_told_again_is_answered_and_does_nothing(context: Context) -> None:
    one = told(context, B, MAIL)
    assert events.take(context, "resend", [one, one]) == 1
    with context.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM suppressions")  # an operator's decision
    assert events.take(context, "resend", [one]) == 0
    assert why_muted(context, ANA) is None


def test_more_events_than_fit_a_transaction_are_all_taken(context: Context) -> None:
    many = [told(context, EventKind.OPENED, 1 + n % 5) for n in range(2 * events.CHUNK + 1)]
    assert events.take(context, "resend", many) == len(many)
    assert len(recorded(context)) == len(many)
