"""How sending stands now: a few questions to the database, no content and no provider."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from bypost.delivery import disk, holds, instance, issue_order, last_pass, presence
from bypost.delivery.last_pass import LastPass
from bypost.delivery.presence import Crew
from bypost.model.content import full_name
from bypost.people import abuse
from bypost.store import Connection, Row, contents, counts
from bypost.store import standing as store
from bypost.store.counts import Counts
from scheduler.pacing import Rate

if TYPE_CHECKING:
    from bypost.delivery.context import Context

#: What is owed and should have left so long ago is late.
LATE = timedelta(minutes=5)
#: What stands in the way where passes hand over and nobody takes it.
NO_WORKER = "no worker is there to bring what is handed over: start `bypost worker`"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderStanding:
    """One provider: what it allows, what was used, what stands in the way.

    Attributes:
        per_second: Requests it allows.
        per_day: Mails it allows on a UTC day.
        limit_today: The same, or what a ramp allows today if that is less.
        used_today: Mails handed over on this UTC day.
        paused_until: It asked everybody to wait; None once that is over.
        breaker: Why sending through it stopped; empty: it did not.
        requests_last_minute: Requests it accepted.
    """

    name: str
    per_second: float | None
    per_day: int | None
    limit_today: int | None
    used_today: int
    paused_until: datetime | None
    breaker: str
    breaker_since: datetime | None
    accepted_last_hour: int
    accepted_last_minute: int
    requests_last_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """What falls due next.

    Attributes:
        kind: ``lesson``, ``issue``, ``batch`` (one that waits for its next try) or ``question``
            (a provider is asked about unknown deliveries).
        what: A course, or collection/item.
        people: How many, as far as is known.
    """

    at: datetime
    kind: str
    what: str
    people: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How things stand.

    Attributes:
        sending: Batches on their way: ref, provider, content, people.
        late: Open deliveries that fell due more than :data:`LATE` ago.
        oldest_late: When the oldest of them fell due.
        last: The last pass; None if none was noted.
        unknown: Deliveries nobody knows the fate of: ref, email, content.
        paused: What an operator holds back: scope, name, since, until, reason.
        obstacles: Why no pass would send now, in plain words.
        alarms: What an operator should look at, in plain words; it keeps nothing from being sent.
        crew: Who brings batches, and what waits for them.
    """

    now: datetime
    total: Counts
    sending: Sequence[Mapping[str, Any]] = ()
    late: int = 0
    oldest_late: datetime | None = None
    providers: Sequence[ProviderStanding] = ()
    next: Coming | None = None
    last: LastPass | None = None
    unknown: Sequence[Mapping[str, str]] = ()
    paused: Sequence[Mapping[str, Any]] = ()
    obstacles: Sequence[str] = ()
    alarms: Sequence[str] = ()
    crew: Crew = field(default_factory=Crew)

    @property
    def blocked(self) -> dict[str, str]:
        """Return the providers that are stopped, with the reason."""
        return {one.name: one.breaker for one in self.providers if one.breaker}

    @property
    def troubles(self) -> list[str]:
        """Return the obstacles, the alarms, and what troubled the last pass."""
        last = self.last.troubles if self.last else ()
        return list(dict.fromkeys((*self.obstacles, *self.alarms, *last)))

    @property
    def exit_code(self) -> int:
        """Return 0 if all is well, 1 if something is unknown or stopped, 2 for broken content."""
        if self.last and self.last.held:
            return 2
        return 1 if self.total.unknown or self.blocked or self.obstacles else 0

    def as_json(self) -> dict[str, Any]:
        """Return the stable shape of ``bypost status --json`` (docs/commands.md)."""
        last = self.last
        return {
            **asdict(self.total),
            "this_pass": asdict(Counts()),
            "unknown_deliveries": [dict(one) for one in self.unknown],
            "held": {folder: list(problems) for folder, problems in last.held.items()}
            if last
            else {},
            "waiting_changes": dict(last.waiting) if last else {},
            "troubles": self.troubles,
            "blocked": self.blocked,
            "imported": None,
            "rejected_rows": [],
            "archived": [],
            "next_at": self.next.at.isoformat() if self.next else None,
            "late": self.late,
            "oldest_late": self.oldest_late,
            "last_tick": last.at if last else None,
            "sending": [dict(one) for one in self.sending],
            "next": asdict(self.next) if self.next else None,
            "providers": [asdict(one) for one in self.providers],
            "paused": [dict(one) for one in self.paused],
            "workers": asdict(self.crew),
        }


def nothing_yet() -> Standing:
    """Return how things stand before there is a database."""
    return Standing(now=datetime.min.replace(tzinfo=UTC), total=Counts())


def look(context: Context) -> Standing:
    """Return how things stand, from one consistent look at the database."""
    now = context.clock.now()
    obstacles = [*filter(None, (instance.trouble(context), disk.shortage(context)))]
    with context.store.read() as connection:
        last = last_pass.read(connection)
        providers = _providers(context, connection, now)
        blocked = [one.name for one in providers if one.breaker]
        crew = presence.look(context, connection, now)
        if crew.is_missing:
            obstacles.append(NO_WORKER)
        late, oldest = store.late(connection, now - LATE)
        return Standing(
            now=now,
            total=counts.count(connection),
            sending=[_on_its_way(context, row) for row in store.on_their_way(connection, now)],
            late=late,
            oldest_late=oldest,
            providers=providers,
            next=_next(connection, last, blocked, now),
            last=last,
            unknown=[_unknown(context, row) for row in counts.unknown_deliveries(connection)],
            paused=[*holds.told(connection, now), *issue_order.told(connection)],
            obstacles=obstacles,
            alarms=abuse.alarms(connection, now),
            crew=crew,
        )


def _on_its_way(context: Context, row: Row) -> dict[str, Any]:
    return {
        "ref": f"{context.tag}-b{row['id']}",
        "provider": row["provider"],
        "content": _content(row),
        "people": row["members"],
    }


def _unknown(context: Context, row: Row) -> dict[str, str]:
    ref = context.reference(row["id"])
    return {"ref": ref, "email": row["email"] or "", "content": _content(row)}


def _content(row: Row) -> str:
    return full_name(row["collection"], row["item"])


def _providers(context: Context, connection: Connection, now: datetime) -> list[ProviderStanding]:
    accepted = store.accepted_since(
        connection,
        minute=now - timedelta(minutes=1),
        hour=now - timedelta(hours=1),
        day=datetime.combine(now.astimezone(UTC).date(), time(), UTC),
    )
    budgets = store.budget_rows(connection)
    return [
        _provider(name, context.rates.get(name, Rate()), budgets.get(name), accepted.get(name), now)
        for name in context.settings.sending.provider
    ]


def _provider(
    name: str, rate: Rate, budget: Row | None, lately: Row | None, now: datetime
) -> ProviderStanding:
    today = now.astimezone(UTC).date()
    limit = rate.limit_on(today)
    counted = budget["used_today"] if budget and budget["day"] == today else 0
    paused = budget["paused_until"] if budget else None
    return ProviderStanding(
        name=name,
        per_second=rate.per_second,
        per_day=rate.per_day,
        limit_today=limit,
        # Without a limit nobody counts; what was accepted comes to the same.
        used_today=counted if limit is not None else (lately["day"] if lately else 0),
        paused_until=paused if paused and paused > now else None,
        breaker=budget["breaker"] if budget else "",
        breaker_since=budget["breaker_at"] if budget else None,
        accepted_last_hour=lately["hour"] if lately else 0,
        accepted_last_minute=lately["minute"] if lately else 0,
        requests_last_minute=lately["requests"] if lately else 0,
    )


def _next(
    connection: Connection, last: LastPass | None, blocked: Collection[str], now: datetime
) -> Coming | None:
    """Return what falls due next, as far as the database knows.

    Args:
        blocked: Providers that are stopped: their batches wait for the operator.
    """
    coming: list[Coming] = []
    # A course with a problem sends nothing, whatever its hints say.
    coming += _lessons(
        connection, list(last.courses if last else contents.applied(connection)), now
    )
    if last and last.issue_at and last.issue_at > now:
        coming.append(Coming(at=last.issue_at, kind="issue", what=last.issue, people=None))
    for kind, row in (
        ("batch", store.next_batch(connection, blocked)),
        ("question", store.next_question(connection)),
    ):
        if row:
            people = row["members"] if kind == "question" else row["size"]
            coming.append(Coming(at=row["at"], kind=kind, what=_content(row), people=people))
    return min(coming, key=lambda one: one.at, default=None)


def _lessons(connection: Connection, courses: Sequence[str], now: datetime) -> Iterator[Coming]:
    """Yield the next lesson that comes by itself, and those that wait for the end of a hold."""
    held = holds.read(connection, now)
    ends = {name: hold.until for name in courses if (hold := held.course(name).hold) is not None}
    groups = [(held.free(courses), now), *(([name], end) for name, end in ends.items() if end)]
    for names, since in groups:
        if hint := store.next_hint(connection, names):
            until = max(hint["at"], since)
            people = store.hints_by(connection, hint["course"], until)
            at = hint["at"] if since == now else until
            yield Coming(at=at, kind="lesson", what=hint["course"], people=people)
