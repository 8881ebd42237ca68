"""What is made of an answer, or of none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from bypost.delivery import claim, outcome
from bypost.delivery.outcome import Next, Verdict
from bypost.store import Connection, Row, binding, ledger
from bypost.store.schema import batches
from tests.mutation.mutation import mutation

_DELIVER = "tests/delivery/test_deliver.py::"
_OUTCOME = "tests/delivery/test_outcome.py::"
_CRASH = "tests/delivery/test_crash_points.py::test_with_a_key_or_a_search_everybody_has_it_once"


@mutation(
    "A clear refusal does not clear an earlier ambiguity",
    without="after a clear no the batch starts anew, whatever came of the attempt before",
    missed_by=(
        f"{_OUTCOME}test_a_clear_no_leaves_a_clear_batch_clear_and_an_ambiguous_one_ambiguous",
        f"{_DELIVER}test_a_clear_refusal_does_not_clear_an_earlier_ambiguity",
    ),
)
def ambiguity(patch: pytest.MonkeyPatch) -> None:
    original = outcome.after_error

    def forget(error: Any, **known: Any) -> Verdict:
        return original(error, **{**known, "ambiguous": False})

    patch.setattr(outcome, "after_error", forget)


@mutation(
    "An intent that nobody recorded may have been accepted",
    without="whoever takes it over starts anew",
    missed_by=(f"{_CRASH}[key-answered-ok]", f"{_CRASH}[search-answered-ok]"),
)
def lost_intent(patch: pytest.MonkeyPatch) -> None:
    def unsent(connection: Connection, batch_id: int) -> Any:
        row = ledger.hold(connection, batch_id)
        if row is None or row["state"] != "sending":
            return row
        return {**row, "state": "pending"}

    patch.setattr(claim, "ledger", SimpleNamespace(**{**vars(ledger), "hold": unsent}))


@mutation(
    "Without a key nothing is repeated",
    without="after a lost answer it is sent again, as after a clear no",
    missed_by=(f"{_OUTCOME}test_no_answer_is_repeated_only_where_a_key_makes_that_safe",),
)
def never_repeated(patch: pytest.MonkeyPatch) -> None:
    original = outcome.after_error

    def again(error: Any, **known: Any) -> Verdict:
        verdict = original(error, **known)
        return replace(verdict, next=Next.AGAIN) if verdict.next is Next.UNKNOWN else verdict

    patch.setattr(outcome, "after_error", again)


@mutation(
    "A key is trusted for 70 % of its lifetime",
    without="it is trusted to the last second",
    missed_by=(
        f"{_OUTCOME}test_a_key_is_trusted_only_well_within_its_lifetime",
        (
            f"{_DELIVER}test_an_ambiguous_request_past_its_keys_lifetime_is_shown_as_unknown"
            "_and_never_repeated"
        ),
    ),
)
def key_margin(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outcome, "KEY_MARGIN", 1.0)


@mutation(
    "What may have been accepted stays with its provider",
    without="every open batch moves to the provider that is set now",
    missed_by=(
        (
            "tests/delivery/test_run.py::"
            "test_what_may_have_been_accepted_does_not_move_to_another_provider"
        ),
    ),
)
def same_provider(patch: pytest.MonkeyPatch) -> None:
    def all_of_others(
        connection: Connection, providers: Sequence[str], *, now: datetime, limit: int
    ) -> Sequence[Row]:
        others = select(batches).where(ledger.IS_OPEN, batches.c.provider.not_in(providers))
        return connection.execute(others.limit(limit)).mappings().all()

    patch.setattr(binding, "foreign", all_of_others)
