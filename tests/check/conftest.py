"""A project with the shipped templates and one course that has nothing to complain about."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bypost.check import Finding, findings
from bypost.model.course import Sender

SHIPPED = Path(__file__).parents[2] / "templates"
SENDER = Sender(
    name="Clarity Notes",
    email="course@example.org",
    reply_to="hello@example.org",
    postal_address="1 Example Street",
)
#: A Monday.
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)

TEXT = "Some words that say what the reader came here for, in plain order. " * 6

Lesson = Callable[..., None]
Check = Callable[[], list[Finding]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED, tmp_path / "templates")
    folder = tmp_path / "lessons" / "baking"
    folder.mkdir(parents=True)
    (folder / "course.toml").write_text('title = "Baking"\nsummary = "Bread."\n')
    return tmp_path


@pytest.fixture
def lesson(project: Path) -> Lesson:
    """Write one lesson, sound but for what is given."""

    def write(
        name: str = "00-first",
        *,
        subject: str | None = None,
        preheader: str | None = None,
        body: str = TEXT,
    ) -> None:
        subject = f"All about lesson {name}" if subject is None else subject
        preheader = (
            f"What the lesson {name} has to say, and to whom." if preheader is None else preheader
        )
        text = (
            f"---\nid: l{name}\nsubject: '{subject}'\npreheader: '{preheader}'\n"
            f"delay: 2 days\n---\n\n{body}\n"
        )
        (project / f"lessons/baking/{name}.md").write_text(text, encoding="utf-8")

    return write


@pytest.fixture
def check(project: Path) -> Check:
    """Run all checks; findings about the shipped notices are not this test's matter."""

    def run() -> list[Finding]:
        found = findings(project, sender=SENDER, base_url="https://mail.example.org", now=NOW)
        return [
            it
            for it in found
            if not it.path.startswith("templates/email/") or it.path.endswith(".mjml")
        ]

    return run
