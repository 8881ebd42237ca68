"""What an action has to say, held by the browser until the next page shows it, once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from starlette.responses import Response

from bypost.links import Links

COOKIE = "desk-said"
_SECONDS = 60
#: Characters; signed and encoded they stay below the 4,096 bytes that every browser takes.
_MOST_SIGNS = 300


def remember(response: Response, words: str, links: Links, now: datetime) -> None:
    """Let the browser hold some words for the page it is sent to."""
    response.set_cookie(
        COOKIE,
        links.sign(COOKIE, [words[:_MOST_SIGNS], now.timestamp()]),
        max_age=_SECONDS,
        path="/desk",
        httponly=True,
        samesite="lax",
        secure=links.base_url.startswith("https:"),
    )


def read(cookies: Mapping[str, str], links: Links, now: datetime) -> str:
    """Return what the browser holds; empty where it holds nothing of ours that is new."""
    match links.unsign(COOKIE, cookies.get(COOKIE, "")):
        case [str(words), float() | int() as at] if abs(now.timestamp() - at) <= _SECONDS:
            return words
    return ""


def forget(response: Response) -> None:
    """Take the words back: they were shown."""
    response.delete_cookie(COOKIE, path="/desk")
