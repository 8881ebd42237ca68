"""What is worked out beside a page: once at a time, shown when it is there, told when it fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from bypost.errors import SettingsError
from bypost.web.desk.beside import Beside, Work


def over(look: Callable[[], Work[int]]) -> Work[int]:
    """Return the work once it is over."""
    until = time.monotonic() + 60
    while not look().is_over:
        assert time.monotonic() < until
        time.sleep(0.005)
    return look()


def _same(work: Work[int]) -> Work[int]:
    return work


@pytest.fixture
def beside() -> Beside[int]:
    return Beside[int](fresh=1000)


def test_what_is_quick_is_there_at_once(beside: Beside[int]) -> None:
    work = over(lambda: beside.work("sum", "a", lambda _: 42))
    assert (work.result, work.trouble) == (42, "")


def test_two_who_look_wait_for_the_same_work(beside: Beside[int]) -> None:
    go, begun = threading.Event(), []

    def slow(work: Work[int]) -> int:
        begun.append(work)
        work.count(7)
        go.wait(60)
        return 1

    first, second = (beside.work("sum", "a", slow) for _ in range(2))
    assert first is second
    assert not first.is_over
    go.set()
    assert over(lambda: first).result == 1
    assert (len(begun), first.done) == (1, 7)


def test_another_key_is_another_work_and_the_old_one_is_not_shown(beside: Beside[int]) -> None:
    assert over(lambda: beside.work("sum", "a", lambda _: 1)).result == 1
    assert over(lambda: beside.work("sum", "b", lambda _: 2)).result == 2


def test_a_result_is_good_for_a_while_and_then_made_anew() -> None:
    made = iter(range(1, 10))
    stale = Beside[int](fresh=0)
    assert over(lambda: stale.work("n", "", lambda _: next(made), old=True)).result == 1
    work = stale.work("n", "", lambda _: next(made))
    assert over(lambda: work).result == 2


def test_who_asks_for_it_anew_gets_it_anew(beside: Beside[int]) -> None:
    made = iter(range(1, 10))
    over(lambda: beside.work("n", "", lambda _: next(made)))
    work = beside.work("n", "", lambda _: next(made), anew=True)
    assert over(lambda: work).result == 2


def test_what_is_forgotten_is_made_anew(beside: Beside[int]) -> None:
    over(lambda: beside.work("n", "", lambda _: 1))
    beside.forget("n")
    assert over(lambda: beside.work("n", "", lambda _: 2)).result == 2


def test_why_there_is_no_result_is_told(beside: Beside[int]) -> None:
    def refuse(_: Work[int]) -> int:
        raise SettingsError("the file cannot be read")

    work = over(lambda: beside.work("n", "", refuse))
    assert (work.result, work.trouble) == (None, "the file cannot be read")


def test_a_mistake_of_ours_ends_the_waiting_and_is_logged(
    beside: Beside[int], caplog: pytest.LogCaptureFixture
) -> None:
    work = over(lambda: beside.work("n", "", lambda _: 1 // 0))
    assert "the log says why" in work.trouble
    assert "ZeroDivisionError" in caplog.text


def test_only_so_many_results_are_kept(beside: Beside[int]) -> None:
    for number in range(30):
        work = beside.work(str(number), "", lambda _, number=number: number)
        over(partial(_same, work))
    assert over(lambda: beside.work("0", "", lambda _: 99)).result == 99
    assert over(lambda: beside.work("29", "", lambda _: 99)).result == 29
