"""The page of benchmarks is made of the figures that are kept, and of nothing else."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench import kept, report
from tests.bench.asked import Asked
from tests.bench.figure import Figure
from tests.bench.kept import Measured
from tests.bench.machine import Machine
from tests.bench.subjects import SUBJECTS

MACHINE = Machine(
    cores=2, cpu="ACME 1", kernel="Linux 6.1", memory=8, disk=0.25, versions="Python 3.11"
)
SLOW = Figure(
    key="start.help",
    what="`bypost --help`",
    value=300.0,
    unit="ms",
    low=290.0,
    high=310.0,
    runs=5,
    goal=250.0,
    at_most=True,
)
FAST = Figure(
    key="bodies.acme.jinja",
    what="full bodies",
    value=60_000.0,
    unit="people/s",
    ratio=5.874,
    to="Jinja and json",
    low=5.6,
    high=6.4,
    runs=5,
    goal=3.0,
    note="21,000 bytes each",
)
FOUND = {
    "start": Measured(date="2026-11-24", machine=MACHINE, figures=[SLOW]),
    "bodies": Measured(date="2026-11-23", machine=MACHINE, figures=[FAST], sizes="500 people"),
}


def test_the_page_in_the_docs_is_that_of_the_figures_that_are_kept() -> None:
    remarks = tomllib.loads(report.REMARKS.read_text(encoding="utf-8"))
    page = report.PAGE.read_text(encoding="utf-8")
    assert page == report.render(kept.read(), remarks), "run `python -m tests.bench.report`"


def test_every_subject_that_is_kept_is_one_that_can_be_measured() -> None:
    assert set(kept.read()) <= set(SUBJECTS)


def test_what_is_not_compared_at_quick_sizes_is_something_that_is_measured() -> None:
    for name, one in kept.read().items():
        assert SUBJECTS[name].large <= {figure.key for figure in one.figures}


def test_every_remark_stands_on_the_page() -> None:
    remarks = tomllib.loads(report.REMARKS.read_text(encoding="utf-8"))
    assert set(remarks) <= {"goals", *kept.read()}


def test_a_figure_is_shown_with_ratio_spread_goal_and_whether_it_is_met() -> None:
    page = report.render(FOUND, {})
    assert (
        "| full bodies | 60,000 people/s | 5.87 | Jinja and json | 5.60 to 6.40 | 5 | ≥ 3 | met |"
    ) in page
    assert (
        "| `bypost --help` | 300 ms |  |  | 290 to 310 | 5 | ≤ 250 ms | **missed** by 20 % |"
        in page
    )
    assert "* *full bodies*: 21,000 bytes each" in page


def test_a_note_of_two_figures_is_told_once_with_the_first() -> None:
    second = replace(FAST, key="bodies.acme.cpu", what="its processor")
    page = report.render({"bodies": replace(FOUND["bodies"], figures=[FAST, second])}, {})
    assert page.count("21,000 bytes each") == 1
    assert "* *full bodies*: 21,000 bytes each" in page


def test_every_goal_is_listed_before_the_subjects() -> None:
    goals = report.render(FOUND, {}).split("## Goals")[1].split("## Machine")[0]
    assert "| Bodies, 500 people | full bodies | 5.87 × Jinja and json | ≥ 3 | met |" in goals
    assert (
        "| Start and idle memory | `bypost --help` | 300 ms | ≤ 250 ms | **missed** by 20 % |"
        in goals
    )


def test_remarks_stand_where_they_belong() -> None:
    page = report.render(FOUND, {"goals": "One is missed.", "start": "Imports, mostly."})
    assert page.index("One is missed.") < page.index("## Machine")
    assert page.index("## Start") < page.index("Imports, mostly.")


def test_subjects_of_two_machines_are_told_apart() -> None:
    other = replace(FOUND["start"], machine=replace(MACHINE, cpu="ACME 2"))
    page = report.render({**FOUND, "start": other}, {})
    assert "* Bodies: 2 cores (ACME 1)" in page
    assert "* Start and idle memory: 2 cores (ACME 2)" in page
    assert "\n* Bodies" not in report.render(FOUND, {})


@pytest.mark.parametrize(
    ("ratio", "told"), [(3.0, "met"), (2.99, "**missed** by 1 %"), (1.5, "**missed** by 50 %")]
)
def test_a_goal_is_met_when_it_is_reached(ratio: float, told: str) -> None:
    assert report.result(replace(FAST, ratio=ratio)) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(250.0, "met"), (251.0, "**missed** by 1 %"), (500.0, "**missed** by 100 %")],
)
def test_a_ceiling_is_met_when_it_is_not_passed(value: float, told: str) -> None:
    assert report.result(replace(SLOW, value=value)) == told


def test_what_is_kept_is_read_again_as_it_was(tmp_path: Path) -> None:
    kept.write(FOUND, tmp_path / "ratios.json")
    assert kept.read(tmp_path / "ratios.json") == FOUND


def test_two_figures_of_one_key_are_refused(tmp_path: Path) -> None:
    twice = replace(FOUND["start"], figures=[SLOW, SLOW])
    with pytest.raises(ValueError, match=r"start\.help"):
        kept.write({"start": twice}, tmp_path / "ratios.json")


def test_a_subject_takes_its_usual_size_unless_another_is_asked_for() -> None:
    usual = Asked(people=1000)
    assert Asked().over(usual).words == "1,000 people"
    assert Asked(people=5, rows=7).over(usual).words == "5 people"
