"""A crash before every statement and commit: the next pass finds the work in the database alone.

Bug 3 of the peers: the row was saved, the job was only in memory, and a restart in between lost the
send for ever (Ghost #30409, #29988, #27822).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from bypost.model.message import Key, Search, SendClass
from tests.delivery.stage import A_WHILE, Crash, Stage, Theatre

PEOPLE = 3
KEY = Key(lifetime=timedelta(hours=24))
SEARCH = Search(lag=timedelta(minutes=1))


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("theatre"), people=PEOPLE, delays=("at once", "1 day"))


class Countdown:
    """Dies before the n-th statement or commit of the writer."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, *_: Any) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash


@contextmanager
def dying(stage: Stage, name: str, after: int) -> Iterator[Countdown]:
    writer, countdown = stage.context.store._writer, Countdown(after)
    event.listen(writer, name, countdown)
    try:
        yield countdown
    finally:
        event.remove(writer, name, countdown)


@pytest.mark.parametrize("send_class", [KEY, SEARCH], ids=["key", "search"])
@pytest.mark.parametrize("name", ["before_cursor_execute", "commit"])
def test_after_a_crash_anywhere_the_next_passes_send_to_everybody_once(
    theatre: Theatre, name: str, send_class: SendClass
) -> None:
    after, done = 0, False
    while not done:
        after += 1
        with theatre.stage(send_class) as stage:
            with dying(stage, name, after) as countdown:
                done = stage.survive() is not None
            assert done == (countdown.left > 0)
            for _ in range(4):
                stage.clock.advance(A_WHILE)
                stage.run()
            numbers = stage.numbers()
            assert (numbers.owed, numbers.accepted) == (PEOPLE, PEOPLE), after
            assert sorted(stage.provider.accepted.values()) == [1] * PEOPLE, after
    assert after > 6  # imported, rebound, owed, claimed, intended, recorded
