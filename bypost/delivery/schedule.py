"""When an issue goes out: at one instant for all, or on a date at each person's hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bypost.delivery.zones import zone
from bypost.model.course import Issue, Newsletter
from scheduler.cadence import Days, due_at
from scheduler.window import Window

#: The zone in which a local hour comes last of all.
_LAST_ZONE = "Etc/GMT+12"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When an issue goes out.

    Attributes:
        instant: The same for all; None where date and hour are.
        zone: IANA zone of people who have none of their own.
    """

    instant: datetime | None = None
    day: date | None = None
    hour: time | None = None
    zone: str = ""

    def at(self, zone_name: str) -> datetime:
        """Return the instant at which it falls due in a zone; an empty one is the newsletter's."""
        if self.instant is not None:
            return self.instant
        if self.day is None or self.hour is None:
            raise ValueError("neither an instant nor a date")
        own = zone(zone_name, self.zone)
        # A noon of the day before is a safe "last": due_at counts dates, not hours.
        eve = datetime.combine(self.day - timedelta(days=1), time(12), own)
        return due_at(Days(1), last=eve, zone=own, hour=self.hour, window=Window.always())

    def last(self) -> datetime:
        """Return the instant after which it is due nowhere any more."""
        return self.at(_LAST_ZONE)

    def __str__(self) -> str:
        if self.instant is not None:
            return self.instant.isoformat()
        return f"{self.day} {self.hour} {self.zone}"


def schedule_of(newsletter: Newsletter, issue: Issue) -> Schedule:
    """Return when an issue goes out."""
    if issue.at is not None:
        return Schedule(instant=issue.at)
    hour = issue.hour or newsletter.hour
    return Schedule(day=issue.day, hour=hour, zone=newsletter.time_zone)


def parse_schedule(text: str) -> Schedule | None:
    """Return a schedule from its text; None for none, or one of before hours were written down."""
    parts = text.split()
    try:
        if len(parts) == 1:
            return Schedule(instant=datetime.fromisoformat(text))
        day, hour, zone_name = parts
        return Schedule(day=date.fromisoformat(day), hour=time.fromisoformat(hour), zone=zone_name)
    except ValueError:
        return None
