"""The look's tokens: ``templates/email/style.toml``, read by the templates and by this package."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bypost.errors import ContentError, Problem
from bypost.model.theme import PLAIN, Theme

#: Languages written from right to left.
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "iw", "ur", "yi"})

FILE = "style.toml"


@dataclass(frozen=True, slots=True)
class Style:
    """The tokens of the look.

    Attributes:
        light, dark: Colours by name; both palettes have the same names.
        size: Lengths, fonts and line heights by name.
        words: What the frame says around exercises and notes.
        elements: Element of the prose -> its declarations, with ``{token}`` for tokens.
    """

    light: Mapping[str, str]
    dark: Mapping[str, str]
    size: Mapping[str, str]
    words: Mapping[str, str]
    elements: Mapping[str, str]

    def inline(self, element: str, direction: str) -> str:
        """Return the declarations for the ``style`` attribute of ``element``; may be empty."""
        source = self.elements.get(element, "")
        return source.format_map({**self.light, **self.size, **sides(direction)})

    def themed(self, theme: Theme) -> Style:
        """Return the style with the operator's values; a name that it does not have is left out."""
        return replace(
            self,
            light=_laid_over(self.light, theme.light),
            dark=_laid_over(self.dark, theme.dark),
            size=_laid_over(self.size, theme.size),
        )

    def dark_rules(self, scope: str, direction: str) -> str:
        """Return the rules that repaint the elements under ``scope`` with the dark palette."""
        names = {**self.dark, **self.size, **sides(direction)}
        colours = re.compile("|".join(f"{{{name}}}" for name in self.dark))
        rules: list[str] = []
        for element, source in self.elements.items():
            painted = [part.strip() for part in source.split(";") if colours.search(part)]
            if painted:
                body = ";".join(f"{part.format_map(names)} !important" for part in painted)
                rules.append(f"{scope} {element} {{ {body} }}")
        return "\n".join(rules)


def sides(direction: str) -> dict[str, str]:
    """Return the names ``start`` and ``end`` as ``left`` and ``right`` for the direction."""
    start, end = ("right", "left") if direction == "rtl" else ("left", "right")
    return {"start": start, "end": end}


def direction(language: str) -> str:
    """Return ``rtl`` or ``ltr`` for a BCP 47 tag."""
    return "rtl" if language.split("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


def _laid_over(names: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    return {name: values.get(name, value) for name, value in names.items()}


def load_style(folder: Path, shown: str, theme: Theme = PLAIN) -> Style:
    """Return the style of a folder of templates.

    Args:
        folder: The folder on disk.
        shown: The folder as the author knows it, for errors.
        theme: The operator's values, which stand in for those of the file.

    Raises:
        ContentError: The file is missing, is not TOML, or uses a token that it does not define.
    """
    path = f"{shown}/{FILE}"
    try:
        data: dict[str, Any] = tomllib.loads((folder / FILE).read_text(encoding="utf-8"))
        style = Style(**{name: data[name] for name in Style.__slots__})
    except FileNotFoundError as error:
        fix = "restore it from the package's own templates"
        raise ContentError(Problem(path, None, "not found", fix, "template-missing")) from error
    except tomllib.TOMLDecodeError as error:
        raise ContentError(Problem(path, None, f"not TOML: {error}", rule="style")) from error
    except KeyError as error:
        raise ContentError(
            Problem(path, None, f"the table [{error.args[0]}] is missing", rule="style")
        ) from error
    _check(style, path, folder)
    return style.themed(theme)


def _check(style: Style, path: str, folder: Path) -> None:
    for name in sorted(style.light.keys() ^ style.dark.keys()):
        message = f"the colour `{name}` is in one palette only"
        raise ContentError(Problem(path, None, message, "give it to both", "style"))
    for element in style.elements:
        try:
            style.inline(element, "ltr")
        except (KeyError, ValueError, IndexError) as error:
            message = f"`{element}` uses an unknown token: {error}"
            fix = "define it under [light], [dark] or [size]"
            line = _line(folder / FILE, element)
            raise ContentError(Problem(path, line, message, fix, "style")) from error


def _line(file: Path, element: str) -> int | None:
    """Return the line on which an element gets its style."""
    before, table, after = file.read_text(encoding="utf-8").partition("[elements]")
    found = re.search(rf"^\s*[\"']?{re.escape(element)}[\"']?\s*=", after, re.MULTILINE)
    return found and f"{before}{table}{after[: found.end()]}".count("\n") + 1
