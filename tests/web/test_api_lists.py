"""Lists: a page at a time, in the order of the key; no row is skipped or repeated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.model.event import Event, EventKind
from bypost.people import join
from bypost.store import events, subscribers
from bypost.web import make_site
from tests.web.api_client import Api, make_token

ISSUE = """\
---
id: {id}
subject: Subject of {id}
preheader: A preheader that is long enough for the checks to be content with it
status: {status}
date: {date}
---
# Title of {id}

Hello.
"""


def add_people(context: Context, number: int) -> None:
    with context.store.write() as connection:
        first = subscribers.next_id(connection)
        rows = [
            join.new_subscriber(
                subscriber_id=i,
                email=f"p{i}@example.org",
                name="",
                time_zone="",
                status="confirmed",
                now=context.clock.now(),
            )
            for i in range(first, first + number)
        ]
        subscribers.add_all(connection, rows)


def hear(context: Context, number: int, kind: EventKind, delivery: int | None = 1) -> None:
    event = Event(
        event_id=f"e{number}",
        kind=kind,
        ref="",
        provider_id="",
        recipient="anna@example.org",
        at=context.clock.now(),
        raw={"secret": "as received"},
    )
    with context.store.write() as connection:
        now = context.clock.now() + timedelta(hours=number)
        events.add(connection, "resend", event, delivery_id=delivery, now=now)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    limit=st.integers(1, 7), joining=st.lists(st.integers(0, 4), max_size=6), start=st.booleans()
)
def test_pages_neither_skip_nor_repeat_while_people_join(
    context: Context, api: Api, limit: int, joining: list[int], start: bool
) -> None:
    context.clock.sleep(60)  # each example has a minute's worth of requests
    if start:
        add_people(context, 3)
    there = [one["id"] for one in api.all("/subscribers", limit=200)]
    seen: list[int] = []
    cursor: str | None = None
    coming = iter(joining)
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = api.get("/subscribers", limit=limit, **more).json()
        assert len(answer["items"]) <= limit
        seen += [one["id"] for one in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
        assert len(answer["items"]) == limit
        add_people(context, next(coming, 0))
    assert seen == sorted(set(seen))
    assert set(there) <= set(seen)
    assert seen == [one["id"] for one in api.all("/subscribers", limit=200)][: len(seen)]


def test_a_list_is_as_long_as_it_is_whatever_the_pages(context: Context, api: Api) -> None:
    add_people(context, 4)
    for limit, pages in ((1, 6), (2, 3), (3, 2), (5, 2), (6, 1), (200, 1)):
        found = api.pages("/subscribers", limit=limit)
        assert len(found) == pages
        assert [one["id"] for page in found for one in page] == [1, 2, 3, 4, 5, 6]


def test_a_page_has_fifty_items_unless_asked_otherwise(context: Context, api: Api) -> None:
    add_people(context, 60)
    assert [len(page) for page in api.pages("/subscribers")] == [50, 12]


def test_no_page_is_empty_or_longer_than_two_hundred(api: Api) -> None:
    for limit in ("0", "-1", "201", "x", "", "1e2", str(2**64)):
        answer = api.get("/subscribers", limit=limit)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "query.limit"


def test_a_cursor_is_good_for_its_list_and_filters_alone(context: Context, api: Api) -> None:
    add_people(context, 2)
    cursor = api.get("/subscribers", limit=1).json()["next"]
    assert api.get("/subscribers", limit=9, cursor=cursor).status_code == 200
    signed_elsewhere = context.links.sign("form", ["subscribers", "", 1])
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("/enrollments", {"cursor": cursor}),
        ("/newsletters", {"cursor": cursor}),
        ("/subscribers", {"cursor": cursor, "status": "confirmed"}),
        ("/subscribers", {"cursor": cursor[:-1]}),
        ("/subscribers", {"cursor": f"x{cursor}"}),
        ("/subscribers", {"cursor": signed_elsewhere}),
        ("/subscribers", {"cursor": "1"}),
        ("/subscribers", {"cursor": ""}),
        ("/subscribers", {"cursor": "\x00"}),
    ]
    for path, query in wrong:
        answer = api.get(path, **query)
        assert answer.status_code == 422, query
        assert answer.json()["errors"][0]["field"] == "query.cursor"


def test_a_cursor_shows_nothing_of_what_was_asked_for(context: Context, api: Api) -> None:
    add_people(context, 1)
    with context.store.write() as connection:
        subscribers.change(connection, 3, {"status": "unconfirmed"})
    cursor = api.get("/subscribers", limit=1, status="confirmed").json()["next"]
    assert "confirmed" not in str(context.links.unsign("cursor", cursor))


def test_a_filter_that_is_not_there_is_an_error_and_not_ignored(api: Api) -> None:
    lists = ("/subscribers", "/enrollments", "/subscriptions", "/deliveries", "/newsletters")
    for path in (*lists, "/newsletters/notes/issues", "/events"):
        assert api.get(path, stat="failed").json()["errors"] == [
            {"field": "query.stat", "message": "there is no such field"}
        ]


def test_filters_narrow_a_list(api: Api) -> None:
    def ids(path: str, **query: Any) -> list[int]:
        return [one["id"] for one in api.all(path, **query)]

    api.post("/enrollments/2/leave")
    assert ids("/enrollments") == [1, 2]
    assert ids("/enrollments", status="active") == [1]
    assert ids("/enrollments", status="left", course="letters") == [2]
    assert ids("/enrollments", course="other") == []
    assert ids("/enrollments", subscriber_id=2) == [2]
    assert ids("/subscriptions", newsletter="notes", status="active") == [1]
    assert ids("/subscriptions", subscriber_id=2) == []
    assert ids("/subscribers", status="unconfirmed") == []
    for path in ("/subscribers", "/enrollments", "/subscriptions", "/deliveries"):
        field = "state" if path == "/deliveries" else "status"
        assert api.get(path, **{field: "odd"}).status_code == 422


def test_a_delivery_has_the_documented_fields_and_no_address(context: Context, api: Api) -> None:
    mail, _ = api.all("/deliveries")
    assert list(mail) == [
        *("ref", "kind", "collection", "item", "copy", "title", "subscriber_id"),
        *(
            "enrollment_id",
            "subscription_id",
            "state",
            "reason",
            "due_at",
            "accepted_at",
            "provider",
        ),
        "provider_id",
    ]
    assert (mail["ref"], mail["state"], mail["title"]) == (
        context.reference(1),
        "accepted",
        "Title of one",
    )
    hear(context, 1, EventKind.DELIVERED)
    whole = api.get(f"/deliveries/{mail['ref']}")
    assert {key: whole.json()[key] for key in mail} == mail
    assert whole.json()["batch"] == f"{context.tag}-b1"
    (attempt,) = whole.json()["attempts"]
    assert list(attempt) == ["started_at", "ended_at", "outcome", "status", "detail"]
    (heard,) = whole.json()["events"]
    assert list(heard) == ["provider", "kind", "at", "received_at"]
    assert "example.org" not in whole.text


def test_deliveries_are_found_by_state_person_and_time(context: Context, api: Api) -> None:
    both, none = [1, 2], list[int]()
    asked = {
        "accepted": both, "failed": none, "cancelled": none, "unknown": none,
        "pending": none, "sending": none,
    }  # fmt: skip
    for state, found in asked.items():
        assert [one["subscriber_id"] for one in api.all("/deliveries", state=state)] == found
    assert len(api.all("/deliveries", subscriber_id=2)) == 1
    assert len(api.all("/deliveries", since="2026-11-23T09:30:00Z")) == 2
    assert len(api.all("/deliveries", since="2026-11-23T10:30:00+01:00")) == 2
    assert api.all("/deliveries", since="2026-11-23T09:30:01Z") == []
    assert (
        len(api.pages("/deliveries", limit=1, since="2026-11-23T00:00:00Z", state="accepted")) == 2
    )


def test_an_instant_without_a_zone_is_refused(api: Api) -> None:
    for since in ("2026-11-23T09:30:00", "2026-11-23", "yesterday", "", "-1e400", "9" * 40):
        for path in ("/deliveries", "/events"):
            answer = api.get(path, since=since)
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["field"] == "query.since"


def test_a_reference_that_is_not_ours_is_not_found(context: Context, api: Api) -> None:
    tag = context.tag
    for ref in ("x", "k7mq2xw9-1", f"{tag}-99", f"{tag}-b1", f"{tag}-{2**64}", f"{tag}-01", "1"):
        assert api.get(f"/deliveries/{ref}").status_code == 404
        assert api.get("/events", delivery=ref).status_code in (404, 200)
    assert api.get("/deliveries/" + "x" * 65).status_code == 422


def test_events_are_told_without_what_was_received(context: Context, api: Api) -> None:
    kinds = (EventKind.DELIVERED, EventKind.BOUNCED, EventKind.DELIVERED)
    for number, kind in enumerate(kinds, start=1):
        hear(context, number, kind, delivery=number if number < 3 else None)
    found = api.all("/events")
    assert list(found[0]) == ["id", "provider", "kind", "delivery", "at", "received_at"]
    assert [(one["kind"], one["delivery"]) for one in found] == [
        ("delivered", context.reference(1)),
        ("bounced", context.reference(2)),
        ("delivered", None),
    ]
    assert "as received" not in api.get("/events").text
    assert len(api.pages("/events", limit=1)) == 3
    assert [one["id"] for one in api.all("/events", kind="bounced")] == [2]
    assert [one["id"] for one in api.all("/events", delivery=context.reference(1))] == [1]
    assert [one["id"] for one in api.all("/events", since="2026-11-23T12:30:00Z")] == [3]
    assert api.all("/events", provider="postmark") == []
    assert api.get("/events", kind="odd").status_code == 422


@pytest.fixture
def with_issues(project: Path, open_context: Callable[..., Context]) -> Context:
    folder = project / "newsletters" / "notes"
    for name, status, date in (
        ("a-old", "ready", "2026-11-01"),
        ("b-draft", "draft", "2026-12-01"),
        ("c-next", "ready", "2026-12-02T09:00:00+01:00"),
    ):
        text = ISSUE.format(id=name, status=status, date=date)
        (folder / f"{date[:10]}-{name}.md").write_text(text, encoding="utf-8")
    context = open_context(project)
    Pass(context).run()
    return context


def test_newsletters_and_issues_are_told_as_files_and_database_have_them(
    with_issues: Context,
) -> None:
    with TestClient(make_site(with_issues)) as client:
        api = Api(client, make_token(with_issues, "read"))
        (letter,) = api.all("/newsletters")
        assert letter == api.get("/newsletters/notes").json()
        assert (letter["id"], letter["title"], letter["hour"]) == ("notes", "Notes & News", "09:00")
        assert letter["url"] == "http://localhost:8000/newsletters/notes"
        issues = api.all("/newsletters/notes/issues")
        told = [(one["id"], one["status"], one["state"]) for one in issues]
        assert told == [
            ("a-old", "ready", "archived"),
            ("b-draft", "draft", None),
            ("c-next", "ready", "planned"),
        ]
        assert [one["day"] for one in issues] == ["2026-11-01", "2026-12-01", None]
        assert issues[2]["at"] == "2026-12-02T08:00:00Z"
        pages = api.pages("/newsletters/notes/issues", limit=2)
        assert [one["id"] for page in pages for one in page] == ["a-old", "b-draft", "c-next"]
        assert len(pages) == 2
        for name in ("nothing", "..", "%2e%2e", "notes%00", "NOTES"):
            assert api.get(f"/newsletters/{name}/issues").status_code == 404
