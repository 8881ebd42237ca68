"""What scheduler/ may not know: our nouns, our packages, and the machine's time."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import scheduler

FILES = sorted(Path(scheduler.__file__).parent.glob("**/*.py"))
FORBIDDEN = ("subscriber", "lesson", "provider", "mail", "message", "course")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_the_scheduler_has_its_nine_nouns_and_no_others() -> None:
    assert [path.stem for path in FILES] == [
        "__init__", "backoff", "cadence", "clock", "pacing", "runner", "season", "slots",
        "wall", "window",
    ]  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_scheduler_never_speaks_of_what_it_schedules(path: Path) -> None:
    text = path.read_text().lower()
    assert [word for word in FORBIDDEN if word in text] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_scheduler_imports_nothing_of_ours(path: Path) -> None:
    assert [name for name in imports(path) if name.split(".")[0] == "bypost"] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_the_runner_imports_apscheduler(path: Path) -> None:
    found = any(name.split(".")[0] == "apscheduler" for name in imports(path))
    assert found == (path.stem == "runner")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_the_clock_asks_the_machine_for_the_time(path: Path) -> None:
    asks = {"datetime.now", "datetime.utcnow", "date.today", "datetime.today"}
    found = any(call in asks or call.startswith("time.") for call in calls(path))
    assert found == (path.stem == "clock")
    assert ("time" in imports(path)) == (path.stem == "clock")
