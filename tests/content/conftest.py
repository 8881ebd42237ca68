"""A project with one sound course, newsletter and notice, for tests to break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SERIES = 'title = "Baking"\nsummary = "Bread, in three mails."\n'

LESSON = """\
---
id: welcome
subject: Welcome
preheader: What to expect.
delay: at once
---

# Welcome

Flour, water, salt.
"""

ISSUE = """\
---
id: rye
subject: On rye
preheader: A note on rye.
status: ready
date: 2026-12-01
---

Rye is patient.
"""

NOTICE = """\
---
id: confirmation
subject: Please confirm
preheader: One button.
---

Press the button.
"""

SOUND = {
    "lessons/baking/course.toml": SERIES,
    "lessons/baking/00-welcome.md": LESSON,
    "newsletters/crumbs/newsletter.toml": SERIES,
    "newsletters/crumbs/2026-12-01-rye.md": ISSUE,
    "templates/email/confirmation.md": NOTICE,
}

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write one file of the project; its folders are made."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


@pytest.fixture
def project(tmp_path: Path, write: Write) -> Path:
    for name, content in SOUND.items():
        write(name, content)
    return tmp_path
