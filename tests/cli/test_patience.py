"""A command that goes on waits for a database that starts at the same time, but not for ever."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bypost import project as module
from bypost.cli import patience
from bypost.cli.patience import open_patiently
from bypost.errors import StoreAway, StoreError


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_AGAIN", 0.01)


def opening(monkeypatch: pytest.MonkeyPatch, *troubles: StoreError) -> list[Path]:
    """Let opening a project fail like this, and then go well."""
    tried: list[Path] = []

    def tried_once(root: Path) -> str:
        tried.append(root)
        if len(tried) <= len(troubles):
            raise troubles[len(tried) - 1]
        return "opened"

    monkeypatch.setattr(module, "open_project", tried_once)
    return tried


def test_it_waits_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = opening(monkeypatch, *[StoreAway("db: refused\n    start it")] * 3)
    assert open_patiently(tmp_path) == "opened"
    assert len(tried) == 4
    assert capsys.readouterr().err.count("waiting for the database: db: refused") == 1


def test_what_does_not_pass_by_itself_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried = opening(monkeypatch, StoreError("db: authentication failed"))
    with pytest.raises(StoreError, match="authentication"):
        open_patiently(tmp_path)
    assert len(tried) == 1


def test_it_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(patience, "LONGEST_AWAY", timedelta(seconds=0.05))
    opening(monkeypatch, *[StoreAway("db: refused")] * 1000)
    with pytest.raises(StoreAway):
        open_patiently(tmp_path)
