"""What somebody asked for a moment ago, held by their own browser until the mail is found.

A cookie and not an address: addresses of pages end up in logs and in the history of browsers.
"""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from bypost.links import Links
from bypost.web.form import Typed

_COOKIE = "asked"
_SECONDS = 3600


def remember(response: Response, typed: Typed, path: str, links: Links) -> None:
    """Let the browser hold what was typed, for the pages below ``path`` and an hour."""
    response.set_cookie(
        _COOKIE,
        links.sign(_COOKIE, typed.kept()),
        max_age=_SECONDS,
        path=path,
        httponly=True,
        samesite="lax",
        secure=links.base_url.startswith("https:"),
    )


def asked(links: Links, request: Request) -> Typed | None:
    """Return what was typed; None where the browser does not hold it (any more)."""
    kept = links.unsign(_COOKIE, request.cookies.get(_COOKIE, ""))
    return Typed.of_kept(kept) if kept is not None else None
