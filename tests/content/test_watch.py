"""A signature changes when a file does, and not otherwise."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.content.watch import signature

Write = Callable[[str, str | bytes], Path]


def test_each_folder_has_its_own_signature(project: Path) -> None:
    found = signature(project)
    assert set(found) == {"lessons/baking", "newsletters/crumbs", "templates/email"}
    assert [name for name, _, _ in found["lessons/baking"]] == [
        "lessons/baking/00-welcome.md",
        "lessons/baking/course.toml",
    ]


def test_looking_twice_at_still_files_gives_the_same(project: Path) -> None:
    assert signature(project) == signature(project)


@pytest.mark.parametrize("change", ["size", "time", "new file", "removed file"])
def test_a_change_shows_in_its_folder_and_in_no_other(
    project: Path, write: Write, change: str
) -> None:
    before = signature(project)
    path = project / "lessons/baking/00-welcome.md"
    if change == "size":
        status = path.stat()
        path.write_text("longer " * 100)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif change == "time":
        os.utime(path, ns=(1, 1))
    elif change == "new file":
        write("lessons/baking/01-new.md", "x")
    else:
        path.unlink()
    after = signature(project)
    assert after["lessons/baking"] != before["lessons/baking"]
    assert after["newsletters/crumbs"] == before["newsletters/crumbs"]


def test_what_an_editor_leaves_behind_is_no_change(project: Path, write: Write) -> None:
    before = signature(project)
    write("lessons/baking/.00-welcome.md.swp", "x")
    write("lessons/baking/00-welcome.md~", "x")
    assert signature(project) == before


def test_a_file_that_vanishes_meanwhile_is_left_out(project: Path) -> None:
    (project / "lessons/baking/01-gone.md").symlink_to(project / "nowhere")
    assert len(signature(project)["lessons/baking"]) == 2


def test_a_project_without_folders_has_an_empty_signature(tmp_path: Path) -> None:
    assert signature(tmp_path) == {}
