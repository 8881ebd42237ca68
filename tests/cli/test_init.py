"""``bypost init``: a project of one's own, and never over something that is there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Level, examine
from bypost.cli import main
from bypost.model.course import Sender
from bypost.settings import load_settings
from tests.cli.conftest import Ran, everything
from tests.conftest import CHECKOUT, MONDAY

Init = Callable[..., Ran]


@pytest.fixture
def init(capsys: pytest.CaptureFixture[str]) -> Init:
    def running(*words: str) -> Ran:
        capsys.readouterr()
        code = main(["init", *words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Ran(code, out, err)

    return running


@pytest.mark.parametrize("template", ["course", "newsletter", "plain"])
def test_a_new_project_checks_clean(init: Init, tmp_path: Path, template: str) -> None:
    folder = tmp_path / "new"
    assert init(str(folder), "--template", template).code == 0
    settings = load_settings(folder, {})
    found = examine(
        folder,
        sender=Sender(**settings.sender.model_dump()),
        base_url=settings.site.base_url,
        now=MONDAY,
    )
    assert [it for it in found.findings if it.level is not Level.INFO] == []
    assert found.series


@pytest.mark.parametrize(("template", "mails"), [("course", 5), ("newsletter", 0), ("plain", 1)])
def test_a_new_project_sends(init: Init, tmp_path: Path, template: str, mails: int) -> None:
    folder = tmp_path / "new"
    init(str(folder), "--template", template)
    assert main(["send", "--project", str(folder)]) == 0
    assert len(list((folder / "var/outbox").glob("*.eml"))) == mails


def test_without_a_template_it_is_the_shipped_course_byte_for_byte(
    init: Init, tmp_path: Path
) -> None:
    init(str(tmp_path / "new"))
    made = everything(tmp_path / "new")
    assert {name.split("/")[0] for name in made} == {
        *(".gitignore", "bypost.toml", "lessons", "personas.toml", "send.py"),
        *("subscribers.csv", "templates"),
    }
    own = {".gitignore", "subscribers.csv"}
    for name, data in made.items():
        if name not in own:
            assert (CHECKOUT / name).read_bytes() == data, name
    assert len([name for name in made if name.startswith("lessons/")]) == len(
        [path for path in (CHECKOUT / "lessons").rglob("*") if path.is_file()]
    )


def test_real_people_and_what_the_program_makes_are_ignored(init: Init, tmp_path: Path) -> None:
    init(str(tmp_path / "new"))
    ignored = (tmp_path / "new/.gitignore").read_text().splitlines()
    assert {"/var/", "/subscribers.csv"} <= set(ignored)
    assert not (tmp_path / "new/.git").exists()


@pytest.mark.parametrize(
    ("template", "held", "absent"),
    [("course", "courses", "newsletters"), ("newsletter", "newsletters", "courses")],
)
def test_people_take_only_what_is_in_the_project(
    init: Init, tmp_path: Path, template: str, held: str, absent: str
) -> None:
    import csv

    init(str(tmp_path / "new"), "--template", template)
    with (tmp_path / "new/subscribers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert all(row[held] and not row[absent] for row in rows)


def test_it_says_what_was_made_and_what_to_do_next(init: Init, tmp_path: Path) -> None:
    folder = tmp_path / "my course"
    done = init(str(folder), "--template", "plain")
    assert (done.code, done.err) == (0, "")
    assert "lessons/" in done.out
    commands = [line.strip() for line in done.out.splitlines() if "bypost " in line]
    assert commands[0].startswith(f"cd '{folder}' && bypost preview ")
    assert [line.split("  ")[0] for line in commands[1:]] == ["bypost check", "bypost send"]


def test_in_the_folder_itself_nobody_is_told_to_go_there(
    init: Init, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = init(".")
    assert done.code == 0
    assert "cd " not in done.out
    assert (tmp_path / "lessons").is_dir()


def test_a_fresh_repository_counts_as_empty(init: Init, tmp_path: Path) -> None:
    (tmp_path / "new/.git").mkdir(parents=True)
    done = init(str(tmp_path / "new"))
    assert done.code == 0
    assert ".git/" not in done.out.split()


def test_a_folder_with_something_in_it_is_refused_and_left_alone(
    init: Init, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    done = init(str(tmp_path))
    assert (done.code, done.out) == (2, "")
    assert f"{tmp_path}: there is something in it already: notes.txt\n    name a new" in done.err
    assert everything(tmp_path) == {"notes.txt": b"mine"}


def test_a_file_is_refused(init: Init, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    done = init(str(tmp_path / "notes"))
    assert done.code == 2
    assert "this is a file" in done.err


def test_a_folder_that_cannot_be_made_is_told(init: Init, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    done = init(str(tmp_path / "notes/new"))
    assert done.code == 2
    assert "cannot write it: Not a directory" in done.err


def test_an_unknown_template_is_refused_with_those_there_are(init: Init, tmp_path: Path) -> None:
    done = init(str(tmp_path / "new"), "--template", "corse")
    assert done.code == 2
    assert "'course', 'newsletter', 'plain'" in " ".join(done.err.split())
    assert not (tmp_path / "new").exists()


def test_send_py_of_a_new_project_says_how_to_start_without_the_package(
    init: Init, tmp_path: Path
) -> None:
    import subprocess
    import sys

    init(str(tmp_path / "new"), "--template", "plain")
    done = subprocess.run(
        [sys.executable, "-S", "-E", "send.py"],
        cwd=tmp_path / "new",
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "send.py: the package `bypost` is missing here; run `bypost send`\n"
