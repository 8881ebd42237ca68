"""Whether text can be told from what it stands on: in light, in dark, and repainted by apps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bypost.check import colour
from bypost.check.blame import blamed
from bypost.check.buttons import is_button
from bypost.check.colour import LARGE, TEXT, Colour, contrast, hex_text
from bypost.check.finding import Finding, Level
from bypost.check.palette import contrast_problems, shown
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.check.sheet import Screen
from bypost.check.styles import Element, Look, styles_of
from bypost.render.frames import FOLDER
from bypost.render.style import load_style

_DARK = Screen(dark=True)

#: How much less is enough in colours that are only what an app is taken to make of a mail: the
#: emulation is no more exact than that.
_SLACK = 0.5

_LIMITS = (
    f"Text needs a contrast of {TEXT} with its ground, and of {LARGE:g} where it is large: from "
    f"24 px on, or 18.7 px where it is bold. Below {LARGE:g} it is an error. Looked at are the "
    "colours in light, those under `prefers-color-scheme: dark`, and what apps make of a mail "
    "that repaint it for dark mode unasked. Those do not say how they do it, so there it is never "
    f"more than a warning, and {TEXT - _SLACK:g} is enough. What lies on a picture is not judged."
)

CONTRAST_TEXT = Rule(
    id="contrast-text",
    level=Level.WARNING,
    title="Text that is hard to tell from its ground",
    why="Grey on grey is lost on people whose sight is not the best, and on everybody in the sun. "
    + _LIMITS,
    fix="Make the text darker or its ground lighter, in the dark colours the other way round: in "
    "`[theme]` of `bypost.toml`, or in the template that the finding names.",
    source="WCAG 2.2, 1.4.3 Contrast (Minimum); forced inversion as emulated by react-email's "
    "preview (read 2026-11)",
    bad='# templates/email/style.toml\n[elements]\nblockquote = "color:#B8BEC5"   # 1.9 on white',
    good='# templates/email/style.toml\n[elements]\nblockquote = "color:{muted}"    # 6.1 on white',
)
CONTRAST_BUTTON = Rule(
    id="contrast-button",
    level=Level.WARNING,
    title="A button whose words are hard to read",
    why="The button is what the mail is for, and its words must be read at a glance. " + _LIMITS,
    fix="Choose `accent` and `on_accent` in `[theme]` of `bypost.toml` further apart, or the "
    "colours of the button in `templates/email/parts.mjml`.",
    source="WCAG 2.2, 1.4.3 Contrast (Minimum); forced inversion as emulated by react-email's "
    "preview (read 2026-11)",
    bad='<mj-button background-color="#6FC9BE" color="#FFFFFF">   <!-- 1.9 -->',
    good='<mj-button background-color="#0E6B62" color="#FFFFFF">   <!-- 6.3 -->',
)

RULES = (CONTRAST_TEXT, CONTRAST_BUTTON)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Text and what it stands on, as one kind of screen shows them.

    Attributes:
        emulated: Whether the colours are only what an app is taken to make of them.
    """

    text: Colour
    ground: Colour
    where: str
    emulated: bool = False

    @property
    def ratio(self) -> float:
        return contrast(self.text, self.ground)

    @property
    def codes(self) -> tuple[str, str]:
        return hex_text(self.text), hex_text(self.ground)


def contrasts(sample: Sample) -> Iterator[Finding]:
    """``contrast-text`` and ``contrast-button``."""
    if not sample.page:
        return
    styles = styles_of(sample.page)
    light, dark = styles.looks(), styles.looks(_DARK)
    known: frozenset[tuple[str, str]] | None = None
    for element in styles.elements:
        look = light[element]
        if not (element.text and look.shown and look.size > 1):
            continue
        needed = _needed(look)
        for pair in _pairs(look, dark[element]):
            if pair.ratio >= needed - _SLACK * pair.emulated:
                continue
            known = _reported_for_theme(sample) if known is None else known
            # `theme-contrast` says so once for all mails.
            if pair.codes not in known:
                yield _finding(sample, element, look, pair, needed)


def _needed(look: Look) -> float:
    limit = colour.LARGE_BOLD_SIZE if look.bold else colour.LARGE_SIZE
    return LARGE if look.size >= limit else TEXT


def _pairs(light: Look, dark: Look) -> Iterator[_Pair]:
    if light.ground:
        yield _Pair(light.colour, light.ground, "")
        text, ground = colour.inverted_text(light.colour), colour.inverted_ground(light.ground)
        yield _Pair(text, ground, " where an app inverts the colours", emulated=True)
    if dark.ground:
        yield _Pair(dark.colour, dark.ground, " in dark mode")


def _finding(sample: Sample, element: Element, look: Look, pair: _Pair, needed: float) -> Finding:
    rule = CONTRAST_BUTTON if is_button(element, look) else CONTRAST_TEXT
    origin = blamed(sample.around.root, element, ("color",))
    text, ground = pair.codes
    least = needed - _SLACK * pair.emulated
    return rule.at(
        origin.path,
        f"{origin.name}: {text} on {ground} has a contrast of {shown(pair.ratio)}{pair.where};"
        f" it needs {least:g}",
        fix="set the two colours further apart",
        line=origin.line,
        level=Level.ERROR if pair.ratio < LARGE and not pair.emulated else Level.WARNING,
    )


def _reported_for_theme(sample: Sample) -> frozenset[tuple[str, str]]:
    """Return the pairs of colours that ``theme-contrast`` complains about."""
    style = load_style(sample.around.root / FOLDER, FOLDER, sample.around.theme)
    palettes = {"light": style.light, "dark": style.dark}
    found = set()
    for weak in contrast_problems(style.light, style.dark):
        names = (weak.text, weak.ground)
        text, ground = (colour.parse(palettes[weak.palette][name]) for name in names)
        if text and ground:
            found.add((hex_text(text), hex_text(ground)))
    return frozenset(found)


SAMPLE_CHECKS = (contrasts,)
