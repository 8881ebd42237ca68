"""The installed command as a process of its own: how it ends."""

from __future__ import annotations

import gc
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from bypost import __main__ as command

CHECKOUT = Path(__file__).resolve().parent.parent.parent


def test_the_installed_command_is_that_of_the_module() -> None:
    scripts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["scripts"]
    found = EntryPoint("bypost", scripts["bypost"], "console_scripts").load()
    assert found is command.run


def test_at_the_end_python_has_nothing_to_look_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "main", lambda: 7)
    try:
        assert command.run() == 7
        assert len(gc.get_objects()) < 1000
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()


@pytest.mark.process
@pytest.mark.sqlite
def test_a_command_closes_the_database_and_returns_its_code(empty_project: Path) -> None:
    def bypost(*words: str) -> int:
        python = [sys.executable, "-m", "bypost"]
        return subprocess.run([*python, *words], cwd=empty_project, check=False).returncode

    assert bypost("send", "--no-such-option") == 2
    assert bypost("send", "--json") == 0
    assert bypost("status") == 0
    assert [path.name for path in (empty_project / "var").glob("*.db*")] == ["bypost.db"]
