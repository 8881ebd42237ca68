"""Which files may be shown, which lines, and what opens an editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from bypost.web.preview.source import Line, editor_link, lines_of, paragraph
from tests.web.preview.conftest import ONE


@pytest.mark.parametrize(
    "path", [ONE, "lessons/letters/course.toml", "templates/email/base.mjml", "bypost.toml"]
)
def test_what_authors_write_is_shown(project: Path, path: str) -> None:
    lines = lines_of(project, path)
    assert lines
    assert lines[0].number == 1


@pytest.mark.parametrize(
    "path",
    [
        "subscribers.csv",
        "var/secret.key",
        "lessons/../var/secret.key",
        "lessons/letters/../../../outside.md",
        "lessons//etc/passwd.txt",
        "/etc/hostname",
        "lessons/letters/out.md",
        "lessons/letters/none.md",
        "lessons/letters",
    ],
)
def test_nothing_else_of_this_machine_is(project: Path, tmp_path: Path, path: str) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("secret", encoding="utf-8")
    (project / "lessons" / "letters" / "out.md").symlink_to(outside)
    (project / "subscribers.csv").write_text("email\n", encoding="utf-8")
    (project / "var").mkdir()
    (project / "var" / "secret.key").write_text("secret", encoding="utf-8")
    assert lines_of(project, path) is None


def test_a_paragraph_ends_at_an_empty_line() -> None:
    lines = [Line(at, text) for at, text in enumerate(("# A", "", "b", "c", "", "d"), start=1)]
    assert [line.number for line in paragraph(lines, 3)] == [3, 4]
    assert [line.number for line in paragraph(lines, 6)] == [6]


def test_an_editor_gets_the_whole_path_and_the_line() -> None:
    root = Path("/home/a b/course")
    link = editor_link("vscode://file{path}:{line}", root, "lessons/x/01-é.md", 7)
    assert link == "vscode://file/home/a%20b/course/lessons/x/01-%C3%A9.md:7"
    assert editor_link("idea://open?file={path}&line={line}", root, "a.md", None).endswith("line=1")
