"""Words of rules and problems, as they stand on a page."""

from __future__ import annotations

from markupsafe import Markup, escape


def coded(text: str) -> Markup:
    """Return ``text`` with what stands between backticks as code; all else is escaped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one of them has no other
        return escape(text)
    shown = [
        f"<code>{escape(part)}</code>" if i % 2 else escape(part) for i, part in enumerate(parts)
    ]
    return Markup("").join(map(Markup, shown))
