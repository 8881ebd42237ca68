"""A preview keeps what it made: the same findings as a fresh look, and no mail compiled twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Examined, examine
from bypost.check.memory import Memory
from bypost.render.compile import Compiler
from tests.check.conftest import NOW, SENDER

Lesson = Callable[..., None]
COURSE = "lessons/baking"


def look(project: Path, memory: Memory | None = None) -> Examined:
    return examine(
        project, sender=SENDER, base_url="https://mail.example.org", now=NOW, memory=memory
    )


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of lessons compiled so far, each once for each of the two compilers."""
    seen: list[str] = []
    real = Compiler.lesson

    def lesson(self: Compiler, course, one):  # type: ignore[no-untyped-def]
        seen.append(one.id)
        return real(self, course, one)

    monkeypatch.setattr(Compiler, "lesson", lesson)
    return seen


def test_only_the_mail_that_changed_is_compiled_again(
    project: Path, lesson: Lesson, compiled: list[str]
) -> None:
    memory = Memory()
    lesson("00-a")
    lesson("01-b")
    look(project, memory)
    assert sorted(set(compiled)) == ["l00-a", "l01-b"]
    compiled.clear()
    look(project, memory)
    assert compiled == []
    lesson("01-b", subject="Another subject altogether")
    look(project, memory)
    assert set(compiled) == {"l01-b"}


@pytest.mark.parametrize(
    "edit",
    [
        lambda root: (root / COURSE / "course.toml").write_text(
            'title = "Bread"\nsummary = "Bread."\n'
        ),
        lambda root: (root / COURSE / "01-b.md").unlink(),
        lambda root: (root / "templates/email/lesson.mjml").write_text(
            (root / "templates/email/lesson.mjml").read_text() + "\n"
        ),
        lambda root: (root / "personas.toml").write_text(
            '[[persona]]\nkey = "a"\nemail = "a@b.c"\n[persona.attributes]\ncompany = "Acme"\n'
        ),
        lambda root: (root / "subscribers.csv").write_text("email,company\na@example.org,Acme\n"),
    ],
    ids=["course", "order", "template", "persona", "column"],
)
def test_what_mails_share_makes_all_of_them_anew(
    project: Path, lesson: Lesson, edit: Callable[[Path], object]
) -> None:
    memory = Memory()
    body = "{{ course.title }} {{ subscriber.name }}: " + "a word or two " * 20
    lesson("00-a", body=body)
    lesson("01-b", body=body)
    look(project, memory)
    edit(project)
    remembered, fresh = look(project, memory), look(project)
    assert remembered.findings == fresh.findings
    mails = [
        [(sample.content.hash, [it.mail for it in sample.readings]) for sample in folder.samples]
        for examined in (remembered, fresh)
        for folder in examined.series
    ]
    half = len(mails) // 2
    assert mails[:half] == mails[half:]


def test_a_mail_that_was_broken_is_found_mended(project: Path, lesson: Lesson) -> None:
    memory = Memory()
    lesson(body="{{ subscriber.nmae }}")
    assert "jinja-undefined" in {it.rule for it in look(project, memory).findings}
    lesson(body="{{ subscriber.name }} " + "a word " * 60)
    assert "jinja-undefined" not in {it.rule for it in look(project, memory).findings}
