"""What an address of the inbox over time asks for: who, from when on, up to which day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from bypost.check.timeline import PHONES, Phone
from bypost.content.personas import Persona
from scheduler.clock import Clock

#: People confirm in the middle of a day: more shows of a window than at midnight.
USUAL_HOUR = time(10)
_MINUTES = "%Y-%m-%dT%H:%M"
_LAST_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """One way to look at an inbox.

    Attributes:
        persona: Key of the persona; empty for the first.
        start: Date and hour on the persona's clock at which they confirm, as a browser's field
            writes it; empty for today.
        day: Up to which day; None for the last.
        phone: Key of the phone that cuts subjects; empty for the narrowest.
        course: Whose lessons are shown; empty for all.
        opened: Name of the mail that is open; empty for the newest.
    """

    persona: str = ""
    start: str = ""
    day: int | None = None
    phone: str = ""
    course: str = ""
    opened: str = ""

    def instant(self, persona: Persona, clock: Clock) -> datetime:
        """Return when the persona is there, on their clock; the same all day long."""
        zone = ZoneInfo(persona.time_zone)
        if not self.start:
            return datetime.combine(clock.now().astimezone(zone).date(), USUAL_HOUR, zone)
        return datetime.strptime(self.start, _MINUTES).replace(tzinfo=zone)

    @property
    def on(self) -> Phone:
        """Return the phone."""
        return next((one for one in PHONES if one.key == self.phone), PHONES[0])

    def address(self, page: str = "/preview/inbox", **changes: object) -> str:
        """Return the address that shows this with ``changes``."""
        chosen = replace(self, **changes)  # type: ignore[arg-type]
        pairs = [
            ("persona", chosen.persona),
            ("start", chosen.start),
            ("day", "" if chosen.day is None else str(chosen.day)),
            ("phone", chosen.phone),
            ("course", chosen.course),
            ("open", chosen.opened),
        ]
        said = urlencode([(name, value) for name, value in pairs if value], safe=":/")
        return f"{page}?{said}" if said else page


def read_days(query: Mapping[str, str]) -> Days:
    """Return what an address asks for; what makes no sense in it counts as not said."""
    day = query.get("day", "")
    sound = day.isascii() and day.isdigit() and len(day) <= _LAST_DIGITS
    return Days(
        persona=query.get("persona", ""),
        start=_minutes(query.get("start", "")),
        day=int(day) if sound else None,
        phone=query.get("phone", ""),
        course=query.get("course", ""),
        opened=query.get("open", ""),
    )


def _minutes(text: str) -> str:
    try:
        found = datetime.fromisoformat(text).replace(tzinfo=None) if text else None
        # Rehearsals go a year ahead; calendars end with the year 9999.
        return found.strftime(_MINUTES) if found and 1970 <= found.year < 9990 else ""
    except ValueError:
        return ""
