"""What people decide about their own course: pause, go on, rhythm, hour, and the next one now.

Functions over a write connection. After each change the wake-up hint is "now", so that the next
pass works out the true instant from today's rules.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bypost.store import Connection, Row, enrollments, ledger, subscribers
from scheduler.wall import zone_names

#: For how many weeks a course can be paused.
PAUSE_WEEKS = (1, 2, 4)
#: How far ahead a pause may end.
LONGEST_PAUSE = timedelta(days=366)
#: Own rhythms, as cadences; the empty one is the course's.
PACES = ("", "1 day", "1 weekday", "twice a week", "7 days")
#: Rhythms that were offered once: whoever has one keeps it.
FORMER_PACES = ("3 days",)
#: Hours people can choose; the empty one is the course's.
HOURS = ("", *(f"{hour:02d}:00" for hour in range(5, 23)))

_DAY = timedelta(hours=24)


class Answer(StrEnum):
    """What became of a request for the next lesson now."""

    ASKED = "asked"  #: the next pass sends it
    ON_ITS_WAY = "on-its-way"  #: one is being sent already
    ENOUGH = "enough"  #: had as many within a day as the author allows
    PAUSED = "paused"  #: the course is paused: go on first
    ENDED = "ended"  #: left, or finished


def pause(connection: Connection, run: Row, *, weeks: int, now: datetime) -> None:
    """Send nothing of this course for ``weeks``; a second pause begins anew.

    Raises:
        ValueError: for a number of weeks that is not offered.
    """
    if weeks not in PAUSE_WEEKS:
        raise ValueError(f"a pause of {weeks} weeks is not offered")
    _change(connection, run, now, paused_until=now + timedelta(weeks=weeks), asked_next_at=None)


def pause_until(
    connection: Connection, run: Row, *, day: date, zone: ZoneInfo, now: datetime
) -> None:
    """Send nothing of this course before ``day`` begins in the person's zone.

    Raises:
        ValueError: for a day that has begun, or that is more than a year ahead.
    """
    try:
        until = datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:  # the first or the last day there is
        until = now
    if not now < until <= now + LONGEST_PAUSE:
        raise ValueError(f"a pause until {day} is not offered")
    _change(connection, run, now, paused_until=until, asked_next_at=None)


def resume(connection: Connection, run: Row, *, now: datetime) -> None:
    """Go on after a pause."""
    _change(connection, run, now, paused_until=None)


def set_pace(connection: Connection, run: Row, *, pace: str, now: datetime) -> None:
    """Choose a rhythm for this course.

    Raises:
        ValueError: for a rhythm that is not offered.
    """
    if pace not in (*PACES, *FORMER_PACES):
        raise ValueError(f"the rhythm `{pace}` is not offered")
    # A rhythm counts from the last lesson, whatever was agreed for the rhythm before.
    _change(connection, run, now, pace=pace, counts_from=None)


def ask_next(
    connection: Connection,
    run: Row,
    *,
    after: str | None,
    most: int,
    now: datetime,
    keep: bool = False,
    held: bool = False,
) -> Answer:
    """Ask for the next lesson now; asking again before it came changes nothing.

    Args:
        most: How many lessons the author lets somebody have within 24 hours by asking.
        held: An operator holds the course, or this person.
        keep: The lessons after it come when they would have come anyway; else the course's clock
            counts from this one.
        run: The enrollment as it is in this transaction.
        after: The last lesson the person had when they asked, None for none. A request that was
            answered meanwhile (a second press of the button) is not taken for a new one.
    """
    past = ledger.history(connection, [run["id"]]).get(run["id"], [])
    states = [row["state"] or row["batch_state"] for row in past]
    if run["status"] != "active":
        return Answer.ENDED
    if held or (run["paused_until"] and run["paused_until"] > now):
        return Answer.PAUSED
    if run["asked_next_at"] is not None:
        return Answer.ASKED
    if any(state in ledger.OPEN for state in states) or after != last_lesson(past):
        return Answer.ON_ITS_WAY
    lately = [row for row in past if row["accepted_at"] and row["accepted_at"] > now - _DAY]
    if len(lately) >= most:
        return Answer.ENOUGH
    _change(connection, run, now, asked_next_at=now, asked_keeps=keep)
    return Answer.ASKED


def last_lesson(past: list[Row]) -> str | None:
    """Return the last lesson of a run's history."""
    return past[-1]["item"] if past else None


def set_clock(
    connection: Connection, person: Row, *, hour: str, time_zone: str, now: datetime
) -> None:
    """Choose the hour and the time zone in which all courses of a person run.

    What the person chose is noted, so that the CSV never changes it back.

    Raises:
        ValueError: for an hour that is not offered or a zone that does not exist.
    """
    if hour not in HOURS and hour != person["hour"]:
        raise ValueError(f"the hour `{hour}` is not offered")
    if time_zone != person["time_zone"] and time_zone not in zone_names():
        raise ValueError(f"there is no time zone `{time_zone}`")
    wanted = {"hour": hour, "time_zone": time_zone}
    changed = {name: value for name, value in wanted.items() if value != person[name]}
    if not changed:
        return
    chosen = sorted({*person["own_choice"], *changed})
    subscribers.change(connection, person["id"], {**changed, "own_choice": chosen})
    for run in enrollments.of_subscribers(connection, [person["id"]]):
        _change(connection, run, now)


def _change(connection: Connection, run: Row, now: datetime, **values: object) -> None:
    """Change an active run and look at it again with the next pass; leave an ended one alone."""
    if run["status"] == "active":
        enrollments.change(connection, run["id"], {**values, "next_due": now})
