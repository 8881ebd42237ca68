"""``make bench-check`` fails where something is worse, and where nothing was compared."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from tests.bench import compare, kept
from tests.bench.asked import Asked
from tests.bench.figure import Figure
from tests.bench.kept import Measured
from tests.bench.subjects import Subject
from tests.bench.test_compare import RATE
from tests.bench.test_report import MACHINE


def check(monkeypatch: pytest.MonkeyPatch, *found: Figure, large: str = "") -> int:
    """Compare invented figures, one a run, with the one that is kept; return the exit code."""
    runs = iter(found)
    subject = Subject(
        title="",
        method="",
        measure=lambda _: [next(runs)],
        quick=Asked(),
        large=frozenset({large}),
    )
    known = {"acme": Measured(date="2026-11-24", machine=MACHINE, figures=[RATE])}
    monkeypatch.setattr(compare, "SUBJECTS", {"acme": subject})
    monkeypatch.setattr(kept, "read", lambda: known)
    monkeypatch.setattr(sys, "argv", ["compare"])
    return compare.main()


def test_the_same_ratio_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(monkeypatch, RATE) == 0


def test_a_ratio_that_is_worse_twice_fails_and_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    worse = replace(RATE, ratio=5.0)
    assert check(monkeypatch, worse, worse) == 1
    assert "WORSE" in capsys.readouterr().out


def test_what_is_worse_is_measured_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(monkeypatch, replace(RATE, ratio=5.0), RATE) == 0


def test_what_is_not_worse_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(monkeypatch, RATE, replace(RATE, ratio=5.0)) == 0


def test_that_nothing_was_compared_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(monkeypatch, replace(RATE, key="another")) == 1


def test_a_figure_that_says_nothing_at_quick_sizes_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check(monkeypatch, replace(RATE, ratio=5.0), large=RATE.key)
    assert RATE.key not in capsys.readouterr().out
