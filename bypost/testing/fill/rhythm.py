"""When lessons come, by the rules of the course, worked out once for all who stand alike."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bypost.delivery.due import Run, predict
from bypost.delivery.foresee import foresee
from bypost.delivery.shape import Shape
from bypost.delivery.zones import zone
from scheduler.cadence import AtOnce

#: Nothing comes too late here: passes were always made.
_LATE = timedelta(days=3650)


class Rhythm:
    """The instants of one course.

    Args:
        shape: As it holds.
        zones, hours: What people choose from; persons name them by their number.
    """

    def __init__(self, shape: Shape, zones: tuple[str, ...], hours: tuple[str, ...]) -> None:
        self.course = shape.course
        self.steps = shape.live
        self._shape = shape
        self._zones = [zone(name, shape.time_zone) for name in zones]
        self._hours = [time.fromisoformat(hour) if hour else None for hour in hours]
        self._at_once = [
            isinstance(step.delay, AtOnce) and step.not_before is None for step in self.steps
        ]
        self._known: dict[tuple[int, int, int, int], int] = {}

    def due(self, step: int, zone_no: int, hour_no: int, accepted: int) -> int:
        """Return when a step falls due for somebody whose last lesson was accepted then.

        Instants are seconds since 1970; ``N days`` counts local dates, so all of a date agree.
        """
        if self._at_once[step]:
            return accepted
        place = self._zones[zone_no]
        day = datetime.fromtimestamp(accepted, place).toordinal()
        key = (step, zone_no, hour_no, day)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._predict(step, place, hour_no, accepted)
        return max(known, accepted)

    def due_after_pause(
        self, step: int, zone_no: int, hour_no: int, accepted: int, end: int
    ) -> int:
        """Return when a step falls due for somebody who had paused until ``end``."""
        last, until = datetime.fromtimestamp(accepted, UTC), datetime.fromtimestamp(end, UTC)
        eve = until - timedelta(seconds=1)
        run = Run(
            zone=self._zones[zone_no],
            own_hour=self._hours[hour_no],
            started_at=last,
            hint=eve,
            had={one.lesson: last for one in self.steps[:step]},
            paused_until=until,
        )
        found = foresee(self._shape, run, now=eve, late=_LATE)
        return max(end, int(found.at.timestamp())) if found else end

    def _predict(self, step: int, place: ZoneInfo, hour_no: int, accepted: int) -> int:
        at = datetime.fromtimestamp(accepted, UTC)
        run = Run(zone=place, own_hour=self._hours[hour_no], started_at=at, hint=at, had={})
        return int(predict(self._shape, self.steps[step], run, accepted=at).timestamp())
