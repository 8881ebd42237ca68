"""A project with a course and an issue between its lessons, for the inbox over time."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import CHECKOUT, write_course

PERSONAS = """\
[[persona]]
key = "anna"
name = "Anna"
email = "anna@example.org"
time_zone = "Europe/Berlin"

[[persona]]
key = "tui"
email = "tui@example.org"
time_zone = "Pacific/Chatham"
"""
NEWSLETTER = 'title = "Notes"\nsummary = "News."\nhour = "09:00"\n'
ISSUE = """\
---
id: first
subject: A first issue with a subject that is longer than any telephone shows in its list
preheader: What the first issue says
status: draft
date: 2026-11-27
---
# First issue

Text.
"""


def make_project(root: Path) -> Path:
    """Write the project into ``root``."""
    root.mkdir()
    shutil.copytree(CHECKOUT / "templates", root / "templates")
    shutil.copy(CHECKOUT / "bypost.toml", root)
    write_course(root, delays=("at once", "1 day", "2 days"))
    toml = root / "lessons" / "letters" / "course.toml"
    toml.write_text(
        toml.read_text() + 'time_zone = "UTC"\nhour = "08:00"\n'
        '[window]\nstart = "07:00"\nend = "21:00"\ndays = "daily"\n'
    )
    notes = root / "newsletters" / "notes"
    notes.mkdir(parents=True)
    (notes / "newsletter.toml").write_text(NEWSLETTER)
    (notes / "2026-11-27-first.md").write_text(ISSUE)
    (root / "personas.toml").write_text(PERSONAS)
    return root
