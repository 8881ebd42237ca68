"""A check of some files shows what is theirs, and what would keep them from being made."""

from __future__ import annotations

from pathlib import Path

import pytest

from bypost.check import Finding, Level
from bypost.check.scope import scope, within
from bypost.errors import SettingsError

LESSON = "lessons/baking/00-a.md"


def finding(path: str, level: Level = Level.ERROR) -> Finding:
    return Finding(rule="key", level=level, path=path, line=1, message="no")


def shown(wanted: str, *found: Finding) -> list[str]:
    return [it.path for it in within(found, (wanted,))]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    (root / LESSON).parent.mkdir(parents=True)
    (root / LESSON).touch()
    return root


def test_a_folder_holds_its_files_and_itself_and_no_neighbour() -> None:
    found = [finding(f"lessons/{it}") for it in ("a", "a/00-x.md", "ab/00-x.md")]
    assert shown("lessons/a", *found) == ["lessons/a", "lessons/a/00-x.md"]


def test_the_project_holds_everything() -> None:
    assert shown(".", finding("a"), finding("lessons/b")) == ["a", "lessons/b"]


@pytest.mark.parametrize(
    "path", ["templates/email/lesson.mjml", "personas.toml", "lessons/baking/course.toml"]
)
def test_an_error_in_what_a_mail_is_made_with_belongs_to_it(path: str) -> None:
    assert shown(LESSON, finding(path)) == [path]
    assert shown(LESSON, finding(path, Level.WARNING)) == []


@pytest.mark.parametrize(
    "path", ["templates/email/goodbye.md", "lessons/other/course.toml", "lessons/baking/01-b.md"]
)
def test_an_error_in_another_mail_does_not(path: str) -> None:
    assert shown(LESSON, finding(path)) == []


def test_a_path_is_looked_for_from_here_and_then_from_the_project(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root.parent)
    assert scope(root, [Path("site") / LESSON, Path(LESSON), Path("lessons"), root]) == (
        LESSON,
        LESSON,
        "lessons",
        ".",
    )


def test_a_path_that_is_not_there_is_a_mistake_that_is_named(root: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such file or folder"):
        scope(root, [Path("lessons/bakng")])


def test_a_path_outside_the_project_is_refused(root: Path) -> None:
    with pytest.raises(SettingsError, match="lies outside the project"):
        scope(root, [root.parent])
