"""The cookie that holds a session's secret, and the token that its forms carry."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

from starlette.responses import Response

from bypost.links import Links

_BYTES = 32
_FORM = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """Return a secret of 256 random bits."""
    return secrets.token_urlsafe(_BYTES)


def csrf_of(token: str) -> str:
    """Return what the forms of a session carry: nobody who lacks its secret can know it."""
    return hashlib.blake2b(token.encode(), digest_size=24, person=b"bypost.csrf").hexdigest()


def is_csrf(token: str, given: str) -> bool:
    """Tell whether a form carries the token of this session."""
    return hmac.compare_digest(csrf_of(token).encode(), given.encode("utf-8", "surrogatepass"))


def cookie_name(links: Links) -> str:
    """Return the cookie's name; with https no other host of the domain can set one like it."""
    return "__Host-desk" if _secure(links) else "desk"


def read(cookies: Mapping[str, str], links: Links) -> str:
    """Return the secret that a browser holds; empty where it holds none."""
    found = cookies.get(cookie_name(links), "")
    return found if _FORM.fullmatch(found) else ""


def hold(response: Response, token: str, links: Links, *, seconds: int | None = None) -> None:
    """Let the browser hold a secret; until it is closed, where no time is given.

    Lax and not Strict: the links in alarms that are mailed to operators should open the desk.
    """
    response.set_cookie(
        cookie_name(links),
        token,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=_secure(links),
    )


def _secure(links: Links) -> bool:
    return links.base_url.startswith("https:")
