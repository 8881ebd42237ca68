"""The links of a persona's mails: of the form and length of real ones, and refused by every page.

Apart from the whole message, which needs much more: a preview shows a mail before it loads that.
"""

from __future__ import annotations

from collections.abc import Mapping

from bypost.links import LINK_ID_BYTES, Links

#: Signs links that lead nowhere: they are as long as real ones.
_KEY = "sample"


def sample_links(base_url: str) -> Mapping[str, str]:
    """Return the ``links.*`` of a persona's mails."""
    links, token = links_and_token(base_url)
    return {
        "leave": links.leave(token),
        "progress": links.progress(token),
        "confirm": links.confirm(token),
        "done": links.done(token, "sample"),
    }


def links_and_token(base_url: str) -> tuple[Links, str]:
    """Return what makes links, and the token of a persona in them."""
    links = Links(base_url, [_KEY])
    return links, links.token(bytes(LINK_ID_BYTES))
