"""HTML that mail programs remove, and HTML that is not well formed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from bypost.check.blame import blamed, named, place_of
from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.check.styles import Element, styles_of

#: Elements that mail programs remove, disarm, or warn of.
_FORBIDDEN = frozenset(
    {
        *("script", "form", "input", "button", "select", "textarea", "dialog"),
        *("iframe", "frame", "frameset", "object", "embed", "applet", "canvas"),
        *("video", "audio", "source", "track", "base", "portal"),
    }
)
_MOVING = frozenset({"absolute", "fixed", "sticky"})

#: Elements without an end tag.
_VOID = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta"),
        *("param", "source", "track", "wbr"),
    }
)
#: Blocks: a browser ends a paragraph before them.
_BLOCKS = frozenset(
    {
        *("address", "article", "blockquote", "center", "div", "dl", "fieldset", "h1", "h2", "h3"),
        *("h4", "h5", "h6", "hr", "ol", "p", "pre", "section", "table", "ul"),
    }
)

HTML_FORBIDDEN = Rule(
    id="html-forbidden",
    level=Level.ERROR,
    title="HTML that mail programs remove",
    why="Mail programs remove scripts, frames and event handlers such as `onclick`, and filters "
    "take them for an attack. Forms are removed by some programs, and shown but never sent by "
    "others; videos do not play. Gmail and Outlook on Windows remove `position`, so that what it "
    "moved lies where it would have been.",
    fix="Take it out of the template; link to a page that has it.",
    source="caniemail: form, object, video, position (2026-05)",
    bad='<mj-raw><form action="https://example.org/answer"><input name="answer"></form></mj-raw>',
    good='<mj-button href="https://example.org/answer">Answer on the web</mj-button>',
)
HTML_VALID = Rule(
    id="html-valid",
    level=Level.ERROR,
    title="HTML that is not closed, or closed in the wrong order",
    why="Each mail program repairs broken HTML in its own way: in one of them the rest of the mail "
    "ends up inside a link, or beside its frame.",
    fix="Close every element in the reverse order of opening. A paragraph holds no heading, list, "
    "table or other block, and a link no link.",
    source="HTML Living Standard, 13.2 Parsing HTML documents",
    bad="<mj-text><p><div>Text</div></p></mj-text>",
    good="<mj-text><div><p>Text</p></div></mj-text>",
)

RULES = (HTML_FORBIDDEN, HTML_VALID)


def html_forbidden(sample: Sample) -> Iterator[Finding]:
    """Nothing that mail programs remove is in the mail."""
    if not sample.page:
        return
    styles = styles_of(sample.page)
    for element, look in styles.looks().items():
        for what in _forbidden(element, look.own.get("position", "")):
            path, line = _place(sample, element)
            yield HTML_FORBIDDEN.at(
                path, f"{what} does not survive in mail", fix="take it out", line=line
            )


def html_valid(sample: Sample) -> Iterator[Finding]:
    """Every element is closed, in its turn."""
    if not sample.page:
        return
    for tag, message in faults_of(sample.page.html):
        path, line = place_of(sample.around.root, re.compile(rf"</?{tag}\b"))
        yield HTML_VALID.at(path, message, fix="close elements in reverse order", line=line)


def faults_of(html: str) -> list[tuple[str, str]]:
    """Return the names of elements that are wrong, each with what is wrong with it."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.faults()


def _forbidden(element: Element, position: str) -> Iterator[str]:
    if element.tag in _FORBIDDEN:
        yield f"`<{element.tag}>`"
    if element.tag == "link" and "stylesheet" in element.attributes.get("rel", ""):
        yield "a style sheet from elsewhere"
    if element.tag == "meta" and element.attributes.get("http-equiv", "").lower() == "refresh":
        yield "`<meta http-equiv=refresh>`"
    for name in element.attributes:
        if name.startswith("on"):
            yield f"the attribute `{name}` of {named(element)}"
    if position in _MOVING:
        yield f"`position:{position}` of {named(element)}"


def _place(sample: Sample, element: Element) -> tuple[str, int | None]:
    if element.tag in _FORBIDDEN:
        return place_of(sample.around.root, re.compile(rf"<{element.tag}\b"))
    origin = blamed(sample.around.root, element, ("position",))
    return origin.path, origin.line


class _Reader(HTMLParser):
    """Follows the elements of a mail; comments, also conditional ones, are not its business."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []
        self._found: dict[tuple[str, str], None] = {}

    def faults(self) -> list[tuple[str, str]]:
        """Return the elements that are wrong, each with what is wrong with it."""
        rest = [(tag, f"`<{tag}>` is never closed") for tag in self._open]
        return list(dict.fromkeys([*self._found, *rest]))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "a" and "a" in self._open:
            self._note(tag, "a link stands inside a link")
        # A cell is a new beginning: the paragraph around its table was the fault.
        inner = self._open[::-1]
        cell = next((at for at, it in enumerate(inner) if it in ("td", "th")), len(inner))
        if tag in _BLOCKS and "p" in inner[:cell]:
            self._note(tag, f"`<{tag}>` stands inside a paragraph, which ends before it")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if tag not in self._open:
            self._note(tag, f"`</{tag}>` closes nothing")
            return
        while (last := self._open.pop()) != tag:
            self._note(last, f"`<{last}>` is not closed before `</{tag}>`")

    def _note(self, tag: str, message: str) -> None:
        self._found[tag, message] = None


SAMPLE_CHECKS = (html_forbidden, html_valid)
