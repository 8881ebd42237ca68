"""The design's table of who stops what, as the last look before a mail decides it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bypost.delivery import gate
from bypost.delivery.context import Context
from bypost.model.event import EventKind
from bypost.people import leave
from bypost.people.join import new_enrollment, new_subscription
from bypost.store import batch_members, enrollments, ledger, subscriptions
from tests.conftest import MONDAY
from tests.delivery.desk import add_people, owe, take

ALL = {"that course", "other course", "that newsletter", "other newsletter", "notice"}


@pytest.fixture
def context(empty_project: Path, open_context: Callable[..., Context]) -> Context:
    """One person on two courses and two newsletters."""
    opened = open_context(empty_project)
    with opened.store.write() as connection:
        add_people(connection, 1)
        run = new_enrollment(subscriber_id=1, course="other", now=MONDAY)
        enrollments.add_all(connection, [run])
        letters = [
            new_subscription(subscriber_id=1, newsletter=name, now=MONDAY)
            for name in ("notes", "news")
        ]
        subscriptions.add_all(connection, letters)
    return opened


def owe_everything(context: Context) -> dict[str, int]:
    """Owe the person a mail of every sort; return the batches."""
    found = {}
    with context.store.write() as connection:
        runs = {r["course"]: r["id"] for r in enrollments.of_subscribers(connection, [1])}
        letters = {s["newsletter"]: s["id"] for s in subscriptions.of_subscribers(connection, [1])}
        for name, kind, collection, own in [
            ("that course", "lesson", "letters", {"enrollment_id": runs["letters"]}),
            ("other course", "lesson", "other", {"enrollment_id": runs["other"]}),
            ("that newsletter", "issue", "notes", {"subscription_id": letters["notes"]}),
            ("other newsletter", "issue", "news", {"subscription_id": letters["news"]}),
            ("notice", "notice", "", {"request": "asked"}),
        ]:
            what = {"kind": kind, "collection": collection, "item": f"{collection}/next"}
            found[name] = owe(connection, what, [{"subscriber_id": 1, **own}])
    return found


def left(name: str) -> Callable[[Context], None]:
    def happen(context: Context) -> None:
        with context.store.write() as connection:
            rows = [
                *enrollments.of_subscribers(connection, [1]),
                *subscriptions.of_subscribers(connection, [1]),
            ]
            link = next(r for r in rows if name in (r.get("course"), r.get("newsletter")))
            member = leave.find(connection, link["link_id"])
            assert member is not None
            leave.leave(connection, member, by="page", now=MONDAY)

    return happen


def left_everything(context: Context) -> None:
    with context.store.write() as connection:
        leave.leave_everything(connection, 1, context.address_hash, by="page", now=MONDAY)


def heard(kind: EventKind) -> Callable[[Context], None]:
    def happen(context: Context) -> None:
        assert take(context, kind, None, recipient="p1@example.org") == 1

    return happen


def paused(context: Context) -> None:
    with context.store.write() as connection:
        run = enrollments.of_subscribers(connection, [1])[0]
        until = MONDAY + timedelta(days=3)
        enrollments.change(connection, run["id"], {"paused_until": until})


def both(*happened: Callable[[Context], None]) -> Callable[[Context], None]:
    def happen(context: Context) -> None:
        for one in happened:
            one(context)

    return happen


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    ("happened", "stopped"),
    [
        pytest.param(left("letters"), {"that course"}, id="left one course"),
        pytest.param(left("notes"), {"that newsletter"}, id="left one newsletter"),
        pytest.param(left_everything, ALL - {"notice"}, id="left everything"),
        pytest.param(heard(EventKind.UNSUBSCRIBED), ALL - {"notice"}, id="left by its means"),
        pytest.param(heard(EventKind.BOUNCED), ALL, id="hard bounce"),
        pytest.param(heard(EventKind.COMPLAINED), ALL, id="complaint"),
        pytest.param(both(left_everything, heard(EventKind.BOUNCED)), ALL, id="left, bounced"),
        pytest.param(both(heard(EventKind.COMPLAINED), left_everything), ALL, id="complaint, left"),
        pytest.param(paused, {"that course"}, id="paused"),
        pytest.param(heard(EventKind.DELIVERED), set(), id="nothing"),
    ],
)
def test_who_stops_what_also_when_it_is_owed_already(
    context: Context, happened: Callable[[Context], None], stopped: set[str], moment: str
) -> None:
    if moment == "before":
        happened(context)
    owed = owe_everything(context)
    if moment == "after":
        happened(context)
    goes, waits = set(), set()
    with context.store.read() as connection:
        for name, batch_id in owed.items():
            batch = ledger.batch(connection, batch_id)
            assert batch is not None
            members = batch_members.of(connection, batch_id)
            verdict = gate.look(context, connection, batch, members, MONDAY)
            goes |= {name} if verdict.go else set()
            waits |= {name} if verdict.postponed else set()
    assert goes == ALL - stopped
    assert waits == (stopped if happened is paused else set())
