"""When an issue goes out: at one instant for all, or on a date at each person's hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bypost.delivery.instants import day as day_in_words
from bypost.delivery.instants import instant
from bypost.delivery.zones import zone
from bypost.errors import SettingsError
from bypost.model.course import Issue, Newsletter
from scheduler.cadence import Days, due_at
from scheduler.wall import instant_of
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


def at_instant(text: str, zone_name: str, now: datetime) -> Schedule:
    """Return a schedule for one instant, e.g. ``2026-12-01T09:00``; ``now`` is at once.

    Args:
        zone_name: Of a time without an offset.

    Raises:
        SettingsError: it is not a time.
    """
    if text.strip() == "now":
        return Schedule(instant=now)
    try:
        wall = datetime.fromisoformat(text.strip())
        if wall.tzinfo is None:
            return Schedule(instant=instant_of(wall, zone(zone_name)))
        return Schedule(instant=wall.astimezone(UTC))
    except (ValueError, OverflowError):
        raise SettingsError(
            f"{text or 'no time'}: not a time\n"
            f"    write it like 2026-12-01T09:00 (in {zone(zone_name).key}), or `now`"
        ) from None


def at_hour(day: str, hour: str, newsletter: Newsletter) -> Schedule:
    """Return a schedule for a date at everybody's own hour; an empty one is the newsletter's.

    Raises:
        SettingsError: they are not a date and an hour.
    """
    try:
        chosen = time.fromisoformat(hour.strip()) if hour.strip() else newsletter.hour
        on = date.fromisoformat(day.strip())
    except ValueError:
        raise SettingsError(
            f"{day or 'no date'} {hour}: not a date and an hour\n"
            "    write them like 2026-12-01 and 09:00"
        ) from None
    return Schedule(day=on, hour=chosen.replace(tzinfo=None), zone=newsletter.time_zone)


def in_words(when: Schedule, zone_name: str) -> str:
    """Return when an issue goes out, e.g. ``to everybody on Tue 1 Dec 2026 at 09:00 UTC``."""
    if when.instant is not None:
        return f"to everybody on {instant(when.instant, zone(zone_name))}"
    if when.day is None or when.hour is None:
        raise ValueError("neither an instant nor a date")
    return f"on {day_in_words(when.day)} at {when.hour:%H:%M} in each person's own zone"
