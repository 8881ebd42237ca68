"""A command that goes on waits for a database that starts at the same time, but not for ever."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bypost import project as module
from bypost.cli import opening
from bypost.cli.opening import open_to_send
from bypost.delivery.context import Context
from bypost.errors import StoreAway, StoreError


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_AGAIN", 0.01)


def failing(monkeypatch: pytest.MonkeyPatch, *troubles: StoreError) -> list[Path]:
    """Let opening a project fail like this, and then go well."""
    tried: list[Path] = []

    whole = module.open_project

    def tried_once(root: Path) -> Context:
        tried.append(root)
        if len(tried) <= len(troubles):
            raise troubles[len(tried) - 1]
        return whole(root)

    monkeypatch.setattr(module, "open_project", tried_once)
    return tried


def test_it_waits_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, empty_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = failing(monkeypatch, *[StoreAway("db: refused\n    start it")] * 3)
    with open_patiently(empty_project) as context:
        assert context.root == empty_project
    assert len(tried) == 4
    assert capsys.readouterr().err.count("waiting for the database: db: refused") == 1


def test_what_does_not_pass_by_itself_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried = failing(monkeypatch, StoreError("db: authentication failed"))
    with pytest.raises(StoreError, match="authentication"):
        open_patiently(tmp_path)
    assert len(tried) == 1


def test_it_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(opening, "LONGEST_AWAY", timedelta(seconds=0.05))
    failing(monkeypatch, *[StoreAway("db: refused")] * 1000)
    with pytest.raises(StoreAway):
        open_patiently(tmp_path)


def test_a_single_pass_does_not_wait(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tried = failing(monkeypatch, StoreAway("db: refused"))
    with pytest.raises(StoreAway):
        open_to_send(tmp_path, allow_local=True, patient=False)
    assert len(tried) == 1


def open_patiently(root: Path) -> Context:
    return open_to_send(root, allow_local=True, patient=True)
