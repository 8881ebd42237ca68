"""Letters large enough to read, and buttons large enough to hit."""

from __future__ import annotations

from collections.abc import Iterator

from bypost.check.blame import blamed
from bypost.check.buttons import height, is_button
from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.check.styles import NARROW, WIDE, Element, Look, styles_of

#: CSS pixels.
SMALL = 14.0
TOO_SMALL = 12.0
LOW = 44.0
TOO_LOW = 24.0


FONT_SIZE = Rule(
    id="font-size",
    level=Level.WARNING,
    title="Letters too small to read with ease",
    why=f"Most mails are read on a phone at arm's length. Text of a lesson below {SMALL:g} px is a "
    f"strain there, and some apps enlarge it by themselves, which breaks lines. Below "
    f"{TOO_SMALL:g} px it is an error. The small print of the frame, such as the address at the "
    f"end, may go down to {TOO_SMALL:g} px.",
    fix="Set `size` values in `[theme]` of `bypost.toml`, or the `font-size` in the template that "
    "the finding names. 16 px or more is right for running text.",
    source="Practice of mail designers; iOS Mail enlarges text below 13 px (observed, 2026-11)",
    bad='# templates/email/style.toml\n[elements]\ntable = "font-size:11px"',
    good='# templates/email/style.toml\n[elements]\ntable = "font-size:16px"',
)
TARGET_SIZE = Rule(
    id="target-size",
    level=Level.WARNING,
    title="A button too low to hit",
    why=f"A thumb needs about {LOW:g} px. Below {TOO_LOW:g} px the button fails the standard, and "
    "that is an error. Links within a text are not meant: they stand where the words stand.",
    fix="Give the button more `inner-padding` in `templates/email/parts.mjml`.",
    source="WCAG 2.2, 2.5.8 Target Size (Minimum), 24 px; 2.5.5 Target Size (Enhanced), 44 px",
    bad='<mj-button inner-padding="4px 22px" font-size="17px">    <!-- 28 px -->',
    good='<mj-button inner-padding="13px 22px" font-size="17px">   <!-- 46 px -->',
)

RULES = (FONT_SIZE, TARGET_SIZE)


def font_size(sample: Sample) -> Iterator[Finding]:
    """Text is large enough, on a wide screen and on a phone."""
    if not sample.page:
        return
    styles = styles_of(sample.page)
    wide, phone = styles.looks(WIDE), styles.looks(NARROW)
    for element in styles.elements:
        look = min(wide[element], phone[element], key=lambda it: it.size)
        # Up to a pixel is no text but a way to hide it or to hold a cell open.
        if not (element.text and look.shown and 1 < look.size < SMALL):
            continue
        is_frame = sample.page.line(element.node) is None
        if look.size < TOO_SMALL or not is_frame:
            yield _small(sample, element, look)


def _small(sample: Sample, element: Element, look: Look) -> Finding:
    origin = blamed(sample.around.root, element, ("font-size", "font"))
    return FONT_SIZE.at(
        origin.path,
        f"{origin.name} has letters of {look.size:g} px",
        fix=f"set at least {SMALL:g} px",
        line=origin.line,
        level=Level.ERROR if look.size < TOO_SMALL else Level.WARNING,
    )


def target_size(sample: Sample) -> Iterator[Finding]:
    """Buttons are high enough for a thumb."""
    if not sample.page:
        return
    styles = styles_of(sample.page)
    for element, look in styles.looks(WIDE).items():
        if not (look.shown and is_button(element, look)) or (high := height(look)) >= LOW:
            continue
        origin = blamed(sample.around.root, element)
        yield TARGET_SIZE.at(
            origin.path,
            f"{origin.name} is a button {high:.0f} px high",
            fix=f"give it more padding: {LOW:g} px in all",
            line=origin.line,
            level=Level.ERROR if high < TOO_LOW else Level.WARNING,
        )


SAMPLE_CHECKS = (font_size, target_size)
