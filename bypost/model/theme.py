"""What the operator's settings change about the look of mails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture on top of every mail.

    Attributes:
        source: An https address, or a file relative to the project folder, with forward slashes.
        width: How wide it is shown, in CSS pixels; its height follows.
    """

    source: str
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Values that stand in for those of ``templates/email/style.toml``; empty by default.

    Attributes:
        light: Colours by name, each as ``#RRGGBB``.
        dark: The same for a dark screen.
        size: Fonts and lengths by name, as CSS.
    """

    light: Mapping[str, str] = field(default_factory=dict)
    dark: Mapping[str, str] = field(default_factory=dict)
    size: Mapping[str, str] = field(default_factory=dict)
    logo: Logo | None = None


#: Mails look as their templates say.
PLAIN = Theme()
