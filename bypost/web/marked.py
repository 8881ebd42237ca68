"""Where the links of a marked test lead: pages that say what would be there, and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from starlette.responses import Response

from bypost.delivery.marked import TOKEN
from bypost.web.pages import Pages

#: First part of the address -> what a real mail's link opens there.
_REAL: Mapping[str, str] = {
    "u": "the page on which a subscriber leaves this course or newsletter",
    "p": "a subscriber's own page: their lessons, their rhythm, and the way out",
    "c": "the page on which somebody confirms that they asked for these mails",
}


def marked_routes(pages: Pages) -> list[tuple[str, str, Callable[..., Response]]]:
    """Return the addresses that stand before those with a person's token.

    POST too: mail programs offer the one-click way out of a test as of any mail (RFC 8058).
    """
    return [
        (method, f"/{part}/{TOKEN}", partial(_say, pages, real))
        for part, real in _REAL.items()
        for method in ("GET", "POST")
    ]


def _say(pages: Pages, real: str) -> Response:
    return pages.say(
        "This was a test",
        f"The mail that led you here was sent as a test. In a real one this link opens {real}.",
        "Nothing was changed.",
    )
