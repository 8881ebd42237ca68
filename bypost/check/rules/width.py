"""What is wider than the screens on which mail is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import east_asian_width

from selectolax.lexbor import LexborNode

from bypost.check import blame
from bypost.check.finding import Finding, Level
from bypost.check.lengths import pixels
from bypost.check.page import Page
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.check.styles import NARROW, Element, Look, styles_of

#: CSS pixels: the widest a mail may be, and what a small phone has for its text.
WIDEST = 640
PHONE = 320
_GUTTERS = 40

#: How wide a letter is on average, as a share of its size (measured with Chromium on Linux over
#: English prose, 2026-11); all letters of a fixed-width font are that wide.
_LETTER = 0.5
_FIXED_LETTER = 0.6
_CELL_PADDING = 16

_WRAPS = frozenset({"pre-wrap", "pre-line", "break-spaces", "normal"})
_BREAKS = ("break-all", "break-word", "anywhere")

WIDTH_OVERFLOW = Rule(
    id="width-overflow",
    level=Level.ERROR,
    title="Something wider than the screen",
    why=f"Mail programs show about 600 px, phones {PHONE} to 430 px. What cannot shrink is cut off "
    "or makes the whole mail small enough to fit, its letters with it. How wide a table or a line "
    "of code gets is an estimate, so a table is reported as a warning, and so is what shrinks on a "
    "phone but is wider than a mail program's column.",
    fix="Use `max-width` instead of a fixed width, let long lines wrap (`white-space:pre-wrap`), "
    "and give a table fewer columns or shorter words.",
    source=f"Widths of mail programs and phones (2026-11); above {WIDEST} px, or a table that "
    f"needs more than {PHONE} px",
    bad="| Mon | Tue | Wed | Thu | Fri | Sat | Sun | Week | Month | Total |\n"
    "|---|---|---|---|---|---|---|---|---|---|\n"
    "| reading | writing | writing | answering | resting | resting | walking | 12 | 40 | 52 |",
    good="| Day | What |\n|---|---|\n| Monday | reading |\n| Tuesday | writing |",
)

RULES = (WIDTH_OVERFLOW,)


def fixed_width(sample: Sample) -> Iterator[Finding]:
    """No element has a fixed width that no mail program has."""
    if not sample.page:
        return
    reported: dict[Element, float] = {}
    for element, look in styles_of(sample.page).looks(NARROW).items():
        wide, most = _fixed(element, look), pixels(look.own.get("max-width", ""), look.size)
        widest = max(wide or 0, most or 0)
        # What is no wider than something around it only fills that.
        around = max((reported.get(it, 0) for it in element.around()), default=0)
        if not look.shown or widest <= max(WIDEST, around):
            continue
        reported[element] = widest
        origin = blame.blamed(sample.around.root, element)
        message = f"{origin.name} is {'up to ' if wide is None else ''}{widest:g} px wide"
        fix = f"make it at most {WIDEST} px wide"
        # What shrinks on a phone is still cut off in the narrow column of a mail program.
        level = Level.WARNING if wide is None else Level.ERROR
        yield WIDTH_OVERFLOW.at(origin.path, message, fix=fix, line=origin.line, level=level)


def wide_text(sample: Sample) -> Iterator[Finding]:
    """Lines of code wrap, and tables fit on a phone."""
    page = sample.page
    if not page:
        return
    looks = styles_of(page).looks(NARROW)
    for element, look in looks.items():
        if element.tag == "pre" and look.shown:
            yield from _code(sample, page, element, look)
        elif element.tag == "table" and page.line(element.node) is not None:
            yield from _table(sample, page, element, look)


def _fixed(element: Element, look: Look) -> float | None:
    least = pixels(look.own.get("min-width", ""), look.size)
    if least is not None:
        return least
    if "max-width" in look.own:
        return None
    given = look.own.get("width") or element.attributes.get("width", "")
    return pixels(given, look.size)


def _code(sample: Sample, page: Page, element: Element, look: Look) -> Iterator[Finding]:
    if look.white_space in _WRAPS or look.own.get("overflow-x") in ("auto", "scroll"):
        return
    longest = max((len(line) for line in element.node.text().splitlines()), default=0)
    if longest * look.size * _FIXED_LETTER > WIDEST:
        message = f"a line of code has {longest} characters and does not wrap"
        fix = "break the line, or let `pre` wrap in templates/email/style.toml"
        yield blame.finding(sample, page, element, WIDTH_OVERFLOW, message, fix)


def _table(sample: Sample, page: Page, element: Element, look: Look) -> Iterator[Finding]:
    rows = [_cells(row) for row in element.node.css("tr")]
    columns = max((len(row) for row in rows), default=0)
    cell = element.node.css_first("td, th")
    if not columns or cell is None or _breaks_words(cell):
        return
    words = (
        max((_width(row[at]) for row in rows if at < len(row)), default=0.0)
        for at in range(columns)
    )
    wide = sum(word * look.size * _LETTER + _CELL_PADDING for word in words)
    if wide > PHONE - _GUTTERS:
        message = f"the table needs about {wide:.0f} px; a small phone shows {PHONE - _GUTTERS}"
        fix = "give it fewer columns or shorter words, or make a list of it"
        level = Level.WARNING
        yield blame.finding(sample, page, element, WIDTH_OVERFLOW, message, fix, level)


def _cells(row: LexborNode) -> list[str]:
    return [cell.text() for cell in row.css("td, th")]


def _width(text: str) -> float:
    """Return the width of the longest word, in letters; Chinese and the like break anywhere."""
    words = re.split(r"[\s\u00ad\u200b/-]+", text)
    narrow = (word for word in words if not any(east_asian_width(it) in "WF" for it in word))
    return float(max(map(len, narrow), default=0))


def _breaks_words(cell: LexborNode) -> bool:
    style = (cell.attributes or {}).get("style") or ""
    return any(it in style for it in _BREAKS)


SAMPLE_CHECKS = (fixed_width, wide_text)
