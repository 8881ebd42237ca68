"""The MJML we use: elements, where they may stand, and their attributes.

An allow-list, because mrml prints an unknown element into the mail and drops an unknown attribute
without a word. What is missing is missing on purpose: ``mj-include`` renders without the
container's width, ``mj-style inline`` is not inlined, ``mj-html-attributes`` is not known, and
accordion, carousel, hero, navbar and social come out wrong or load from a foreign host.
"""

from __future__ import annotations

from dataclasses import dataclass

_BOX = "padding padding-top padding-right padding-bottom padding-left css-class"
_BORDER = "border border-top border-right border-bottom border-left border-radius"
_FONT = "font-family font-size font-style font-weight line-height letter-spacing text-transform"
_BACKGROUND = "background-color background-url background-size background-repeat"
_SECTION = f"{_BOX} {_BORDER} {_BACKGROUND} direction text-align full-width"


@dataclass(frozen=True, slots=True)
class Element:
    """One element of MJML.

    Attributes:
        parents: Elements it may stand in.
        attributes: Attributes it may have.
        opaque: True where what is inside is HTML or text, not MJML.
    """

    parents: frozenset[str]
    attributes: frozenset[str]
    opaque: bool = False


def _element(parents: str, attributes: str = "", *, opaque: bool = False) -> Element:
    return Element(frozenset(parents.split()), frozenset(attributes.split()), opaque)


ELEMENTS: dict[str, Element] = {
    "mjml": _element("", "lang dir"),
    "mj-head": _element("mjml"),
    "mj-body": _element("mjml", "background-color width css-class"),
    "mj-title": _element("mj-head", opaque=True),
    "mj-preview": _element("mj-head", opaque=True),
    "mj-style": _element("mj-head", opaque=True),
    "mj-breakpoint": _element("mj-head", "width"),
    "mj-attributes": _element("mj-head"),
    "mj-all": _element("mj-attributes", f"{_BOX} {_FONT} color align direction"),
    "mj-class": _element(
        "mj-attributes", f"name {_BOX} {_FONT} {_BORDER} {_BACKGROUND} color align"
    ),
    "mj-raw": _element("mj-head mj-body mj-wrapper mj-section mj-column", opaque=True),
    "mj-wrapper": _element("mj-body", f"{_SECTION} gap"),
    "mj-section": _element("mj-body mj-wrapper mj-attributes", _SECTION),
    "mj-group": _element("mj-section", "width vertical-align background-color direction css-class"),
    "mj-column": _element(
        "mj-section mj-group mj-attributes",
        f"{_BOX} {_BORDER} background-color direction width vertical-align inner-background-color"
        " inner-border inner-border-left inner-border-right inner-border-radius",
    ),
    "mj-text": _element(
        "mj-column mj-attributes",
        f"{_BOX} {_FONT} color align height text-decoration container-background-color",
        opaque=True,
    ),
    "mj-button": _element(
        "mj-column mj-attributes",
        f"{_BOX} {_FONT} {_BORDER} align background-color color container-background-color height"
        " href inner-padding rel target text-align text-decoration vertical-align width",
        opaque=True,
    ),
    "mj-image": _element(
        "mj-column mj-attributes",
        f"{_BOX} {_BORDER} align alt height href rel src srcset target title width"
        " fluid-on-mobile container-background-color",
    ),
    "mj-divider": _element(
        "mj-column mj-attributes",
        f"{_BOX} align border-color border-style border-width width container-background-color",
    ),
    "mj-spacer": _element("mj-column mj-attributes", f"{_BOX} height container-background-color"),
    "mj-table": _element(
        "mj-column mj-attributes",
        f"{_BOX} {_FONT} align border cellpadding cellspacing color table-layout width"
        " container-background-color",
        opaque=True,
    ),
}

#: Elements that may take the attributes of an ``mj-class``, by its name.
CLASSED = frozenset(
    tag
    for tag, element in ELEMENTS.items()
    if "css-class" in element.attributes and tag not in ("mj-all", "mj-class", "mj-body")
)

#: Attributes that mrml computes with: a personal value would be lost there.
NUMERIC = frozenset({"width", "height"})
