"""The colours of all mails: whether each can be read on what it stands on."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from bypost.check.colour import LARGE
from bypost.check.finding import Finding, Level
from bypost.check.palette import WeakPair, contrast_problems
from bypost.check.rule import Rule
from bypost.check.sample import Whole
from bypost.content.lines import Lines, Place, line_of
from bypost.content.toml import key_lines
from bypost.model.theme import Theme
from bypost.render.frames import FOLDER
from bypost.render.style import FILE, load_style
from bypost.settings.load import FILE_NAME

THEME_CONTRAST = Rule(
    id="theme-contrast",
    level=Level.WARNING,
    title="Colours of the theme that are hard to read on each other",
    why="Text with a contrast below 4.5 is hard to read for people whose sight is not the best, "
    "and for everybody in the sun. The colours of the theme are those of every mail. Below "
    f"{LARGE:g}, too little for a heading even, it is an error.",
    fix="Make the text darker or its ground lighter; in the dark palette the other way round. "
    "A colour set for light screens alone leaves that of dark screens as it was: look at both.",
    source="WCAG 2.2, 1.4.3 Contrast (Minimum)",
    bad='[theme.light]\naccent = "#6FC9BE"   # links, 1.9 on white',
    good='[theme.light]\naccent = "#0E6B62"   # links, 6.4 on white',
)

RULES = (THEME_CONTRAST,)


def theme_contrast(whole: Whole) -> Iterator[Finding]:
    """Each pair of colours that text and its ground have is readable."""
    around = whole.around
    # Mails were compiled with it, so it loads.
    style = load_style(around.root / FOLDER, FOLDER, around.theme)
    for pair in contrast_problems(style.light, style.dark):
        path, line = _place(pair, around.root, around.theme)
        yield THEME_CONTRAST.at(
            path,
            pair.message,
            fix=f"change `{pair.text}` or `{pair.ground}`",
            line=line,
            level=Level.ERROR if pair.ratio < LARGE else Level.WARNING,
        )


def _place(pair: WeakPair, root: Path, theme: Theme) -> tuple[str, int | None]:
    """Return where one of the two colours stands: the operator's own first."""
    palette: Mapping[str, str] = getattr(theme, pair.palette)
    name = next((it for it in (pair.text, pair.ground) if it in palette), None)
    if name is not None:
        return FILE_NAME, _line(root / FILE_NAME, ("theme", pair.palette, name))
    path = f"{FOLDER}/{FILE}"
    return path, _line(root / path, (pair.palette, pair.text))


def _line(path: Path, place: Place) -> int | None:
    """Return the line of a key; None where it stands in the environment."""
    try:
        text = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
        tomllib.loads(text)
    except (OSError, ValueError):
        return None
    lines: Lines = key_lines(text)
    return line_of(lines, place)


PROJECT_CHECKS = (theme_contrast,)
