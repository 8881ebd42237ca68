"""What keeps one delivery one: a row, a lease with a number, a commit that lasts."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import URL, Engine, event

from bypost.delivery import claim, owe, owner, steps
from bypost.store import Connection, Row, binding, ledger, sqlite
from tests.mutation.mutation import mutation

_STORE = "tests/store/test_sqlite.py::TestSqlite::"
_DELIVER = "tests/delivery/test_deliver.py::"


@mutation(
    "One row for a person and a lesson",
    without="each delivery gets a copy number of its own, so that the unique key never bites",
    missed_by=(f"{_STORE}test_a_second_delivery_of_a_lesson_to_one_run_is_refused",),
)
def unique(patch: pytest.MonkeyPatch) -> None:
    original, numbers = binding.owe, itertools.count(1000)

    def owe_any_number(
        connection: Connection,
        batch: Mapping[str, Any],
        members: Sequence[Mapping[str, Any]],
        *,
        now: datetime,
    ) -> int:
        copies = [{**member, "copy": next(numbers)} for member in members]
        return original(connection, batch, copies, now=now)

    patch.setattr(binding, "owe", owe_any_number)


@mutation(
    "What is owed and where a course stands commit together",
    without="the hint to the next lesson commits first, the deliveries after it",
    missed_by=(
        (
            "tests/regressions/test_every_statement.py::"
            "test_after_a_crash_anywhere_the_next_passes_send_to_everybody_once[commit-key]"
        ),
    ),
)
def together(patch: pytest.MonkeyPatch) -> None:
    chunk, write = owe._owe_chunk, owe._write
    waiting: list[tuple[Any, ...]] = []

    def owe_nothing_yet(*everything: Any) -> int:
        waiting.clear()
        return chunk(*everything)

    def write_later(*everything: Any) -> None:
        waiting.append(everything)

    def and_now(label: str) -> None:
        late = [*waiting]
        waiting.clear()
        for context, _, *rest in late:
            with context.store.write() as connection:
                write(context, connection, *rest)
        steps.reached(label)

    patch.setattr(owe, "_owe_chunk", owe_nothing_yet)
    patch.setattr(owe, "_write", write_later)
    patch.setattr(owe, "reached", and_now)


@mutation(
    "Lease",
    without="a batch is taken although another process holds it",
    missed_by=(f"{_DELIVER}test_a_second_worker_gets_nothing_while_the_first_holds_the_lease",),
)
def lease(patch: pytest.MonkeyPatch) -> None:
    def only_its_time(batch: Row, now: datetime) -> datetime | None:
        next_try: datetime = batch["next_try"]
        return next_try if next_try > now else None

    patch.setattr(claim, "_held_until", only_its_time)


@mutation(
    "Only the lease of a dead process is taken before it runs out",
    without="every owner counts as dead",
    missed_by=(
        f"{_DELIVER}test_a_second_worker_gets_nothing_while_the_first_holds_the_lease",
        "tests/delivery/test_owner.py::test_this_process_is_not_gone",
        "tests/delivery/test_owner.py::test_another_machine_or_nonsense_is_never_taken_for_gone",
    ),
)
def live_owner(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(owner, "is_gone", lambda _owner: True)


@mutation(
    "Of two that take the same lease one gets it",
    without="taking a lease does not look at the number that it follows",
    missed_by=(f"{_STORE}test_a_lease_is_taken_once_and_its_fence_shuts_the_others_out",),
)
def taken_once(patch: pytest.MonkeyPatch) -> None:
    original = ledger.lease

    def follow_any(connection: Connection, batch_id: int, **values: Any) -> bool:
        row = ledger.batch(connection, batch_id)
        return row is not None and original(
            connection, batch_id, **{**values, "fence": row["fence"]}
        )

    patch.setattr(ledger, "lease", follow_any)


@mutation(
    "Fence",
    without="who lost the lease writes all the same",
    missed_by=(
        f"{_DELIVER}test_a_worker_that_lost_its_lease_writes_nothing_more",
        f"{_STORE}test_a_lease_is_taken_once_and_its_fence_shuts_the_others_out",
    ),
)
def fence(patch: pytest.MonkeyPatch) -> None:
    original = ledger.update_fenced

    def write_anyway(
        connection: Connection, batch_id: int, _fence: int, values: Mapping[str, Any]
    ) -> bool:
        row = ledger.batch(connection, batch_id)
        return row is not None and original(connection, batch_id, row["fence"], values)

    patch.setattr(ledger, "update_fenced", write_anyway)


@mutation(
    "A commit is on the disk",
    without="SQLite does not wait for the disk",
    missed_by=("tests/store/test_sqlite.py::test_the_file_is_in_wal_mode_and_a_commit_is_on_disk",),
)
def flush(patch: pytest.MonkeyPatch) -> None:
    original = sqlite._engine

    def hasty(url: URL, *, read_only: bool) -> Engine:
        made = original(url, read_only=read_only)
        event.listen(made, "connect", lambda c, _: c.execute("PRAGMA synchronous = OFF"))
        return made

    patch.setattr(sqlite, "_engine", hasty)
