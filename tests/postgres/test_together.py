"""Who writes beside whom: bringing batches runs together, everything else alone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest

from bypost.store import Store, budgets, ledger
from scheduler.clock import SystemClock
from scheduler.pacing import Budget
from tests.contracts.rows import NOON, add_people, lessons, owe

#: Seconds for which somebody who must wait is watched.
_WATCHED = 0.3


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def a_batch(store: Store) -> int:
    with store.write() as connection:
        return owe(connection, lessons(connection, add_people(connection, 1)))


def test_two_batches_are_written_at_once(store: Store) -> None:
    one, other = a_batch(store), a_batch(store)
    with store.write(together=True) as first, store.write(together=True) as second:
        assert ledger.hold(first, one) is not None
        assert ledger.hold(second, other) is not None


def test_a_batch_in_somebodys_hand_is_passed_over_and_not_waited_for(store: Store) -> None:
    batch = a_batch(store)
    with store.write(together=True) as first, store.write(together=True) as second:
        assert ledger.hold(first, batch) is not None
        assert ledger.hold(second, batch) is None
    with store.write(together=True) as later:
        assert ledger.hold(later, batch) is not None


@pytest.mark.parametrize("together", [True, False])
def test_who_writes_alone_waits_for_all_others_and_they_for_it(
    store: Store, pool: ThreadPoolExecutor, together: bool
) -> None:
    def enter() -> bool:
        with store.write(together=not together):
            return True

    with store.write(together=together):
        waiting = pool.submit(enter)
        assert not wait([waiting], timeout=_WATCHED).done
    assert waiting.result()


def test_a_budget_is_taken_from_by_one_at_a_time(store: Store, pool: ThreadPoolExecutor) -> None:
    def take() -> float:
        with store.write(together=True) as connection:
            budget, _ = budgets.hold(connection, "resend")
            budgets.save(connection, "resend", Budget(tokens=budget.tokens + 1, updated_at=NOON))
            return budget.tokens

    with store.write(together=True) as connection:  # the row is not there yet
        budget, _ = budgets.hold(connection, "resend")
        waiting = pool.submit(take)
        assert not wait([waiting], timeout=_WATCHED).done
        budgets.save(connection, "resend", Budget(tokens=budget.tokens + 1, updated_at=NOON))
    assert waiting.result() == 1
    with store.read() as connection:
        assert budgets.load(connection, "resend")[0].tokens == 2


def test_what_is_read_stays_as_it_was_however_much_is_written_meanwhile(store: Store) -> None:
    with store.read() as connection:
        before = ledger.ready(connection, NOON, 10)
        a_batch(store)
        assert ledger.ready(connection, NOON, 10) == before


def test_the_clock_is_the_servers(store: Store) -> None:
    clock = store.clock(SystemClock())
    with store.read() as connection:
        told = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    assert abs(clock.now() - told) < timedelta(seconds=5)
    assert clock.now().tzinfo is not None
