"""What the author chose to see, as it stands in the address of a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from bypost.content.personas import Persona
from scheduler.clock import Clock

#: CSS pixels: small and large phones, a mail's own width, the widest that mail apps give it, a
#: tablet.
WIDTHS = (320, 375, 414, 600, 640, 768)
NARROWEST, WIDEST = 240, 1200
#: Pictures side by side; more nobody compares.
MOST_WIDTHS = 6
SCHEMES = {"light": "Light", "dark": "Dark", "inverted": "Inverted"}
VIEWS = {
    "mail": "Mail",
    "text": "Text",
    "html": "HTML",
    "mjml": "MJML",
    "message": "Message",
    "markdown": "Markdown",
}
_USUAL_WIDTHS = (640,)
_MINUTES = "%Y-%m-%dT%H:%M"
#: What zones have rules for; adding days to the last year there is would go beyond it.
_YEARS = range(1980, 2100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to look at a mail.

    Attributes:
        persona: Key of the persona; empty for the first.
        at: Date and hour on the persona's clock, as a browser's field writes it; empty for now.
        widths: CSS pixels of each frame, in their order.
        schemes: Each width is shown in each of these.
        gmail: As Gmail shows it.
        images: Whether images are loaded.
    """

    view: str = "mail"
    persona: str = ""
    at: str = ""
    widths: tuple[int, ...] = _USUAL_WIDTHS
    schemes: tuple[str, ...] = ("light",)
    gmail: bool = False
    images: bool = True

    def instant(self, persona: Persona, clock: Clock) -> datetime:
        """Return the instant at which the mail is taken to go out, on the persona's clock."""
        zone = ZoneInfo(persona.time_zone)
        if not self.at:
            return clock.now().astimezone(zone)
        return datetime.strptime(self.at, _MINUTES).replace(tzinfo=zone)

    def query(self, **changes: object) -> str:
        """Return the query of an address that shows this with ``changes``; empty or ``?...``."""
        chosen = replace(self, **changes)  # type: ignore[arg-type]
        usual = Choice()
        pairs = [
            ("view", chosen.view, usual.view),
            ("persona", chosen.persona, usual.persona),
            ("at", chosen.at, usual.at),
            ("w", ",".join(map(str, chosen.widths)), ",".join(map(str, usual.widths))),
            ("scheme", ",".join(chosen.schemes), ",".join(usual.schemes)),
            ("gmail", "1" if chosen.gmail else "", ""),
            ("images", "" if chosen.images else "off", ""),
        ]
        said = [(name, value) for name, value, default in pairs if value != default]
        return f"?{urlencode(said, safe=',:')}" if said else ""


def read_choice(pairs: Iterable[tuple[str, str]]) -> Choice:
    """Return what an address asks for; what makes no sense in it counts as not said.

    Args:
        pairs: Names and values; a name may come more than once, as forms send it.
    """
    query: dict[str, str] = {}
    for name, value in pairs:
        query[name] = f"{query[name]},{value}" if name in query else value
    view = query.get("view", "")
    schemes = [name for name in _parts(query.get("scheme", "")) if name in SCHEMES]
    return Choice(
        view=view if view in VIEWS else "mail",
        persona=query.get("persona", ""),
        at=_minutes(query.get("at", "")),
        widths=_widths(_parts(query.get("w", ""))) or _USUAL_WIDTHS,
        schemes=tuple(dict.fromkeys(schemes)) or ("light",),
        gmail=query.get("gmail", "") not in ("", "0"),
        images=query.get("images", "") != "off",
    )


def _parts(text: str) -> Sequence[str]:
    return [part.strip() for part in text.split(",")]


def _widths(parts: Sequence[str]) -> tuple[int, ...]:
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 6]
    fit = [min(max(number, NARROWEST), WIDEST) for number in numbers]
    return tuple(dict.fromkeys(fit))[:MOST_WIDTHS]


def _minutes(text: str) -> str:
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return ""
    return at.strftime(_MINUTES) if at and at.year in _YEARS else ""
