"""``bypost apply``: taking an edit over, and refusing to."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.cli.test_plan import insert
from tests.conftest import write_people

Run = Callable[..., Ran]


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def answering(text: str) -> None:
        monkeypatch.setattr("sys.stdin", Terminal(f"{text}\n"))

    return answering


@pytest.fixture
def edited(run: Run, project: Path) -> Path:
    """Three people have had the first lesson; another one is put in behind it."""
    run("send")
    insert(project, "01", "extra")
    return project


def test_nothing_waits_ends_with_0(run: Run) -> None:
    run("send")
    done = run("apply", "--yes")
    assert (done.code, done.out) == (0, "nothing changes\n")


def test_an_edit_waits_until_it_is_applied(run: Run, edited: Path) -> None:
    assert "1 change waits for `bypost apply`" in run("send").err
    assert "lessons/letters: 1 change waits for `bypost apply`" in run("status").out
    assert run("status", "--json").json["waiting_changes"] == {"letters": 1}
    done = run("apply", "--yes")
    assert (done.code, done.err) == (0, "")
    assert "+ insert “Title of extra”" in done.out
    assert "letters: 1 change taken over" in done.out
    assert run("plan").code == 0
    assert "waits" not in run("status").out
    assert "waits" not in run("send").err


def test_a_course_that_nobody_is_in_needs_no_apply(run: Run, project: Path) -> None:
    write_people(project)
    run("send")
    insert(project, "01", "extra")
    done = run("plan")
    assert done.code == 3
    assert "nobody is in this course" in done.out
    assert "waits" not in run("send").err
    assert run("plan").code == 0


def test_without_a_terminal_it_wants_yes(
    run: Run, edited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    done = run("apply")
    assert done.code == 2
    assert "say --yes" in done.err
    assert run("plan").code == 3


def test_on_a_terminal_it_asks(run: Run, edited: Path, answer: Callable[[str], None]) -> None:
    answer("n")
    done = run("apply")
    assert done.code == 0
    assert "nothing was changed" in done.out
    assert run("plan").code == 3
    answer("y")
    assert run("apply").code == 0
    assert run("plan").code == 0


def test_a_risk_that_nobody_spoke_of_is_refused(run: Run, project: Path) -> None:
    run("send")
    path = insert(project, "00", "extra")
    done = run("apply", "--yes")
    assert done.code == 2
    assert "nothing was changed: 3 people are past “Title of extra”" in done.err
    assert run("plan").code == 3
    path.write_text(path.read_text().replace("delay:", "if_past: skip\ndelay:"))
    assert run("apply", "--yes").code == 0


def test_a_plan_that_still_fits_is_applied(run: Run, edited: Path) -> None:
    name = run("plan", "--json").json["plans"][0]["id"]
    assert run("apply", "--plan", name, "--yes").code == 0
    assert run("plan").code == 0


def test_a_plan_that_no_longer_fits_is_refused(run: Run, edited: Path) -> None:
    name = run("plan", "--json").json["plans"][0]["id"]
    insert(edited, "02", "other")
    done = run("apply", "--plan", name, "--yes")
    assert done.code == 2
    assert f"--plan {name}: no longer fits" in done.err
    assert run("plan").code == 3


def test_broken_content_is_refused(run: Run, edited: Path) -> None:
    insert(edited, "02", "other").write_text("no front matter")
    done = run("apply", "--yes")
    assert done.code == 2
    assert "lessons/letters: cannot be planned until this is mended" in done.err


def test_a_copied_project_is_mute(run: Run, edited: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(edited, copy)
    (copy / "var/instance").unlink()
    done = run("apply", "--yes", at=copy)
    assert done.code == 2
    assert "nothing is sent, because" in done.err
    assert run("plan", at=copy).code == 3
