"""Checks MJML against the elements we use, because mrml checks nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from bypost.render.elements import CLASSED, ELEMENTS, NUMERIC
from bypost.render.frames import AT, FOLDER
from bypost.render.nearest import did_you_mean
from bypost.render.problems import Problems
from bypost.render.words import Place, Words


def validate(source: str, template: str, words: Words, problems: Problems) -> None:
    """Note everything in the MJML document that mrml would drop or print in silence."""
    _Validator(template, words, problems).check(source)
    for found in _BARE.finditer(source):
        at = list(_AT.finditer(source, 0, found.start()))[-1:]
        place = Place(f"{FOLDER}/{at[0][1]}", int(at[0][2])) if at else Place(template, None)
        problems.add(place, "mjml-syntax", "a bare `<` in the text", "write `&lt;`")


#: Elements of HTML that have no end tag.
_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "wbr"})

_BARE = re.compile(r"<(?![A-Za-z/!])")
_AT = re.compile(rf' {AT}="([^":]+):(\d+)"')


class _Validator(HTMLParser):
    """Follows the MJML elements; HTML inside text elements is none of its business."""

    def __init__(self, template: str, words: Words, problems: Problems) -> None:
        super().__init__(convert_charrefs=True)
        self.template = template
        self.words = words
        self.problems = problems
        self.open: list[tuple[str, Place]] = []
        self.html: list[tuple[str, Place]] = []

    def check(self, source: str) -> None:
        self.feed(source)
        self.close()
        for tag, place in self.open:
            self.problems.add(place, "mjml-nesting", f"<{tag}> is never closed")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        place = self._place(dict(attrs).get(AT))
        if not _is_mjml(tag):
            self._plain(tag, place)
            return
        self._element(tag, place)
        self._attributes(tag, attrs, place)
        self.open.append((tag, place))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if _is_mjml(tag):
            self.open.pop()
        elif tag not in _VOID:
            self.html.pop()

    def handle_endtag(self, tag: str) -> None:
        if not _is_mjml(tag):
            self._html_end(tag)
            return
        self._leftover()
        if self.open and self.open[-1][0] == tag:
            self.open.pop()
            return
        place = self.open[-1][1] if self.open else Place(f"{FOLDER}/{self.template}", None)
        inner = f"; <{self.open[-1][0]}> is open" if self.open else ""
        self.problems.add(place, "mjml-nesting", f"</{tag}> closes nothing{inner}")
        if any(tag == name for name, _ in self.open):
            while self.open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        parent = self.open[-1] if self.open else None
        known = ELEMENTS.get(parent[0]) if parent else None
        if parent and known and not known.opaque and data.strip():
            shown = self.words.plain(data.strip())[:40]
            self.problems.add(
                parent[1], "mjml-text", f"text `{shown}` directly in <{parent[0]}> is lost",
                "put it into <mj-text> or <mj-raw>",
            )  # fmt: skip

    def _place(self, at: str | None) -> Place:
        if at:
            file, _, line = at.rpartition(":")
            return Place(f"{FOLDER}/{file}", int(line))
        return self.open[-1][1] if self.open else Place(f"{FOLDER}/{self.template}", None)

    def _inside_opaque(self) -> bool:
        return any(ELEMENTS[tag].opaque for tag, _ in self.open if tag in ELEMENTS)

    def _html_end(self, tag: str) -> None:
        if self.html and self.html[-1][0] == tag:
            self.html.pop()
        elif tag not in _VOID:
            inner = f"; <{self.html[-1][0]}> is open" if self.html else ""
            self.problems.add(self._place(None), "mjml-syntax", f"</{tag}> closes nothing{inner}")

    def _leftover(self) -> None:
        """An MJML element ends: so must the HTML inside it, or mrml reads none of the document."""
        for tag, place in self.html:
            self.problems.add(place, "mjml-syntax", f"<{tag}> is never closed", "add its end tag")
        self.html.clear()

    def _plain(self, tag: str, place: Place) -> None:
        if tag not in _VOID:
            self.html.append((tag, place))
        if not self._inside_opaque():
            parent = self.open[-1][0] if self.open else "the document"
            self.problems.add(
                place, "mjml-nesting", f"<{tag}> stands directly in {parent}", "wrap it in <mj-raw>"
            )

    def _element(self, tag: str, place: Place) -> None:
        element = ELEMENTS.get(tag)
        if element is None:
            fix = did_you_mean(tag, ELEMENTS) or "use an element of the package's own templates"
            message = f"<{tag}> is not an MJML element that can be used here"
            self.problems.add(place, "mjml-element", message, fix)
            return
        parent = self.open[-1][0] if self.open else ""
        if (parent in ELEMENTS and parent not in element.parents) or (not parent and tag != "mjml"):
            allowed = ", ".join(f"<{name}>" for name in sorted(element.parents))
            where = f"<{parent}>" if parent else "the document"
            self.problems.add(
                place,
                "mjml-nesting",
                f"<{tag}> cannot stand in {where}",
                f"it belongs in {allowed}",
            )

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]], place: Place) -> None:
        element = ELEMENTS.get(tag)
        for name, value in attrs:
            if element is None or name == AT:
                continue
            if name == "mj-class" and tag in CLASSED:
                if len((value or "").split()) != 1:
                    message = "`mj-class` takes one name: of several, compilers choose differently"
                    self.problems.add(place, "mjml-attribute", message, "make one class of them")
                continue
            if name not in element.attributes:
                fix = did_you_mean(name, element.attributes)
                message = f"<{tag}> has no attribute `{name}`"
                self.problems.add(place, "mjml-attribute", message, fix)
            elif name in NUMERIC and self.words.inside(value or ""):
                message = f"`{name}` of <{tag}> cannot differ between people"
                self.problems.add(place, "mjml-attribute", message, "write a number")
        if tag == "mj-image" and "alt" not in dict(attrs):
            self.problems.add(
                place, "img-alt", "<mj-image> has no `alt`", 'describe it, or write alt=""'
            )


def _is_mjml(tag: str) -> bool:
    return tag == "mjml" or tag.startswith("mj-")
