"""``[theme]``: colours, fonts, width and logo of mails, checked before they reach a style sheet."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from bypost.model import theme
from bypost.settings.section import Section

#: A list of fonts ends with one of these, which every machine has.
GENERIC = ("sans-serif", "serif", "monospace")
#: Pictures that every mail program shows; SVG and WebP are not among them (caniemail.com, 2026-05).
PICTURES = (".png", ".jpg", ".jpeg", ".gif")

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
#: One font: a name in single quotes, or words without any. Nothing that ends a declaration.
_FONT = re.compile(r"'[\w .+-]+'|-?[^\W\d][\w-]*(?: [^\W\d][\w-]*)*")


def _colour(text: str) -> str:
    """Return ``#RRGGBB``: the only form that every mail program reads, Outlook's too."""
    if not _HEX.fullmatch(text):
        raise ValueError("write a colour as #RRGGBB, e.g. #0E6B62")
    digits = text[1:]
    return f"#{digits if len(digits) == 6 else ''.join(2 * digit for digit in digits)}".upper()


def _fonts(text: str) -> str:
    """Return a list of fonts; what else a style could say is refused."""
    fonts = [font.strip() for font in text.split(",")]
    if not all(_FONT.fullmatch(font) for font in fonts):
        raise ValueError("write names with commas between, e.g. Verdana, 'Segoe UI', sans-serif")
    if fonts[-1] not in GENERIC:
        raise ValueError(f"end with a font that every machine has: {', '.join(GENERIC)}")
    return ", ".join(fonts)


def _logo(text: str) -> str:
    """Return an https address, or a path inside the project."""
    if re.search(r"[\s;{}<>\"'\\]", text) or not text.isprintable():
        raise ValueError("write an address or a file name without spaces and quotes")
    if "://" in text:
        parts = urlsplit(text)
        if parts.scheme != "https" or not parts.hostname:
            raise ValueError("write an https address, or a file in the project")
        return text
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or ":" in text:
        raise ValueError("write a file in the project, e.g. images/logo.png")
    if path.suffix.lower() not in PICTURES:
        raise ValueError(f"write a picture that mail programs show: {', '.join(PICTURES)}")
    return path.as_posix()


Colour = Annotated[str, AfterValidator(_colour)]
Fonts = Annotated[str, AfterValidator(_fonts)]


class Palette(Section):
    """Colours of mails; what is left out is that of ``style.toml``."""

    paper: Colour | None = None
    sheet: Colour | None = None
    ink: Colour | None = None
    muted: Colour | None = None
    accent: Colour | None = None
    on_accent: Colour | None = None
    wash: Colour | None = None
    line: Colour | None = None


class ThemeSection(Section):
    """What the operator changes about the look of mails without touching a template."""

    sans: Fonts | None = None
    serif: Fonts | None = None
    mono: Fonts | None = None
    # The narrowest phones in use have 320 px; a reading pane is seldom wider than 640.
    width: Annotated[int, Field(ge=320, le=640)] | None = None
    logo: Annotated[str, AfterValidator(_logo)] | None = None
    logo_width: Annotated[int, Field(ge=16, le=552)] = 160
    light: Palette = Palette()
    dark: Palette = Palette()

    def theme(self) -> theme.Theme:
        """Return the values for those who render."""
        size = self.model_dump(include={"sans", "serif", "mono"}, exclude_none=True)
        if self.width is not None:
            size["width"] = f"{self.width}px"
        return theme.Theme(
            light=self.light.model_dump(exclude_none=True),
            dark=self.dark.model_dump(exclude_none=True),
            size=size,
            logo=None if self.logo is None else theme.Logo(self.logo, self.logo_width),
        )
