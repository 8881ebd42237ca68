"""The HTML of a mail for a frame of the page, as one kind of mail program would show it."""

from __future__ import annotations

import re

from bypost.web.guard import mail_policy
from bypost.web.preview.choice import Choice

_STYLE = re.compile(r"(<style\b[^>]*>)(.*?)(</style>)", re.DOTALL | re.IGNORECASE)
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
#: A place between two blocks of text, where a line can be drawn across the mail.
_BLOCK_END = re.compile(r"</(?:p|h[1-6]|ul|ol|pre|table)>", re.IGNORECASE)
#: Media features that always hold, and that never do.
_ALWAYS, _NEVER = "(min-width: 0)", "(max-width: 0)"
_CLIP = (
    '<div style="margin:16px 0;padding:8px 0;border-top:3px dashed #A33A2A;color:#A33A2A;'
    'background:#FFFFFF;font:bold 14px/1.4 sans-serif">[Message clipped] Gmail shows nothing below '
    "this line.</div>"
)


def framed(html: str, choice: Choice, scheme: str, *, assets: str) -> str:
    """Return a mail for a frame; every link opens a page of its own.

    Args:
        html: As it is sent, with or without the marks of its lines.
        scheme: ``light``, ``dark`` or ``inverted``.
        assets: What the addresses of the project's own images begin with; they are served here.
    """
    if choice.gmail:
        html = _by_gmail(html)
    if scheme == "inverted":
        from bypost.check.inverted import inverted

        html = inverted(html)
    else:
        html = in_scheme(html, scheme)
    html = html.replace(f'"{assets}', '"/preview/assets/')
    return _HEAD.sub(lambda head: f'{head[0]}<base target="_blank">', html, count=1)


def policy(choice: Choice) -> str:
    """Return what the frame may do: nothing runs; images only of this site, and only if wanted."""
    return mail_policy("img-src 'self' data:" if choice.images else "img-src 'none'")


def in_scheme(html: str, scheme: str) -> str:
    """Return a mail whose style sheets answer "light" or "dark" whatever this machine prefers."""

    def sheet(found: re.Match[str]) -> str:
        rules = _SCHEME.sub(
            lambda asked: _ALWAYS if asked[1].lower() == scheme else _NEVER, found[2]
        )
        return f"{found[1]}{rules}{found[3]}"

    # What the program paints itself, such as the ground of a mail without a colour.
    own = f"<style>:root{{color-scheme:only {scheme} !important}}</style></head>"
    return _STYLE.sub(sheet, html).replace("</head>", own, 1)


def _by_gmail(html: str) -> str:
    from bypost.check.gmail import as_gmail

    shown = as_gmail(html)
    if shown.clipped_at is None:
        return shown.html
    end = _BLOCK_END.search(shown.html, shown.clipped_at)
    place = end.end() if end else shown.html.rfind("</body>")
    return shown.html[:place] + _CLIP + shown.html[place:]
