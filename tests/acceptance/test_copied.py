"""Copies and backups, as real processes meet them: nothing is sent from a second place."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.sends import returned
from tests.conftest import CHECKOUT, write_course, write_people
from tests.forks.child import Child, Process

pytestmark = pytest.mark.process
PEOPLE = 4


@pytest.fixture
def project(empty_project: Path) -> Path:
    write_course(empty_project, delays=("at once",))
    write_people(empty_project, *(f"p{i}@example.org,Person {i}," for i in range(PEOPLE)))
    return empty_project


def start(project: Path, *words: str, **variables: str) -> Process:
    """Start the front door, or another verb."""
    verb = words or ("--json",)
    command = [str(CHECKOUT / "send.py")] if verb[0].startswith("-") else ["-m", "bypost"]
    environ = {name: text for name, text in os.environ.items() if not name.startswith("BYPOST_")}
    environ |= {"PYTHONPATH": str(CHECKOUT), **variables}
    return Child([*command, *verb], cwd=project, environ=environ)


def finish(process: Process) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error; none of them a traceback."""
    out, errors = (content.decode() for content in process.communicate(timeout=60))
    assert "Traceback" not in out + errors
    return returned(process), out, errors


def send(project: Path, **variables: str) -> dict[str, Any]:
    """Make a pass that must go well; return its numbers."""
    code, out, errors = finish(start(project, **variables))
    assert (code, errors) == (0, "")
    numbers: dict[str, Any] = json.loads(out)
    return numbers


def refused(project: Path, **variables: str) -> str:
    """Make a pass that must send nothing; return what it says."""
    before = mails(project)
    code, out, errors = finish(start(project, **variables))
    assert (code, out) == (2, "")
    assert mails(project) == before
    return errors


def mails(project: Path) -> list[str]:
    return sorted(path.name for path in (project / "var/outbox").glob("*.eml"))


def add_someone(project: Path, name: str) -> None:
    with (project / "subscribers.csv").open("a", encoding="utf-8") as file:
        file.write(f"{name}@example.org,{name.title()},\n")


def copy_database(project: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    with (
        closing(sqlite3.connect(project / "var/bypost.db")) as source,
        closing(sqlite3.connect(to)) as target,
    ):
        source.backup(target)


def test_a_copied_database_sends_nothing_until_it_is_confirmed_and_the_original_goes_on(
    project: Path, tmp_path: Path
) -> None:
    assert send(project)["accepted"] == PEOPLE
    copy = tmp_path / "copy"
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("var"))
    copy_database(project, copy / "var/bypost.db")
    shutil.copy(project / "var/secret.key", copy / "var")
    add_someone(copy, "eva")
    told = refused(copy)
    assert "it was copied, moved or restored" in told
    assert "bypost db confirm" in told
    code, out, _ = finish(start(copy, "status", "--json"))
    assert code == 1
    assert any("it was copied, moved or restored" in one for one in json.loads(out)["troubles"])
    assert send(project)["this_pass"]["accepted"] == 0
    assert finish(start(copy, "db", "confirm"))[0] == 0
    assert send(copy)["this_pass"]["accepted"] == 1
    assert len(mails(copy)) == 1


def test_a_folder_that_moves_as_a_whole_goes_on_silently(project: Path, tmp_path: Path) -> None:
    send(project)
    moved = tmp_path / "another-server"
    project.rename(moved)
    add_someone(moved, "eva")
    assert send(moved)["this_pass"]["accepted"] == 1


def test_a_new_container_over_the_same_database_goes_on_silently_by_its_variable(
    project: Path, tmp_path: Path
) -> None:
    """Nothing of ``var/`` survives but the database and the keys."""
    send(project, BYPOST_INSTANCE="production")
    assert not (project / "var/instance").exists()
    assert send(project, BYPOST_INSTANCE="production")["this_pass"]["accepted"] == 0
    assert "set BYPOST_INSTANCE=production" in refused(project, BYPOST_INSTANCE="staging")
    assert "there is no var/instance" in refused(project)


def test_an_older_backup_put_back_sends_nothing_before_what_was_sent_since_is_in_doubt(
    project: Path, tmp_path: Path
) -> None:
    send(project)
    backup = tmp_path / "backup.db"
    copy_database(project, backup)
    add_someone(project, "eva")
    assert send(project)["this_pass"]["accepted"] == 1
    for path in (project / "var").glob("bypost.db*"):
        path.unlink()
    shutil.copy(backup, project / "var/bypost.db")
    told = refused(project)
    assert "an older backup was put back" in told
    assert "bypost reconcile --since TIME" in told
    assert len(mails(project)) == PEOPLE + 1
    finish(start(project, "reconcile", "--since", "2020-01-01T00:00"))
    _, out, _ = finish(start(project))
    numbers = json.loads(out)
    assert numbers["this_pass"]["accepted"] == 0
    assert (numbers["accepted"], numbers["unknown"]) == (PEOPLE, 1)
    assert len(mails(project)) == PEOPLE + 1


def test_a_process_killed_before_it_notes_what_it_sent_forbids_nothing(project: Path) -> None:
    killer = Path(__file__).with_name("die_at.py")
    died = subprocess.run(
        [sys.executable, str(killer), "SIGKILL", "recorded", "1"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert died.returncode == -signal.SIGKILL
    assert (project / "var/instance").exists()
    assert send(project)["accepted"] == PEOPLE
    assert len(mails(project)) == PEOPLE


def test_processes_that_make_the_first_pass_at_once_agree_and_send_once(project: Path) -> None:
    started = [start(project) for _ in range(3)]
    done = [finish(process) for process in started]
    assert [(code, errors) for code, _, errors in done] == [(0, "")] * 3
    assert sum(json.loads(out)["this_pass"]["accepted"] for _, out, _ in done) >= PEOPLE
    assert len(mails(project)) == PEOPLE
    assert send(project)["accepted"] == PEOPLE
