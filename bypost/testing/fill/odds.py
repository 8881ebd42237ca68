"""How often people do what they do; shares are between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Zone -> its share; ten of them hold most people of a course in English.
ZONES = {
    "Europe/Berlin": 0.2,
    "America/New_York": 0.18,
    "Europe/London": 0.13,
    "America/Los_Angeles": 0.1,
    "America/Chicago": 0.07,
    "Asia/Kolkata": 0.08,
    "Africa/Nairobi": 0.05,
    "America/Sao_Paulo": 0.05,
    "Asia/Tokyo": 0.04,
    "Australia/Sydney": 0.03,
    "Asia/Kathmandu": 0.01,
    "": 0.06,
}
#: Own hour -> its share; empty: the course's.
HOURS = {"": 0.72, "07:00": 0.1, "08:00": 0.07, "12:30": 0.06, "18:00": 0.05}
TAGS = {"talk": 0.06, "podcast": 0.09, "first-round": 0.12, "career-change": 0.08}
SOURCES = {"search": 0.5, "friend": 0.22, "newsletter": 0.16, "talk": 0.12}
#: Share of the day's sign-ups by the hour of UTC.
DAY = (1, 1, 1, 1, 1, 2, 4, 6, 7, 7, 7, 7, 8, 8, 8, 8, 8, 7, 7, 7, 6, 5, 3, 2)
#: The same by weekday, from Monday.
WEEK = (1.2, 1.15, 1.1, 1.05, 0.95, 0.7, 0.85)


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """How often what happens.

    Attributes:
        imported: People who came with a file on the first day.
        confirms: Of those who asked and whose address works.
        bad_address: Confirmations that bounce.
        leaves: After each lesson, of those who had it; the last one counts for all that follow.
        bounces, complains, soft, refused, delivered: Of lessons and issues.
        pauses: After each lesson, for one to three weeks.
        marks: Lessons that are marked as done.
        letters: People who take the newsletter as well.
        leaves_letters: Of those.
    """

    imported: float = 0.1
    confirms: float = 0.68
    bad_address: float = 0.015
    leaves: tuple[float, ...] = (0.05, 0.035, 0.025, 0.02, 0.012)
    bounces: float = 0.0015
    complains: float = 0.0004
    soft: float = 0.006
    refused: float = 0.0003
    delivered: float = 0.985
    pauses: float = 0.012
    marks: float = 0.24
    letters: float = 0.4
    leaves_letters: float = 0.07
    tags: dict[str, float] = field(default_factory=lambda: dict(TAGS))

    def leaving(self, lesson: int) -> float:
        """Return the share that leaves after a lesson, counted from 0."""
        return self.leaves[min(lesson, len(self.leaves) - 1)]
