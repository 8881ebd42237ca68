"""What ``make bench`` keeps, and what it only shows."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.bench import __main__ as bench
from tests.bench import kept, machine, report
from tests.bench.asked import Asked
from tests.bench.figure import Figure
from tests.bench.kept import Measured
from tests.bench.subjects import Subject
from tests.bench.test_compare import COST, RATE
from tests.bench.test_report import MACHINE

OLD = Measured(date="2026-01-01", machine=MACHINE, figures=[replace(COST, key="old")])


def fails(_: Asked) -> list[Figure]:
    raise RuntimeError("the disk is full")


SUBJECTS = {
    "one": Subject(title="One", method="", measure=lambda _: [RATE], usual=Asked(people=9)),
    "two": Subject(title="Two", method="", measure=fails),
    "three": Subject(title="Three", method="", measure=lambda _: [COST]),
}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[str, Measured]:
    """What is kept, from the beginning on."""
    found = {"one": OLD, "two": OLD}

    def write(new: Mapping[str, Measured]) -> None:
        found.update(new)

    monkeypatch.setattr(bench, "SUBJECTS", SUBJECTS)
    monkeypatch.setattr(kept, "read", lambda: dict(found))
    monkeypatch.setattr(kept, "write", write)
    monkeypatch.setattr(report, "write", lambda: None)
    monkeypatch.setattr(machine, "look", lambda: MACHINE)
    return found


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["bench", *words])
    return bench.main()


def test_one_subject_is_shown_and_not_kept(
    monkeypatch: pytest.MonkeyPatch,
    written: dict[str, Measured],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "--only", "one") == 0
    assert "acme: bodies" in capsys.readouterr().out
    assert written == {"one": OLD, "two": OLD}


def test_a_subject_that_is_to_be_kept_replaces_its_own_figures_alone(
    monkeypatch: pytest.MonkeyPatch, written: dict[str, Measured]
) -> None:
    assert run(monkeypatch, "--only", "one", "--write", "--people", "5") == 0
    assert (written["one"].figures, written["one"].sizes) == ([RATE], "5 people")
    assert written["two"] == OLD


def test_everything_is_kept_and_what_fails_leaves_the_others_and_what_was(
    monkeypatch: pytest.MonkeyPatch, written: dict[str, Measured]
) -> None:
    assert run(monkeypatch) == 1
    assert (written["one"].figures, written["one"].sizes) == ([RATE], "9 people")
    assert written["two"] == OLD
    assert written["three"].figures == [COST]
