"""What is looked at before the first byte of a request leaves, and in its last moment."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bypost import http
from bypost.delivery import claim, gate, intent, record
from bypost.delivery.claim import Claim, Progress
from bypost.delivery.context import Context
from bypost.delivery.intent import Request
from bypost.providers.base import Provider
from bypost.store import Connection, Row
from tests.mutation.mutation import mutation

_DELIVER = "tests/delivery/test_deliver.py::"
_HTTP = "tests/test_http.py::"
_SAFEGUARDS = "tests/delivery/test_safeguards.py::"
_CRASH = "tests/delivery/test_crash_points.py::test_with_a_key_or_a_search_everybody_has_it_once"


@mutation(
    "Gate: the last look before a first attempt",
    without="whoever is in the batch is mailed",
    missed_by=(f"{_DELIVER}test_no_first_attempt_starts_after_a_leave_has_committed",),
)
def gate_at_all(patch: pytest.MonkeyPatch) -> None:
    def everybody(
        _context: Context,
        _connection: Connection,
        _batch: Row,
        members: Sequence[gate.Who],
        _: datetime,
    ) -> gate.Verdict[gate.Who]:
        return gate.Verdict(members, {}, ())

    patch.setattr(gate, "look", everybody)


@mutation(
    "Gate once more, in the transaction of the intent",
    without="what was decided before the mails were built counts",
    missed_by=(f"{_SAFEGUARDS}test_whoever_leaves_while_the_mails_are_built_is_not_among_them",),
)
def gate_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gate.Verdict, "agrees_with", lambda _now, _before: True)


@mutation(
    "Intent: members and bytes are committed before the first byte leaves",
    without="they are written after the request, with the answer",
    missed_by=(f"{_CRASH}[search-answered-ok]", f"{_CRASH}[key-answered-ok]"),
)
def intent_first(patch: pytest.MonkeyPatch) -> None:
    write, answer, failure = intent._write_intent, record.answer, record.failure
    waiting: dict[tuple[int, int], Callable[[Connection], Request | None]] = {}

    def write_later(
        context: Context,
        connection: Connection,
        provider: Provider,
        taken: Claim,
        draft: intent._Draft,
        now: datetime,
    ) -> Request | None:
        def act(real: Connection) -> Request | None:
            return write(context, real, provider, taken, draft, now)

        point = connection.begin_nested()
        request = act(connection)
        if request is None:
            point.commit()
            return None
        point.rollback()
        waiting[taken.batch["id"], taken.fence] = act
        return request

    def catch_up(context: Context, taken: Claim) -> None:
        if act := waiting.pop((taken.batch["id"], taken.fence), None):
            with context.store.write() as connection:
                act(connection)

    def answer_late(context: Context, taken: Claim, *rest: Any) -> None:
        catch_up(context, taken)
        answer(context, taken, *rest)

    def fail_late(context: Context, provider: Provider, taken: Claim, *rest: Any) -> Progress:
        catch_up(context, taken)
        return failure(context, provider, taken, *rest)

    patch.setattr(intent, "_write_intent", write_later)
    patch.setattr(record, "answer", answer_late)
    patch.setattr(record, "failure", fail_late)


@mutation(
    "A process that stood still for half its lease sends nothing",
    without="it sends, however long ago it took the lease",
    missed_by=(f"{_DELIVER}test_a_process_that_stood_still_for_half_its_lease_sends_nothing",),
)
def deadline(patch: pytest.MonkeyPatch) -> None:
    take = claim.take

    def for_ever(context: Context, batch_id: int) -> Claim | Progress:
        taken = take(context, batch_id)
        return replace(taken, started=math.inf) if isinstance(taken, Claim) else taken

    patch.setattr(claim, "take", for_ever)


@mutation(
    "A body that is asked for too late does not leave",
    without="it leaves whenever the connection stands",
    missed_by=(f"{_HTTP}test_a_body_does_not_leave_after_the_process_or_the_machine_stood_still",),
)
def body_deadline(patch: pytest.MonkeyPatch) -> None:
    original = http._Body.__init__

    def patient(self: http._Body, content: bytes, in_time: Callable[[], bool]) -> None:
        original(self, content, lambda: in_time() or True)

    patch.setattr(http._Body, "__init__", patient)


@mutation(
    "A call that was given up takes its body along",
    without="its body may leave after its caller was told that nothing did",
    missed_by=(f"{_SAFEGUARDS}test_a_call_that_was_given_up_sends_nothing",),
)
def body_cancel(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(http._Body, "cancel", lambda _self: None)


@mutation(
    "A lost answer is repeated with the same bytes",
    without="the mails are composed anew, under the same key",
    missed_by=(
        f"{_SAFEGUARDS}test_a_repeat_carries_the_bytes_of_then_whatever_was_edited_since",
        f"{_CRASH}[key-answered-ok]",
    ),
)
def freeze(patch: pytest.MonkeyPatch) -> None:
    commit = intent.commit

    def compose_anew(context: Context, provider: Provider, taken: Claim) -> Request | None:
        melted = {**taken.batch, "frozen": None}
        return commit(context, provider, replace(taken, batch=melted))  # type: ignore[arg-type]

    patch.setattr(intent, "commit", compose_anew)


@mutation(
    "A lost answer is repeated under the same key",
    without="each attempt has a key of its own",
    missed_by=(
        (
            f"{_DELIVER}test_after_an_answer_that_never_came_the_same_key_and_bytes_are_repeated"
            "[500-accepted]"
        ),
    ),
)
def same_key(patch: pytest.MonkeyPatch) -> None:
    key, numbers = intent._key, itertools.count(1)
    patch.setattr(intent, "_key", lambda *of: f"{key(*of)}-{next(numbers)}")


@mutation(
    "Without a key a request carries few people",
    without="it carries as many as the provider takes",
    missed_by=(f"{_SAFEGUARDS}test_without_a_key_a_lost_answer_leaves_only_a_few_unknown",),
)
def few_without_key(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Context, "most", lambda _self, provider: provider.batch_size)
