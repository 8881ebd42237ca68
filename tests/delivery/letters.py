"""A newsletter with one issue and twelve people in four zones, and a simulated provider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from bypost.delivery import orders
from bypost.delivery.context import Context
from bypost.delivery.orders import Target, Voice
from bypost.delivery.report import Report
from bypost.delivery.run import Pass
from bypost.delivery.schedule import Schedule
from bypost.store import counts
from bypost.testing.simulated import SimulatedProvider
from scheduler.clock import SimulatedClock
from tests.conftest import write_people
from tests.delivery.stage import Crash

ISSUE = """\
---
id: first
subject: The first issue of all
preheader: A preheader that is long enough to be taken for one by the checks
status: {status}
{date}
---
# The first issue

Hello.
"""
FIRST = Target("news", "first")
ME = Voice("me")
ZONES = {
    "tokyo": "Asia/Tokyo",
    "berlin": "Europe/Berlin",
    "nowhere": "",
    "york": "America/New_York",
}
#: Everybody by address.
ALL = {f"{name}{i}@example.org" for name in ZONES for i in range(3)}


@dataclass
class Post:
    """The project, its clock and what its provider took over."""

    root: Path
    context: Context
    clock: SimulatedClock
    provider: SimulatedProvider

    def run(self, **how: Any) -> Report:
        """Make one pass."""
        return Pass(self.context, **how).run()

    def survive(self) -> None:
        """Make one pass, which may die."""
        with suppress(Crash):
            self.run()

    def until(self, at: datetime) -> None:
        """Make a pass whenever something falls due, until an instant."""
        one = Pass(self.context)
        one.run()
        while (due := one.next_at()) is not None and due < at:
            self.clock.advance_to(max(due, self.clock.now()))
            one.run()
            self.clock.advance(timedelta(seconds=1))
        self.clock.advance_to(max(at, self.clock.now()))
        one.run()

    def write(self, status: str = "ready", date: str = 'date: 2026-11-25\nat: "09:00"') -> None:
        """Write the issue's file."""
        path = self.root / "newsletters/news/2026-11-25-first.md"
        path.write_text(ISSUE.format(status=status, date=date), encoding="utf-8")

    @property
    def had(self) -> Counter[str]:
        """How often each address had the issue, by the provider's own word."""
        return Counter(taken.to for taken in self.provider.log)

    @property
    def when(self) -> dict[str, datetime]:
        """When each address had it the first time."""
        found: dict[str, datetime] = {}
        for taken in self.provider.log:
            found.setdefault(taken.to, taken.at)
        return found

    @property
    def numbers(self) -> counts.Counts:
        """Return the ledger's numbers."""
        with self.context.store.read() as connection:
            return counts.count(connection)

    def schedule(self, at: datetime) -> None:
        """Let it go out at one instant."""
        orders.schedule(self.context, FIRST, ME, when=Schedule(instant=at))

    def schedule_local(self, at: datetime) -> None:
        """Let it go out at a date and hour of everybody's own."""
        when = Schedule(day=at.date(), hour=time(at.hour, at.minute), zone="UTC")
        orders.schedule(self.context, FIRST, ME, when=when)


def open_post(
    root: Path,
    open_context: Callable[..., Context],
    clock: SimulatedClock,
    *,
    lists: str = "news",
    **file: str,
) -> Post:
    """Write the project and open it; its people are in the database.

    Args:
        lists: The newsletters that everybody is on.
        file: As for :meth:`Post.write`.
    """
    folder = root / "newsletters/news"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "newsletter.toml").write_text('title = "News"\nsummary = "News for tests."\n')
    rows = (
        f"{name}{i}@example.org,N,{zone},{lists}" for name, zone in ZONES.items() for i in range(3)
    )
    write_people(root, *rows, header="email,name,time_zone,newsletters")
    provider = SimulatedProvider(clock=clock, batch_size=2)
    plain = open_context(root)
    one_by_one = plain.settings.sending.model_copy(update={"threads": 1})
    context = replace(
        plain,
        clock=clock,
        settings=plain.settings.model_copy(update={"sending": one_by_one}),
        providers={provider.name: provider},
        rates={},
    )
    post = Post(root, context, clock, provider)
    post.write(**file)
    post.run()
    return post
