"""Random people with all that an audience can ask of, as plain values and as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from sqlalchemy import insert

from bypost.people import join
from bypost.store import (
    Connection,
    consents,
    contents,
    enrollments,
    holds,
    subscribers,
    subscriptions,
)
from bypost.store.schema import batches, deliveries
from tests.audience.trees import COURSES, DOMAINS, LESSONS, NAMES, TAGS, TEXTS, ZONES

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_CONTENT = "c" * 64
instants = st.sampled_from(
    [
        datetime(2026, 10, 31, 23, 59, 59, 999_999, UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 11, 1, 23, 59, 59, 999_999, UTC),
        datetime(2026, 11, 2, tzinfo=UTC),
        NOW - timedelta(days=3),
        NOW - timedelta(hours=1),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    item: str
    state: str | None
    batch_state: str
    copy: int
    at: datetime

    @property
    def had(self) -> bool:
        return self.state == "accepted" or (self.state is None and self.batch_state == "settled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    course: str
    status: str
    started: datetime
    ended: datetime
    was_through: bool
    paused: bool
    mails: list[Mail]

    @property
    def finished_at(self) -> datetime | None:
        return self.ended if self.was_through else None

    @property
    def left_at(self) -> datetime | None:
        return self.ended if self.status == "left" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    name: str
    zone: str
    domain: str
    status: str
    erased: bool
    tags: list[str]
    attributes: dict[str, str]
    created: datetime
    confirmed: datetime | None
    consents: list[tuple[str, str]]
    runs: list[Run] = field(default_factory=list)
    letter: tuple[str, datetime] | None = None
    issues: list[Mail] = field(default_factory=list)
    held: bool = False


mails = st.builds(
    Mail,
    item=st.sampled_from(LESSONS),
    state=st.sampled_from([None, "accepted", "failed", "cancelled"]),
    batch_state=st.sampled_from(["settled", "pending", "unknown"]),
    copy=st.integers(0, 1),
    at=instants,
)
some_mails = st.lists(mails, max_size=2, unique_by=lambda mail: (mail.item, mail.copy))
runs = st.builds(
    Run,
    course=st.sampled_from(COURSES),
    status=st.sampled_from(["active", "finished", "left"]),
    started=instants,
    ended=instants,
    was_through=st.booleans(),
    paused=st.booleans(),
    mails=some_mails,
)
people = st.builds(
    Person,
    name=st.just("") | st.sampled_from(TEXTS),
    zone=st.just("") | st.sampled_from(ZONES),
    domain=st.sampled_from(DOMAINS),
    status=st.sampled_from(["confirmed", "unconfirmed"]),
    erased=st.sampled_from([False] * 5 + [True]),
    tags=st.lists(st.sampled_from(TAGS), max_size=2, unique=True),
    attributes=st.dictionaries(
        st.sampled_from(NAMES), st.just("") | st.sampled_from(TEXTS), max_size=2
    ),
    created=instants,
    confirmed=st.none() | instants,
    consents=st.lists(
        st.tuples(st.sampled_from(["csv", "form", "api"]), st.sampled_from(["", "footer"])),
        max_size=2,
    ),
    runs=st.lists(runs, max_size=2),
    letter=st.none() | st.tuples(st.sampled_from(["active", "left"]), instants),
    issues=some_mails,
    held=st.booleans(),
)
crowds = st.lists(people, min_size=4, max_size=8)


def write(connection: Connection, crowd: Sequence[Person]) -> None:
    """Write people down; they get the numbers 1, 2 ..."""
    contents.save(
        connection, _CONTENT, b"", kind="lesson", collection="x", item="x", title="x", now=NOW
    )
    for number, person in enumerate(crowd, start=1):
        _write_person(connection, number, person)
        _write_runs(connection, number, person)
        if person.letter:
            status, at = person.letter
            row = join.new_subscription(subscriber_id=number, newsletter="news", now=at)
            left = at if status == "left" else None
            subscriptions.add_all(connection, [{**row, "status": status, "left_at": left}])
        for mail in person.issues:
            _write_mail(connection, number, mail, kind="issue", item=f"news/{mail.item}")


def _write_person(connection: Connection, number: int, person: Person) -> None:
    row = join.new_subscriber(
        subscriber_id=number,
        email=f"P{number}@{person.domain}",
        name=person.name,
        time_zone=person.zone,
        status="erased" if person.erased else person.status,
        now=person.created,
        tags=tuple(person.tags),
        attributes=person.attributes,
    )
    gone = {"email": None, "email_key": None} if person.erased else {}
    subscribers.add_all(connection, [{**row, "confirmed_at": person.confirmed, **gone}])
    agreed = [
        {
            **join.new_consent(
                subscriber_id=number, purpose="course:x", source=source, note="", now=NOW
            ),
            "form": form,
        }
        for source, form in person.consents
    ]
    for row in agreed:
        consents.add_all(connection, [row])
    if person.held:
        holds.add(
            connection,
            scope="subscriber",
            name="",
            subscriber_id=number,
            since=NOW,
            until=None,
            reason="",
        )


def _write_runs(connection: Connection, number: int, person: Person) -> None:
    count: dict[str, int] = {}
    for run in person.runs:
        count[run.course] = count.get(run.course, 0) + 1
        row = join.new_enrollment(
            subscriber_id=number, course=run.course, now=run.started, run=count[run.course]
        )
        more = {
            "status": run.status,
            "finished_at": run.finished_at,
            "left_at": run.left_at,
            "paused_until": NOW + timedelta(days=1) if run.paused else None,
        }
        enrollments.add_all(connection, [{**row, **more}])
        found = enrollments.by_link(connection, row["link_id"])
        assert found is not None
        for mail in run.mails:
            _write_mail(connection, number, mail, kind="lesson", run=found["id"])


def _write_mail(
    connection: Connection,
    number: int,
    mail: Mail,
    *,
    kind: str,
    item: str = "",
    run: int | None = None,
) -> None:
    numbers = ("size", "fence", "attempts", "generation", "members", "accepted", "failed")
    batch = {
        **dict.fromkeys((*numbers, "cancelled"), 0),
        "provider": "outbox",
        "kind": kind,
        "collection": "x",
        "item": mail.item,
        "content_hash": _CONTENT,
        "state": mail.batch_state,
        "due_at": mail.at,
        "next_try": mail.at,
        "accepted_at": mail.at,
        "lease_owner": "",
        "ambiguous": False,
        "detail": "",
    }
    batch_id = connection.execute(insert(batches).values(batch).returning(batches.c.id)).scalar()
    connection.execute(
        insert(deliveries).values(
            batch_id=batch_id,
            subscriber_id=number,
            enrollment_id=run,
            kind=kind,
            item=item or mail.item,
            copy=mail.copy,
            request="",
            state=mail.state,
        )
    )
