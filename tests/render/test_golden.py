"""Golden mails: what a text in ``tests/golden/<case>/input.md`` becomes, kept to be read in review.

After a change that is meant, accept the new mails and read the difference before committing it:

    BYPOST_ACCEPT=1 python -m pytest tests/render/test_golden.py
    git diff tests/golden
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/input.md"))


@pytest.mark.parametrize("case", CASES)
def test_the_mail_is_the_accepted_one(workshop: Any, fill: Any, case: str) -> None:
    folder = GOLDEN / case
    _, front, body = folder.joinpath("input.md").read_text(encoding="utf-8").split("---\n", 2)
    keys: dict[str, Any] = yaml.safe_load(front)
    make = getattr(workshop, keys.pop("kind"))
    person = keys.pop("subscriber", {})
    mail = fill(make(body, **keys), subscriber=person)
    # One tag a line: otherwise the whole mail is one line, and a difference cannot be read.
    made = {
        "expected.html": mail.html.replace("><", ">\n<") + "\n",
        "expected.txt": f"Subject: {mail.subject}\n\n{mail.text}",
    }
    for name, text in made.items():
        if os.environ.get("BYPOST_ACCEPT") == "1":
            folder.joinpath(name).write_text(text, encoding="utf-8")
        assert text == folder.joinpath(name).read_text(encoding="utf-8")


def test_there_are_golden_cases() -> None:
    assert len(CASES) >= 6
