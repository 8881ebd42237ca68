"""The shape of the code: whose packages these are, who may import whom, how long a file gets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import bypost
import scheduler

CHECKOUT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path
    for package in ("bypost", "scheduler")
    for path in (CHECKOUT / package).rglob("*.py")
    if "migrations" not in path.parts
)


def test_both_packages_come_from_this_checkout() -> None:
    # `scheduler` is a common name: one that is installed elsewhere must not stand in for ours.
    found = {Path(str(module.__file__)).resolve().parent.parent for module in (bypost, scheduler)}
    assert found == {CHECKOUT}


def test_every_import_contract_holds() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_the_front_door_stays_thin() -> None:
    assert len((CHECKOUT / "send.py").read_text(encoding="utf-8").splitlines()) < 40


def test_importing_the_front_door_does_nothing(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); import send; print(len(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; assert 'typer' not in sys.modules"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_there_are_sources_to_look_at() -> None:
    assert len(SOURCES) > 60


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_a_file_has_one_noun_and_at_most_350_lines(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 350
    assert path.stem not in {"utils", "util", "common", "helpers", "helper", "misc", "tools"}


@pytest.mark.parametrize("word", ["subscriber", "lesson", "provider", "email"])
def test_the_scheduler_does_not_know_what_it_is_used_for(word: str) -> None:
    for path in SOURCES:
        if path.is_relative_to(CHECKOUT / "scheduler"):
            assert word not in path.read_text(encoding="utf-8").casefold(), path


def test_now_is_asked_of_one_place_only() -> None:
    asking = [
        str(path.relative_to(CHECKOUT))
        for path in SOURCES
        if any(call in path.read_text(encoding="utf-8") for call in (".now(UTC)", "time.time()"))
    ]
    assert asking == ["scheduler/clock.py"]
