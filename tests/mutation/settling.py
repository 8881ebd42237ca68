"""What is believed about mails of unknown fate, and what stops a whole pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from bypost.delivery import clock_step, disk, events, instance
from bypost.delivery.context import Context
from bypost.delivery.reconcile import _Asked
from bypost.store import Connection, Row, settle
from tests.mutation.mutation import mutation

_RECONCILE = "tests/delivery/test_reconcile.py::"


@mutation(
    "Quiet period",
    without="the provider is asked at once, and not there means never will be",
    missed_by=(f"{_RECONCILE}test_nothing_is_asked_before_the_quiet_period_is_over",),
)
def quiet(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Context, "quiet", timedelta(0))


@mutation(
    "Whoever stood still while asking does not believe that nothing is there",
    without="an answer is believed, however old it is",
    missed_by=(
        (
            f"{_RECONCILE}test_a_process_that_stood_still_while_asking_does_not_believe"
            "_that_nothing_is_there"
        ),
    ),
)
def fresh_answer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_Asked, "_time", lambda _self: None)


@mutation(
    "Owing again is bound to the batch that was asked about",
    without="a mail is owed again from whatever batch it is unknown in by now",
    missed_by=(
        (
            f"{_RECONCILE}test_a_late_answer_about_a_batch_whose_mails_are_in_another_one"
            "_changes_nothing"
        ),
    ),
)
def owe_again_bound(patch: pytest.MonkeyPatch) -> None:
    original = settle.owe_again

    def from_any(connection: Connection, _asked: int, ids: Sequence[int], **rest: Any) -> int:
        groups = defaultdict(list)
        for row in settle.unknown_of(connection, ids):
            groups[row["batch_id"]].append(row["id"])
        return sum(original(connection, one, mine, **rest) for one, mine in groups.items())

    patch.setattr(settle, "owe_again", from_any)


@mutation(
    "Proof of acceptance settles only what is open",
    without="it settles anew what is settled or about to be recorded",
    missed_by=(
        (
            "tests/delivery/test_events.py::"
            "test_an_event_that_is_faster_than_the_answer_acts_and_the_answer_is_recorded"
        ),
    ),
)
def only_open(patch: pytest.MonkeyPatch) -> None:
    original = settle._open

    def any_state(
        connection: Connection, ids: Sequence[int], _states: Sequence[str], also: str = ""
    ) -> Iterable[Row]:
        everything = ("unknown", "pending", "sending", "settled")
        return original(connection, ids, everything, also)

    patch.setattr(settle, "_open", any_state)
    patch.setattr(events, "_may_settle", lambda _delivery: True)


@mutation(
    "Proof about a request that is being repeated waits for its answer",
    without="the delivery is settled and its request repeated all the same",
    missed_by=(
        (
            "tests/delivery/test_safeguards.py::"
            "test_a_request_is_repeated_whole_though_an_event_told_of_one_of_its_mails"
        ),
    ),
)
def repeat_tells(patch: pytest.MonkeyPatch) -> None:
    original = settle._open

    def clear(*everything: Any, **also: Any) -> Iterable[Any]:
        for row in original(*everything, **also):
            yield {**row, "ambiguous": False}

    patch.setattr(settle, "_open", clear)


@mutation(
    "A copied or restored database sends nothing",
    without="a pass begins wherever the database lies",
    missed_by=(
        "tests/delivery/test_instance.py::test_a_copy_elsewhere_is_mute_and_says_what_to_do",
    ),
)
def instance_guard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(instance, "check", lambda _context: None)


@mutation(
    "Nothing is taken up on a disk that is nearly full",
    without="the disk is not looked at",
    missed_by=(
        (
            "tests/delivery/test_disk.py::"
            "test_a_disk_that_fills_up_amid_a_pass_leaves_the_rest_pending_and_nothing_unknown"
        ),
    ),
)
def room(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(disk, "shortage", lambda _context: "")


@mutation(
    "A clock that was set back is noticed",
    without="what is dated ahead of now stays so",
    missed_by=(
        (
            "tests/delivery/test_clock_steps.py::"
            "test_the_lifetime_of_a_key_is_counted_from_the_right_instant"
        ),
    ),
)
def clock_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(clock_step, "notice", lambda _context: "")
