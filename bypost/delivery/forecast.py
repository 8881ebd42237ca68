"""The mails of the coming days, against what the provider allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bypost.delivery import backlog
from bypost.delivery.backlog import HOUR, Allowed, Hour
from bypost.delivery.clashes import Clash, clashes
from bypost.delivery.context import Context
from bypost.delivery.demand import demand
from bypost.delivery.programme import programme
from bypost.delivery.timeline import Mail
from bypost.model.content import full_name
from bypost.model.course import Kind
from bypost.store import Connection, budgets
from scheduler.pacing import Rate, remaining


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One UTC day: providers count by it.

    Attributes:
        due: Mails that fall due on it; lessons and issues.
        limit: Mails the provider allows on it; None for any number.
        leaves: Mails that can leave on it.
        waiting: Mails that are due and cannot leave by its end.
        through: When what waits has left; None where nothing waits, or not within a year.
        most: The mails that most people get, with their number.
    """

    day: date
    due: int
    lessons: int
    issues: int
    limit: int | None
    leaves: int
    waiting: int
    through: datetime | None
    most: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What comes within some days, if nobody joins, leaves or edits anything.

    Attributes:
        until: The end of the last day.
        provider: It takes new batches.
        an_hour: Mails that its rate allows in an hour; None for any number.
        used_today: Mails that left through it on this UTC day, where it has a daily limit.
        stopped: Why it is stopped; empty: it is not.
        hours: From the present one on; the beginning of the first has passed.
        held: Folders that send nothing -> why.
        capped: Caps are set, and would move some of these mails to later days.
    """

    now: datetime
    until: datetime
    provider: str
    rate: Rate
    an_hour: int | None
    used_today: int
    stopped: str
    hours: Sequence[Hour]
    days: Sequence[Day]
    clashes: Sequence[Clash]
    held: Mapping[str, str] = field(default_factory=dict)
    capped: bool = False

    @property
    def due(self) -> int:
        """Return how many mails come."""
        return sum(day.due for day in self.days)

    def as_json(self) -> dict[str, Any]:
        """Return the stable shape of ``bypost forecast --json`` (docs/commands.md)."""
        return {
            "now": self.now,
            "until": self.until,
            "mails": self.due,
            "provider": {
                "name": self.provider,
                "per_second": self.rate.per_second,
                "per_day": self.rate.per_day,
                "an_hour": self.an_hour,
                "used_today": self.used_today,
                "stopped": self.stopped,
            },
            "days": [_day_as_json(day) for day in self.days],
            "hours": [asdict(hour) for hour in self.hours if hour.due or hour.leaves],
            "collisions": [asdict(clash) for clash in self.clashes],
            "held": dict(self.held),
            "capped": self.capped,
        }


#: The same before there is a database.
NOTHING: Mapping[str, Any] = {
    **dict.fromkeys(("now", "until", "provider")),
    "mails": 0,
    **{name: [] for name in ("days", "hours", "collisions")},
    "held": {},
    "capped": False,
}


def forecast(context: Context, days: int) -> Forecast:
    """Return what comes until the end of the last of so many UTC days, today the first."""
    now = context.clock.now()
    today = now.astimezone(UTC).date()
    until = datetime.combine(today + timedelta(days=days), time(), UTC)
    with context.store.read() as connection:
        what = programme(context, connection)
        wanted = demand(context, connection, what, until)
        found = clashes(connection, wanted)
        allowed, stopped = _allowed(context, connection, now)
    mails = Counter({mail: n for mail, n in wanted.mails().items() if mail.at < until})
    due: Counter[datetime] = Counter()
    for mail, people in mails.items():
        due[backlog.floor(mail.at)] += people
    hours = list(backlog.hours(due, allowed, now=now, until=until))
    return Forecast(
        now=now,
        until=until,
        provider=context.provider.name,
        rate=allowed.rate,
        an_hour=allowed.an_hour,
        used_today=allowed.used_today,
        stopped=stopped,
        hours=[hour for hour in hours if hour.at < until],
        days=_days(mails, hours, allowed, until),
        clashes=[clash for clash in found if clash.day < until.date()],
        held=what.held,
        capped=context.settings.caps.on,
    )


def _allowed(context: Context, connection: Connection, now: datetime) -> tuple[Allowed, str]:
    """Return what the provider of new batches allows, and why it is stopped."""
    provider = context.provider
    rate = context.rates.get(provider.name, Rate())
    budget, stopped = budgets.load(connection, provider.name)
    left, limit = remaining(budget, rate, now=now), rate.limit_on(now.astimezone(UTC).date())
    used = 0 if left is None or limit is None else limit - left
    return Allowed(rate=rate, used_today=used, batch=context.most(provider)), stopped


def _days(
    mails: Counter[Mail], hours: Sequence[Hour], allowed: Allowed, until: datetime
) -> list[Day]:
    names: dict[date, Counter[str]] = {}
    kinds: dict[date, Counter[str]] = {}
    for mail, people in mails.items():
        day = mail.at.astimezone(UTC).date()
        names.setdefault(day, Counter())[full_name(mail.collection, mail.item)] += people
        kinds.setdefault(day, Counter())[mail.kind] += people
    by_day: dict[date, list[Hour]] = {}
    for hour in hours:
        by_day.setdefault(hour.at.date(), []).append(hour)
    return [
        Day(
            day=day,
            due=sum(hour.due for hour in own),
            lessons=kinds.get(day, Counter())[Kind.LESSON],
            issues=kinds.get(day, Counter())[Kind.ISSUE],
            limit=allowed.rate.limit_on(day),
            leaves=sum(hour.leaves for hour in own),
            waiting=own[-1].waiting,
            through=_through(hours, own[-1]) if own[-1].waiting else None,
            most=names.get(day, Counter()).most_common(3),
        )
        for day, own in by_day.items()
        if day < until.date()
    ]


def _through(hours: Sequence[Hour], last: Hour) -> datetime | None:
    """Return the end of the hour by which nothing waits any more."""
    later = (hour for hour in hours if hour.at > last.at and not hour.waiting)
    free = next(later, None)
    return free.at + HOUR if free else None


def _day_as_json(day: Day) -> dict[str, Any]:
    most = [{"mail": name, "people": people} for name, people in day.most]
    return {**asdict(day), "most": most}
