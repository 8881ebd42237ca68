"""Which features of caniemail a mail uses: its properties, values, selectors, elements.

The features are recognised by their titles in the data, so that new ones come with new data; a
few whose titles are words for people are listed here. What a browser cannot know either, such as
whether a mail is sent as AMP, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bypost.check.caniemail import data
from bypost.check.page import Page
from bypost.check.sheet import Declaration, declarations, rules
from bypost.check.styles import Element, styles_of

#: Titles that name no property by themselves -> what to look for in a declaration's name.
_NAMES = {
    "css-border-radius-logical": r"border-(?:start|end)-(?:start|end)-radius",
    "css-border-inline-block": r"border-(?:inline|block)",
    "css-border-inline-block-longhand": r"border-(?:inline|block)-(?:width|style|color)",
    "css-border-inline-block-individual": r"border-(?:inline|block)-(?:start|end)(?:-\w+)?",
    "css-column-layout-properties": r"columns|column-(?:fill|rule(?:-\w+)?|span|width)",
    "css-grid-template": r"grid-template(?:-\w+)*",
    "css-variables": r"--.+",
    "css-margin-inline-block": r"margin-(?:inline|block)",
    "css-padding-inline-block": r"padding-(?:inline|block)",
}
#: The same for what to look for in a value.
_VALUES = {
    "css-modern-color": r"\b(?:ok)?(?:lch|lab)\(",
    "css-intrinsic-size": r"\b(?:fit|min|max)-content\b",
    "css-sytem-ui": r"\b(?:system-ui|ui-(?:serif|sans-serif|rounded|monospace))\b",
    "css-unit-calc": r"\bcalc\(",
    "css-unit-initial": r"\binitial\b",
    "css-unit-percent": r"\d%",
    "css-variables": r"\bvar\(",
}
#: And in a style sheet as a whole.
_SHEET = {
    "css-at-media": r"@media\b",
    "css-at-media-device-pixel-ratio": r"@media[^{]*device-pixel-ratio",
    "css-at-media-hover": r"@media[^{]*\((?:any-)?hover",
    "css-at-media-orientation": r"@media[^{]*orientation",
    "css-at-media-prefers-color-scheme": r"@media[^{]*prefers-color-scheme",
    "css-at-media-prefers-reduced-motion": r"@media[^{]*prefers-reduced-motion",
    "css-comments": r"/\*",
}
#: And in a selector.
_SELECTORS = {
    "css-selector-adjacent-sibling": r"\+",
    "css-selector-attribute": r"\[",
    "css-selector-child": r">",
    "css-selector-general-sibling": r"~",
    "css-selector-id": r"#",
    "css-selector-universal": r"(?:^|\s)\*",
}
_ELEMENTS = {
    "html-h1-h6": "h1 h2 h3 h4 h5 h6",
    "html-lists": "ul ol dl",
    "html-semantics": "article aside details figcaption figure footer header main mark nav section"
    " summary time",
    "html-address": "address",
    "html-image-maps": "map area",
    "html-svg": "svg",
    "html-base": "base",
}
_ATTRIBUTES = {"html-srcset": "srcset sizes"}
_ONLY_FOR_PEOPLE = frozenset(
    {"html-doctype", "html-comments", "css-important", "css-inert-attribute"}
)

_AT_RULE = re.compile(r"@[\w-]+")
_PROPERTY = re.compile(r"-?[a-z]+(?:-[a-z]+)*")
_UNIT = re.compile(r"(\w+) unit")
_FUNCTION = re.compile(r"([\w-]+)\(\)")
_TAG = re.compile(r"<(\w+)(?: type=\"(\w+)\")?>")


@dataclass(frozen=True, slots=True)
class _Detectors:
    """Features by what gives them away."""

    by_property: Mapping[str, tuple[str, ...]]
    by_pair: Mapping[tuple[str, str], str]
    names: tuple[tuple[re.Pattern[str], str], ...]
    values: tuple[tuple[re.Pattern[str], str], ...]
    selectors: tuple[tuple[re.Pattern[str], str], ...]
    sheets: tuple[tuple[re.Pattern[str], str], ...]
    by_tag: Mapping[str, str]
    by_attribute: Mapping[str, str]


def used(page: Page) -> dict[str, Element | None]:
    """Return the features that a mail uses: slug -> the first element; None for a style sheet."""
    found: dict[str, Element | None] = {}
    for node in page.find("style"):
        for slug in _in_sheet(node.text()):
            found.setdefault(slug, None)
    for element in styles_of(page).elements:
        for slug in _in_element(element):
            if found.get(slug) is None:
                found[slug] = element
    return found


def _in_element(element: Element) -> Iterator[str]:
    known = _detectors()
    kind = element.attributes.get("type", "") if element.tag in ("input", "button") else ""
    for key in (f"{element.tag} {kind}".strip(), element.tag):
        if key in known.by_tag:
            yield known.by_tag[key]
    for name in element.attributes:
        if name in known.by_attribute:
            yield known.by_attribute[name]
    href = element.attributes.get("href", "")
    if href.startswith("mailto:"):
        yield "html-mailto-links"
    elif href.startswith("#"):
        yield "html-anchor-links"
    yield from _in_style(element.attributes.get("style", ""))


@lru_cache(maxsize=4096)
def _in_style(style: str) -> frozenset[str]:
    return frozenset(_in_declarations(declarations(style)))


def _in_declarations(given: Iterable[Declaration]) -> Iterator[str]:
    known = _detectors()
    for one in given:
        value = one.value.lower()
        yield from known.by_property.get(one.name, ())
        if slug := known.by_pair.get((one.name, value)):
            yield slug
        yield from (slug for pattern, slug in known.names if pattern.fullmatch(one.name))
        yield from (slug for pattern, slug in known.values if pattern.search(value))


@lru_cache(maxsize=64)
def _in_sheet(css: str) -> frozenset[str]:
    known = _detectors()
    found = {slug for pattern, slug in known.sheets if pattern.search(css)}
    for rule in rules(css):
        found.update(_in_declarations(rule.declarations))
        found.update(slug for pattern, slug in known.selectors if pattern.search(rule.selector))
    return frozenset(found)


@lru_cache(maxsize=1)
def _detectors() -> _Detectors:
    titles = {slug: it for slug, it in data().titles.items() if slug not in _ONLY_FOR_PEOPLE}
    css = {slug: it for slug, it in titles.items() if slug.startswith("css-")}
    html = {slug: it for slug, it in titles.items() if slug.startswith("html-")}
    by_property: dict[str, list[str]] = {}
    by_pair: dict[tuple[str, str], str] = {}
    for slug, title in css.items():
        for name, value in _properties(slug, title):
            if value:
                by_pair[name, value] = slug
            else:
                by_property.setdefault(name, []).append(slug)
    return _Detectors(
        by_property={name: tuple(slugs) for name, slugs in by_property.items()},
        by_pair=by_pair,
        names=_patterns(_NAMES, titles),
        values=(*_patterns(_VALUES, titles), *_value_patterns(css)),
        selectors=(*_patterns(_SELECTORS, titles), *_pseudo(css)),
        sheets=(*_patterns(_SHEET, titles), *_at_rules(css)),
        by_tag=dict(_tags(html)),
        by_attribute=dict(_attributes(html)),
    )


def _patterns(
    table: Mapping[str, str], titles: Mapping[str, str]
) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(it), slug) for slug, it in table.items() if slug in titles)


def _properties(slug: str, title: str) -> Iterator[tuple[str, str]]:
    """Yield properties that a title names, with a value where it names one too."""
    if slug in _NAMES or slug in _VALUES or slug.startswith(("css-at-", "css-pseudo-")):
        return
    if "(" in title or title.endswith((" unit", " combinator", " selector")):
        return
    plain = re.sub(r" (?:CSS )?(?:property|shorthand)$", "", title.strip())
    if ":" in plain:
        name, _, value = (part.strip() for part in plain.partition(":"))
        yield name, value
        return
    for part in re.split(r", | & ", plain):
        if _PROPERTY.fullmatch(part):
            yield part, ""


def _value_patterns(css: Mapping[str, str]) -> Iterator[tuple[re.Pattern[str], str]]:
    for slug, title in css.items():
        if slug in _VALUES:
            continue
        if unit := _UNIT.fullmatch(title):
            yield re.compile(rf"\d{re.escape(unit[1])}\b"), slug
        elif not slug.startswith("css-pseudo-") and (function := _FUNCTION.fullmatch(title)):
            yield re.compile(rf"(?<![\w-]){re.escape(function[1])}\("), slug


def _pseudo(css: Mapping[str, str]) -> Iterator[tuple[re.Pattern[str], str]]:
    for slug, title in css.items():
        if slug.startswith("css-pseudo-"):
            name = title.lstrip(":").removesuffix("()")
            yield re.compile(rf":{re.escape(name)}(?![\w-])"), slug


def _at_rules(css: Mapping[str, str]) -> Iterator[tuple[re.Pattern[str], str]]:
    for slug, title in css.items():
        if slug.startswith("css-at-") and slug not in _SHEET and _AT_RULE.fullmatch(title):
            yield re.compile(rf"{re.escape(title)}\b"), slug


def _tags(html: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for slug, title in html.items():
        if slug in _ELEMENTS:
            yield from ((tag, slug) for tag in _ELEMENTS[slug].split())
        elif found := _TAG.match(title):
            yield f"{found[1]} {found[2] or ''}".strip(), slug


def _attributes(html: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for slug, title in html.items():
        for name in _ATTRIBUTES.get(slug, "").split() or [title.removesuffix(" attribute")]:
            if slug in _ATTRIBUTES or title.endswith(" attribute"):
                yield name, slug
