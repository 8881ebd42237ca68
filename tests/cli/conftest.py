"""A small project, and the command run in this process with its output taken apart."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from bypost.cli import main
from tests.conftest import write_course, write_people


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Return standard output as the one JSON object it has to be."""
        value = orjson.loads(self.out)
        assert isinstance(value, dict)
        return value


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("BYPOST_"):
            monkeypatch.delenv(name)


@pytest.fixture
def project(empty_project: Path) -> Path:
    write_course(empty_project)
    write_people(empty_project, *(f"p{i}@example.org,Person {i},Europe/Berlin" for i in range(3)))
    return empty_project


@pytest.fixture
def run(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run ``bypost`` with some words in the project's folder."""

    def running(*words: str, at: Path | None = None) -> Ran:
        capsys.readouterr()
        code = main([*words, "--project", str(at or project)])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Ran(code, out, err)

    return running


def everything(folder: Path) -> dict[str, bytes]:
    """Return every file under a folder with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
