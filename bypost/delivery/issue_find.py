"""Finding an issue by its name, as its file has it and with what was ordered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bypost.content.loader import Library, load_project_content
from bypost.delivery import holds, issue_order
from bypost.delivery.context import Context
from bypost.delivery.issue_order import Order, OrderState, ReadyIssue
from bypost.delivery.orders import Target
from bypost.delivery.owe_issues import over, zones_of
from bypost.delivery.schedule import Schedule, in_words, schedule_of
from bypost.errors import SettingsError
from bypost.model.course import Issue, IssueStatus, Newsletter
from bypost.store import Connection, Row, issue_report, issues
from bypost.store.counts import Counts


class State(StrEnum):
    """How an issue stands, in one word."""

    DRAFT = "draft"  #: its file does not say ``ready``
    BROKEN = "broken"  #: its newsletter's folder cannot be read
    SCHEDULED = "scheduled"  #: its time is to come everywhere
    SENDING = "sending"  #: its time has come somewhere, and something is left to do
    PAUSED = "paused"
    CANCELLED = "cancelled"
    SENT = "sent"  #: nothing is left to do
    ARCHIVED = "archived"  #: it came too late to be sent, and is in the archive


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One issue.

    Attributes:
        written: As its file has it.
        one: As it goes out, by what was ordered.
        first, last: When it falls due, first of all and last of all zones.
        counts: Its deliveries; all 0 where nobody was owed it.
        held: Its newsletter is paused.
    """

    written: Issue
    one: ReadyIssue
    state: State
    first: datetime
    last: datetime
    counts: Counts
    held: bool = False

    @property
    def newsletter(self) -> Newsletter:
        """Return its newsletter."""
        return self.one.newsletter

    @property
    def order(self) -> Order | None:
        """Return what was ordered about it."""
        return self.one.order

    @property
    def target(self) -> Target:
        """Return what orders name it by."""
        return Target(self.newsletter.id, self.written.id)

    @property
    def item(self) -> str:
        """Return it as deliveries name it."""
        return self.one.item

    @property
    def schedule(self) -> Schedule:
        """Return when it goes out."""
        return schedule_of(self.newsletter, self.one.issue)

    @property
    def when(self) -> str:
        """Return when it goes out, in words."""
        return in_words(self.schedule, self.newsletter.time_zone)

    @property
    def is_draft(self) -> bool:
        """Tell whether its file says that it is not ready."""
        return self.written.status is not IssueStatus.READY


def every(context: Context, connection: Connection, newsletter: Newsletter) -> list[Found]:
    """Return the issues of a newsletter, the last one first."""
    now = context.clock.now()
    orders, zoned = issue_order.every(connection), issues.by_zone(connection)
    items = [f"{newsletter.id}/{issue.id}" for issue in newsletter.issues]
    numbers = issue_report.of_issues(connection, items) if items else {}
    held = holds.read(connection, now).newsletter(newsletter.id).hold is not None
    found = []
    for issue in newsletter.issues:
        key = (newsletter.id, issue.id)
        plain = ReadyIssue(newsletter, issue, "")
        one = issue_order.with_order(plain, orders.get(key), by_zone=key in zoned)
        counts = _counts(numbers.get(one.item))
        known = issues.find(connection, *key)
        found.append(
            Found(
                written=issue,
                one=one,
                state=_state(one, issue, known["state"] if known else "", counts, now),
                first=_first(one),
                last=over(one),
                counts=counts,
                held=held,
            )
        )
    return sorted(found, key=lambda it: (it.first, it.written.id), reverse=True)


def find(
    context: Context, connection: Connection, name: str, library: Library | None = None
) -> Found:
    """Return an issue by newsletter/issue, or by its own name where only one has it.

    Args:
        library: What the files say, where that was read a moment ago.

    Raises:
        SettingsError: There is none, or several.
    """
    library = library or load_project_content(context.root)
    wanted = [
        (newsletter, issue)
        for newsletter in library.newsletters
        for issue in newsletter.issues
        if name in {issue.id, f"{newsletter.id}/{issue.id}"}
    ]
    if len(wanted) != 1:
        raise SettingsError(_missing(library, name, wanted))
    newsletter, issue = wanted[0]
    return next(one for one in every(context, connection, newsletter) if one.written.id == issue.id)


def planned(found: Found, when: Schedule | None, audience: str | None) -> Found:
    """Return an issue as it would stand with another time or audience, to be counted."""
    blank = Order(
        newsletter=found.newsletter.id,
        issue=found.written.id,
        schedule=None,
        audience=None,
        state=OrderState.SCHEDULED,
        at=found.first,
        by="",
        reason="",
        paused_at=None,
        resumed_at=None,
    )
    order = found.order or blank
    order = replace(
        order,
        schedule=when if when is not None else order.schedule,
        audience=audience if audience is not None else order.audience,
    )
    plain = ReadyIssue(found.newsletter, found.written, "")
    one = issue_order.with_order(plain, order, by_zone=found.one.by_zone)
    return replace(found, one=one, first=_first(one), last=over(one))


def zones(connection: Connection, found: Found) -> Mapping[str, datetime]:
    """Return the zones in which it falls due, each with its instant."""
    return dict(zones_of(connection, found.one))


def _missing(library: Library, name: str, wanted: list[tuple[Newsletter, Issue]]) -> str:
    known = [f"{n.id}/{one.id}" for n in library.newsletters for one in n.issues]
    if wanted:
        names = ", ".join(f"{n.id}/{one.id}" for n, one in wanted)
        return f"`{name}` is the name of several issues\n    say which: {names}"
    broken = "".join(_broken(library))
    return f"there is no issue `{name}`{broken}\n    known: {', '.join(known) or 'none'}"


def _broken(library: Library) -> Iterator[str]:
    for folder, problems in library.broken.items():
        if folder.startswith("newsletters"):
            yield f"; {folder} cannot be read: {problems[0].message}"


def _first(one: ReadyIssue) -> datetime:
    """Return when it falls due first of all."""
    when = schedule_of(one.newsletter, one.issue)
    return when.instant or when.at("Etc/GMT-14")


def _counts(row: Row | None) -> Counts:
    if row is None:
        return Counts()
    numbers = {name: int(row[name]) for name in ("owed", *_SETTLED)}
    return Counts(**numbers, pending=numbers["owed"] - sum(numbers[name] for name in _SETTLED))


def _state(one: ReadyIssue, issue: Issue, known: str, counts: Counts, now: datetime) -> State:
    order = one.order
    if order is not None and order.is_cancelled:
        return State.CANCELLED
    if known == "done" and not counts.pending:
        return State.SENT
    if known == "archived":
        return State.ARCHIVED
    if order is not None and order.is_paused:
        return State.PAUSED
    if issue.status is not IssueStatus.READY and not counts.owed:
        return State.DRAFT
    return State.SENDING if counts.owed or known == "done" else State.SCHEDULED


_SETTLED = ("accepted", "failed", "cancelled", "unknown")
