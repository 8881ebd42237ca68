"""Where a setting stands, for what rules say of the sender and the site."""

from __future__ import annotations

from pathlib import Path

from bypost.content.toml import parse

#: The operator's settings, relative to the project.
PATH = "bypost.toml"


def line_of(root: Path, section: str, key: str) -> int | None:
    """Return the line of a key in the project's settings.

    None where the file does not say it: it has a default, or comes from the environment.
    """
    try:
        text = (root / PATH).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    table = parse(text, PATH, [])
    return table.lines.get((section, key)) if table else None
