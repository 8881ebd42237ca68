"""A mail as Gmail shows it at its strictest: without style sheets, and cut off where it is long."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Bytes of HTML after which Gmail cuts a mail off (observed by senders, not documented by Google,
#: 2026-11). Counted in the mail as sent, style sheets and all.
CLIP_BYTES = 102_000

#: Style sheets: kept by Gmail for its own accounts, dropped for other accounts in its app, and
#: dropped whole where one rule displeases it (caniemail's notes on the style element, 2026-05).
_STRIPPED = re.compile(
    r"<style\b[^>]*>.*?</style\s*>|<link\b[^>]*>|<script\b[^>]*>.*?</script\s*>"
    r'|<meta\s[^>]*name="(?:supported-)?color-schemes?"[^>]*>',
    re.IGNORECASE | re.DOTALL,
)
_TAG_OR_COMMENT = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is left of a mail.

    Attributes:
        html: All of it, also what lies behind the cut.
        clipped_at: Where in ``html`` the cut is, in characters, between two tags or in a text;
            None where all is shown.
    """

    html: str
    clipped_at: int | None


def as_gmail(html: str) -> Shown:
    """Return ``html`` without style sheets, and where Gmail cuts it off."""
    cut = _cut(html)
    kept: list[str] = []
    place: int | None = None
    end = length = 0
    for found in (*_STRIPPED.finditer(html), None):
        start = found.start() if found else len(html)
        part = html[end:start]
        if cut is not None and place is None and cut <= start:
            place = length + max(0, cut - end)
        kept.append(part)
        length += len(part)
        end = found.end() if found else start
    return Shown("".join(kept), place)


def _cut(html: str) -> int | None:
    """Return the character at which the bytes run out, moved back out of a tag."""
    whole = html.encode()
    if len(whole) <= CLIP_BYTES:
        return None
    cut = len(whole[:CLIP_BYTES].decode(errors="ignore"))
    inside = (it for it in _TAG_OR_COMMENT.finditer(html) if it.start() < cut < it.end())
    around = next(inside, None)
    return around.start() if around else cut
