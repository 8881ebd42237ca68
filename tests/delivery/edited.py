"""A course that is edited while people are in it: four lessons a day apart, ten people.

Two people a day joined at noon from Monday to Friday, in four zones; it is Friday noon. The first
four are through.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from bypost.delivery.apply import apply
from bypost.delivery.context import Context
from bypost.delivery.plan import Plan
from bypost.delivery.planning import planned
from bypost.delivery.rehearsal import Rehearsal
from bypost.delivery.run import Pass
from bypost.delivery.tally import Effect
from bypost.store import counts
from scheduler.clock import SimulatedClock
from tests.conftest import LESSON, write_people

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC")
DELAYS = ("at once", "1 day", "1 day", "1 day")
FRIDAY = datetime(2026, 11, 27, 12, tzinfo=UTC)


class Desk:
    """An author and an operator at once."""

    def __init__(self, context: Context, clock: SimulatedClock) -> None:
        self.context, self.clock = context, clock
        self.folder = context.root / "lessons/letters"

    def lesson(self, number: str, name: str, more: str = "", delay: str = "1 day") -> None:
        text = LESSON.format(id=name, delay=delay).replace("\ndelay:", f"\n{more}delay:")
        (self.folder / f"{number}-{name}.md").write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        next(self.folder.glob(f"*-{name}.md")).unlink()

    def until(self, at: datetime) -> None:
        """Make every pass until then."""
        Rehearsal(self.context).run(at)
        self.clock.advance_to(at)
        Pass(self.context).run()

    def plan(self) -> Plan:
        (one,) = planned(self.context).plans
        return one

    def apply(self) -> Plan:
        Pass(self.context).run()
        found = planned(self.context)
        assert not found.held, found.held
        apply(self.context, found.before["letters"], found.plans[0])
        return found.plans[0]

    def sent(self) -> list[tuple[str, str, datetime]]:
        with self.context.store.read() as connection:
            rows = counts.timeline(connection)
        return [(row["email"], row["item"], row["accepted_at"]) for row in rows]

    def got(self, email: str) -> list[str]:
        return [item for who, item, _ in self.sent() if who == email]


def a_week(desk: Desk) -> None:
    """Let the ten people join."""
    rows: list[str] = []
    for day in range(23, 28):
        desk.until(datetime(2026, 11, day, 12, tzinfo=UTC))
        for _ in range(2):
            rows.append(f"p{len(rows)}@example.org,P,{ZONES[len(rows) % 4]}")
        write_people(desk.context.root, *rows)
        Pass(desk.context).run()


def copied(root: Path, to: Path) -> Path:
    """Return a copy of a prepared project."""
    shutil.copytree(root, to)
    return to


def effect(plan: Plan, lesson: str) -> Effect:
    """Return what a plan says of one lesson."""
    return next(one for one in plan.effects if one.lesson == lesson)
