"""How each piece of a mail's text looks: a small cascade, as far as rules about mail need it.

Style sheets in the head, inline styles, the attributes ``bgcolor``, ``color``, ``text`` and
``hidden``, ``!important``, specificity and inheritance count; so do the few properties below, and
nothing else. Its limits: ``background`` counts with its colour only, and what lies on a picture
has an unknown ground; no shorthand ``font``, no custom properties, no ``calc()``; of media queries
only widths and the colour scheme; nothing is laid out, so no overlap and no height of a line that
wraps. Where it cannot know a value it keeps the inherited one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from selectolax.lexbor import LexborNode, SelectolaxError

from bypost.check import colour
from bypost.check.colour import Colour
from bypost.check.lengths import ORDINARY, line_height, size_of
from bypost.check.page import Page
from bypost.check.sheet import Declaration, Screen, StyleRule, Weight, declarations, rules

#: What a browser shows without a style sheet, as far as it matters here.
_BUILT_IN: Mapping[str, str] = {
    "a": "text-decoration:underline",
    "b": "font-weight:bold",
    "strong": "font-weight:bold",
    "th": "font-weight:bold",
    "h1": "font-size:2em;font-weight:bold",
    "h2": "font-size:1.5em;font-weight:bold",
    "h3": "font-size:1.17em;font-weight:bold",
    "h4": "font-weight:bold",
    "h5": "font-size:0.83em;font-weight:bold",
    "h6": "font-size:0.67em;font-weight:bold",
    "small": "font-size:0.83em",
    "sub": "font-size:0.83em",
    "sup": "font-size:0.83em",
    "pre": "white-space:pre",
    "mark": "background-color:#ffff00;color:#000000",
}
#: The colour of a link that nobody gave one, on light and on dark grounds.
_LINK = {False: "#0000EE", True: "#9E9EFF"}
#: What a mail program shows behind a mail that allows dark colours and sets none (2026-11:
#: Chromium's; Apple Mail's is a little lighter).
_DARK_CANVAS = Colour(18, 18, 18)

#: A window at least as wide as a mail.
WIDE = Screen()
#: That of a phone.
NARROW = Screen(width=375)

_UNSEEN = frozenset({"head", "style", "script", "title", "template", "noscript"})
#: Spaces, and signs that show nothing: fillers after the preheader, and of empty cells.
_BLANK = re.compile(r"[\s\u00a0\u034f\u200a\u200b-\u200f\u2060\ufeff\u00ad]+")
_INLINE: Weight = (9, 0, 0)
_HINT: Weight = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Look:
    """What an element's text looks like.

    Attributes:
        colour: Of the text.
        ground: Behind it; None where a picture lies there.
        size: Of the letters, in CSS pixels.
        bold: Whether they are heavy enough to count as bold (700 and above).
        shown: False where the element, or one around it, is hidden.
        own: The element's own declarations, the winning value of each property.
    """

    colour: Colour
    ground: Colour | None
    size: float
    bold: bool = False
    shown: bool = True
    line_height: float = 1.2 * ORDINARY
    white_space: str = "normal"
    own: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One element of a mail.

    Attributes:
        text: What it shows itself, without the elements inside it.
        parent: None for the outermost.
    """

    node: LexborNode
    tag: str
    attributes: Mapping[str, str]
    text: str
    parent: Element | None

    @property
    def classes(self) -> tuple[str, ...]:
        """Return its classes, in their order."""
        return tuple(self.attributes.get("class", "").split())

    def around(self) -> Iterator[Element]:
        """Yield the elements around it, the nearest first."""
        outer = self.parent
        while outer is not None:
            yield outer
            outer = outer.parent


class Styles:
    """The looks of one mail's elements; made once for each mail and screen.

    Attributes:
        elements: All of them, in the order of the document.
    """

    def __init__(self, page: Page) -> None:
        self.elements = tuple(_elements(page))
        self._by_id = {element.node.mem_id: element for element in self.elements}
        self._sheets = tuple(_sheets(page))
        self._matched = tuple(_matched(page, self._sheets))
        self._allows_dark = _allows_dark(page)
        self._looks: dict[Screen, dict[Element, Look]] = {}

    def element(self, node: LexborNode) -> Element:
        """Return the element that a node of the page is."""
        return self._by_id[node.mem_id]

    def rules(self) -> tuple[StyleRule, ...]:
        """Return all rules of the style sheets in the head."""
        return self._sheets

    def looks(self, screen: Screen = WIDE) -> Mapping[Element, Look]:
        """Return the look of every element on ``screen``."""
        if screen not in self._looks:
            self._looks[screen] = self._computed(screen)
        return self._looks[screen]

    def _computed(self, screen: Screen) -> dict[Element, Look]:
        winning = self._winning(screen)
        dark = screen.dark and self._allows_dark
        canvas = _DARK_CANVAS if dark else colour.WHITE
        first = Look(colour.WHITE if dark else colour.BLACK, canvas, ORDINARY)
        found: dict[Element, Look] = {}
        for element in self.elements:
            outer = found[element.parent] if element.parent else first
            found[element] = _look(element, outer, winning(element), dark=dark)
        return found

    def _winning(self, screen: Screen) -> _Winning:
        by_node: dict[int, list[tuple[Weight, int, tuple[Declaration, ...]]]] = {}
        for order, (rule, ids) in enumerate(self._matched):
            if screen.fits(rule.media):
                for mem_id in ids:
                    by_node.setdefault(mem_id, []).append((rule.weight, order, rule.declarations))
        return _Winning(by_node)


@dataclass(frozen=True, slots=True)
class _Winning:
    """Tells which declarations win on an element."""

    by_node: Mapping[int, list[tuple[Weight, int, tuple[Declaration, ...]]]]

    def __call__(self, element: Element) -> dict[str, str]:
        layers = list(self.by_node.get(element.node.mem_id, ()))
        inline = element.attributes.get("style", "")
        if inline:
            layers.append((_INLINE, 0, declarations(inline)))
        layers.sort(key=lambda layer: layer[:2])
        given = [one for _, _, layer in layers for one in layer]
        # Built-in styles and attributes are below everything an author wrote.
        values = {one.name: one.value for one in declarations(_BUILT_IN.get(element.tag, ""))}
        values.update(_hints(element))
        for wanted in (False, True):
            for one in given:
                if one.important is wanted:
                    _set(values, one)
        return values


def styles_of(page: Page) -> Styles:
    """Return the styles of ``page``, computed once."""
    if page not in _KEPT:
        _KEPT[page] = Styles(page)
    return _KEPT[page]


_KEPT: WeakKeyDictionary[Page, Styles] = WeakKeyDictionary()


def _elements(page: Page) -> Iterator[Element]:
    made: dict[int, Element] = {}
    root = page.tree.root
    if root is None:
        return
    for node in root.traverse(include_text=False):
        if not node.is_element_node:
            continue
        parent = made.get(node.parent.mem_id) if node.parent else None
        attributes = {name: value or "" for name, value in (node.attributes or {}).items()}
        text = _BLANK.sub(" ", node.text(deep=False)).strip()
        made[node.mem_id] = Element(node, node.tag or "", attributes, text, parent)
        yield made[node.mem_id]


def _sheets(page: Page) -> Iterator[StyleRule]:
    for node in page.find("style"):
        media = (node.attributes or {}).get("media")
        for rule in rules(node.text()):
            around = (media.lower(), *rule.media) if media else rule.media
            yield StyleRule(rule.selector, rule.weight, rule.declarations, around)


def _matched(page: Page, sheets: Sequence[StyleRule]) -> Iterator[tuple[StyleRule, list[int]]]:
    for rule in sheets:
        try:
            nodes = page.find(rule.selector)
        except SelectolaxError:
            continue
        if nodes:
            yield rule, [node.mem_id for node in nodes]


def _allows_dark(page: Page) -> bool:
    return any(
        "dark" in ((node.attributes or {}).get("content") or "")
        for node in page.find('meta[name="color-scheme"]')
    )


def _hints(element: Element) -> dict[str, str]:
    attributes = element.attributes
    hints = {"bgcolor": "background-color", "color": "color", "text": "color"}
    found = {name: attributes[key] for key, name in hints.items() if attributes.get(key)}
    if "hidden" in attributes:
        found["display"] = "none"
    return found


def _set(values: dict[str, str], one: Declaration) -> None:
    values[one.name] = one.value
    # A shorthand sets the colour, too; `none` takes a picture and a colour away.
    if one.name == "background":
        values["background-color"] = _colour_in(one.value) or "transparent"
        values["background-image"] = "url" if "url(" in one.value.lower() else "none"


def _colour_in(value: str) -> str:
    if colour.parse(value):
        return value
    parts = re.findall(r"[\w-]+\([^)]*\)|\S+", value)
    return next((part for part in parts if colour.parse(part)), "")


def _look(element: Element, outer: Look, own: Mapping[str, str], *, dark: bool) -> Look:
    size = size_of(own.get("font-size", ""), outer.size)
    weight = own.get("font-weight", "")
    return Look(
        colour=_text_colour(element, outer, own, dark=dark),
        ground=_ground(outer, own),
        size=size,
        bold=outer.bold if weight in ("", "inherit") else _is_bold(weight),
        shown=outer.shown and _is_shown(element, own),
        line_height=line_height(own.get("line-height", ""), size, outer.line_height, outer.size),
        white_space=own.get("white-space", outer.white_space),
        own=own,
    )


def _text_colour(element: Element, outer: Look, own: Mapping[str, str], *, dark: bool) -> Colour:
    named = own.get("color", "")
    if not named and element.tag == "a" and "href" in element.attributes:
        named = _LINK[dark]
    found = colour.parse(named)
    below = outer.ground or colour.WHITE
    return outer.colour if found is None else colour.over(found, _ground(outer, own) or below)


def _ground(outer: Look, own: Mapping[str, str]) -> Colour | None:
    image = own.get("background-image", "none").lower()
    if "url" in image or "gradient" in image:
        return None
    found = colour.parse(own.get("background-color", ""))
    if found is None or found.alpha == 0:
        return outer.ground
    if outer.ground is None:
        return found if found.alpha >= 1 else None
    return colour.over(found, outer.ground)


def _is_bold(weight: str) -> bool:
    return weight in ("bold", "bolder") or (weight.isdigit() and int(weight) >= 700)


def _is_shown(element: Element, own: Mapping[str, str]) -> bool:
    return not (
        element.tag in _UNSEEN
        or own.get("display") == "none"
        or own.get("visibility") == "hidden"
        or own.get("opacity") == "0"
    )
