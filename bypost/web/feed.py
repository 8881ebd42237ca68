"""An Atom feed (RFC 4287) of a newsletter, with the whole text of each issue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from bypost.model.course import Newsletter
from bypost.render.assets import ADDRESS
from bypost.web.archive import Out

_ATOM = "http://www.w3.org/2005/Atom"
_XML = "http://www.w3.org/XML/1998/namespace"
register_namespace("", _ATOM)


def atom(
    newsletter: Newsletter, issues: Sequence[Out], *, base_url: str, author: str, now: datetime
) -> bytes:
    """Return the feed as XML.

    Args:
        issues: Newest first.
        now: Stands for the time of the last change while there is no issue.
    """
    home = f"{base_url}/newsletters/{newsletter.id}"
    feed = Element(f"{{{_ATOM}}}feed", {f"{{{_XML}}}lang": newsletter.language})
    _text(feed, "id", home)
    _text(feed, "title", newsletter.title)
    _text(feed, "subtitle", newsletter.summary)
    _text(feed, "updated", (issues[0].at if issues else now).isoformat(timespec="seconds"))
    _text(SubElement(feed, f"{{{_ATOM}}}author"), "name", author)
    _link(feed, "self", f"{home}/feed.xml")
    _link(feed, "alternate", home)
    for one in issues:
        entry = SubElement(feed, f"{{{_ATOM}}}entry")
        _text(entry, "id", f"{base_url}{one.path}")
        _text(entry, "title", one.article.title)
        _text(entry, "published", one.at.isoformat(timespec="seconds"))
        _text(entry, "updated", one.at.isoformat(timespec="seconds"))
        _link(entry, "alternate", f"{base_url}{one.path}")
        _text(entry, "summary", one.article.preheader)
        html = one.article.html.replace(f'src="{ADDRESS}', f'src="{base_url}{ADDRESS}')
        _text(entry, "content", html).set("type", "html")
    written: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _text(parent: Element, name: str, text: str) -> Element:
    made = SubElement(parent, f"{{{_ATOM}}}{name}")
    made.text = text
    return made


def _link(parent: Element, rel: str, href: str) -> None:
    SubElement(parent, f"{{{_ATOM}}}link", {"rel": rel, "href": href})
