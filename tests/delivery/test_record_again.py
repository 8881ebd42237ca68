"""An answer is written down when the database is back, as long as the lease lasts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bypost.delivery import record
from bypost.errors import StoreAway, StoreError
from bypost.model.message import Key
from bypost.store import Store, sqlite
from bypost.testing import ending
from tests.delivery.stage import A_WHILE, Stage, Theatre

KEY = Key(lifetime=timedelta(hours=24))
Break = Callable[..., list[str]]


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("record"))


@pytest.fixture
def stage(theatre: Theatre) -> Iterator[Stage]:
    with theatre.stage(KEY) as stage:
        yield stage


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Break:
    """Let the database be away for the first records; return what was tried."""

    def breaking(
        name: str, times: int, *, after: bool = False, kind: type = StoreAway
    ) -> list[str]:
        write = getattr(record, name)
        tried: list[str] = []

        def written(*words: Any) -> Any:
            tried.append(name)
            if len(tried) > times:
                return write(*words)
            if after:  # committed, and the word of it lost
                write(*words)
            raise kind("the database was restarted")

        monkeypatch.setattr(record, name, written)
        return tried

    return breaking


@pytest.mark.parametrize("after", [False, True], ids=["not-committed", "committed"])
def test_an_answer_is_written_down_when_the_database_is_back(
    stage: Stage, away: Break, after: bool
) -> None:
    tried = away("answer", 5, after=after)
    began = stage.clock.now()
    report = stage.run()
    assert report.this_pass.accepted == 3
    assert len(tried) == 6
    assert timedelta(0) < stage.clock.now() - began < stage.context.lease
    assert set(stage.provider.accepted.values()) == {1}


@pytest.mark.parametrize("after", [False, True], ids=["not-committed", "committed"])
def test_a_failure_is_written_down_too_and_tried_again_as_ever(
    stage: Stage, away: Break, after: bool
) -> None:
    stage.provider.script.add(ending.not_sent())
    away("failure", 3, after=after)
    stage.run(patience=timedelta(0))
    stage.clock.advance(A_WHILE)
    stage.run()
    assert stage.numbers().accepted == 3
    assert set(stage.provider.accepted.values()) == {1}


def test_after_the_lease_it_is_somebody_elses_and_nothing_is_sent_twice(
    stage: Stage, away: Break
) -> None:
    away("answer", 10_000)
    began = stage.clock.now()
    with pytest.raises(StoreAway):
        stage.run()
    assert stage.clock.now() - began <= stage.context.lease
    assert stage.numbers().pending == 3


def test_what_does_not_pass_by_itself_is_not_waited_for(stage: Stage, away: Break) -> None:
    tried = away("answer", 10_000, kind=StoreError)
    with pytest.raises(StoreError, match="restarted"):
        stage.run()
    assert tried == ["answer"]


@pytest.mark.sqlite
def test_a_file_that_others_hold_is_away_and_one_that_is_damaged_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_BUSY_MS", 1)
    held, damaged = tmp_path / "held.db", tmp_path / "damaged.db"
    damaged.write_bytes(b"no database at all" * 100)
    with closing(sqlite3.connect(held)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert isinstance(refusal(held), StoreAway)
    assert not isinstance(refusal(damaged), StoreAway)


def refusal(path: Path) -> StoreError:
    store = Store(f"sqlite:///{path}", root=path.parent)
    with pytest.raises(StoreError) as found, store.write():
        pass
    store.close()
    return found.value
