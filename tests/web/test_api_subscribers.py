"""Subscribers through the API: asked, taken on, changed, leaving."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.store import consents, enrollments, signups, subscribers, suppressions
from tests.web.api_client import Api, make_token
from tests.web.conftest import ANNA, Beat, body, mails

ASK = {"email": "cy@example.org", "course": "letters", "wording": "Send me the course."}
ADMIT = {"email": "cy@example.org", "course": "letters", "consent": "Asked for it by phone."}
FIELDS = [
    *("id", "email", "name", "time_zone", "hour", "status", "tags", "attributes"),
    *("created_at", "confirmed_at", "suppressed"),
]


def person(context: Context, address: str = "cy@example.org") -> Any:
    with context.store.read() as connection:
        return subscribers.by_keys(connection, [address]).get(address)


def suppress(context: Context, address: str, reason: str) -> None:
    with context.store.write() as connection:
        hashed = context.address_hash(address)
        suppressions.add(connection, hashed, reason=reason, now=context.clock.now())


def test_a_subscriber_has_the_documented_fields(api: Api) -> None:
    found = api.get("/subscribers/1").json()
    assert list(found) == FIELDS
    assert (found["email"], found["name"], found["status"]) == (ANNA, "Anna", "confirmed")
    assert found["created_at"] == "2026-11-23T09:30:00Z"


def test_nothing_that_opens_a_persons_own_page_is_told(
    context: Context, api: Api, course_token: str
) -> None:
    with context.store.read() as connection:
        run = enrollments.by_id(connection, 1)
    assert run is not None
    for path in ("/subscribers", "/enrollments", "/subscriptions", "/deliveries", "/events"):
        text = api.get(path).text
        assert "link" not in text
        assert course_token not in text


def test_somebody_who_is_asked_gets_a_mail_and_confirms_like_everybody(
    context: Context, api: Api, public: TestClient, beat: Beat
) -> None:
    beat.woken = 0
    answer = api.post("/subscribers", {**ASK, "name": "Cy", "hour": "07:00", "ip": "203.0.113.7"})
    assert (answer.status_code, answer.json()) == (202, {"outcome": "requested"})
    assert beat.woken == 1
    assert person(context)["status"] == "unconfirmed"
    assert person(context)["name"] == ""
    Pass(context).run()
    (mail,) = [mail for mail in mails(context.root) if "cy@example.org" in str(mail["To"])]
    link = re.search(r"https?://[^/\s]+(/c/\S+)", body(mail))
    assert link is not None
    assert public.post(link[1]).status_code in (200, 303)
    found = person(context)
    assert (found["status"], found["name"], found["hour"]) == ("confirmed", "Cy", "07:00")
    with context.store.read() as connection:
        (evidence,) = consents.of_subscriber(connection, found["id"])
    assert (evidence["form"], evidence["note"], evidence["network"]) == (
        "api:test",
        "Send me the course.",
        "203.0.113.0/24",
    )


def test_the_answer_to_asking_is_the_same_for_every_address(
    context: Context, public: TestClient
) -> None:
    api = Api(public, make_token(context, "signup"))
    suppress(context, "dora@example.org", "bounced")
    new = api.post("/subscribers", ASK)
    asked_before, known, refused = "cy@example.org", ANNA, "abuse@example.org"
    for address in (asked_before, known, refused, "dora@example.org"):
        answer = api.post("/subscribers", {**ASK, "email": address})
        assert (answer.status_code, answer.text) == (new.status_code, new.text)
        assert set(answer.headers) == set(new.headers)


def test_asking_without_the_words_they_agreed_to_is_refused(api: Api) -> None:
    answer = api.post("/subscribers", {"email": "cy@example.org", "course": "letters"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body.wording"


def test_asking_for_nothing_is_refused(api: Api) -> None:
    answer = api.post("/subscribers", {"email": "cy@example.org", "wording": "Hello."})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body.course"


def test_people_of_one_network_are_asked_only_so_often(context: Context, api: Api) -> None:
    most = context.settings.signup.per_network_per_hour
    codes = [
        api.post("/subscribers", {**ASK, "email": f"x{i}@example.org", "ip": f"203.0.113.{i}"})
        for i in range(most + 1)
    ]
    assert [one.status_code for one in codes] == [202] * most + [429]
    assert codes[-1].json()["code"] == "too-many-signups"
    assert codes[-1].headers["retry-after"] == "3600"
    elsewhere = {**ASK, "email": "y@example.org", "ip": "198.51.100.1"}
    assert api.post("/subscribers", elsewhere).status_code == 202


def test_somebody_taken_on_begins_at_once_with_evidence(
    context: Context, api: Api, beat: Beat
) -> None:
    more = {"name": "Cy", "time_zone": "Asia/Tokyo", "newsletters": ["notes"]}
    answer = api.post("/subscribers", {**ADMIT, **more})
    assert answer.status_code == 201
    found = answer.json()
    assert answer.headers["location"] == f"/api/v1/subscribers/{found['id']}"
    assert list(found) == FIELDS
    assert (found["status"], found["name"], found["time_zone"]) == ("confirmed", "Cy", "Asia/Tokyo")
    (run,) = api.all("/enrollments", subscriber_id=found["id"])
    (letter,) = api.all("/subscriptions", subscriber_id=found["id"])
    assert (run["course"], letter["newsletter"]) == ("letters", "notes")
    Pass(context).run()
    (mail,) = api.all("/deliveries", subscriber_id=found["id"])
    assert (mail["state"], mail["item"]) == ("accepted", "one")
    with context.store.read() as connection:
        evidence = consents.of_subscriber(connection, found["id"])
    assert {row["note"] for row in evidence} == {"Asked for it by phone."}
    assert {row["source"] for row in evidence} == {"api"}


def test_taking_on_a_second_time_changes_nothing(api: Api) -> None:
    first = api.post("/subscribers", ADMIT)
    again = api.post("/subscribers", {**ADMIT, "email": "CY@Example.org", "name": "Other"})
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(api.all("/enrollments", subscriber_id=first.json()["id"])) == 1


def test_taking_on_brings_nobody_back(context: Context, api: Api) -> None:
    for reason in ("bounced", "complained", "left"):
        suppress(context, f"{reason}@example.org", reason)
        answer = api.post("/subscribers", {**ADMIT, "email": f"{reason}@example.org"})
        assert (answer.status_code, answer.json()["code"]) == (409, "suppressed")
        assert reason in answer.json()["detail"]
        assert person(context, f"{reason}@example.org") is None


def test_what_cannot_be_done_whole_is_not_done_at_all(context: Context, api: Api) -> None:
    api.post("/subscriptions/1/leave")
    wish = {"email": ANNA, "newsletters": ["notes"], "course": "letters", "consent": "Asked."}
    with context.store.read() as connection:
        before = len(consents.of_subscriber(connection, 1))
    answer = api.post("/subscribers", wish)
    assert (answer.status_code, answer.json()["code"]) == (409, "left")
    with context.store.read() as connection:
        assert len(consents.of_subscriber(connection, 1)) == before


UNUSABLE: list[tuple[dict[str, Any], str]] = [
    ({"email": "nonsense"}, "body.email"),
    ({"email": ""}, "body.email"),
    ({"email": f"{'x' * 260}@example.org"}, "body.email"),
    ({"email": "a\nb@example.org"}, "body.email"),
    ({"email": None}, "body.email"),
    ({"course": "leters"}, "body.course"),
    ({"course": "../letters"}, "body.course"),
    ({"newsletters": ["nots"]}, "body.newsletters"),
    ({"newsletters": ["notes"] * 21}, "body.newsletters"),
    ({"time_zone": "Mars/Base"}, "body.time_zone"),
    ({"hour": "07:30"}, "body.hour"),
    ({"name": "a\x00b"}, "body.name"),
    ({"name": "x" * 81}, "body.name"),
    ({"consent": ""}, "body.consent"),
    ({"consent": "  \n"}, "body.consent"),
    ({"consent": "x" * 4001}, "body.consent"),
    ({"language": "e n"}, "body.language"),
    ({"emial": "cy@example.org"}, "body.emial"),
    ({"status": "confirmed"}, "body.status"),
]


def test_a_field_that_cannot_be_used_is_named_and_nothing_is_done(
    context: Context, api: Api
) -> None:
    for change, field in UNUSABLE:
        answer = api.post("/subscribers", {**ADMIT, **change})
        assert answer.status_code == 422
        assert {one["field"] for one in answer.json()["errors"]} == {field}
        assert answer.json()["errors"][0]["message"]
    assert person(context) is None


def test_a_near_name_is_offered(api: Api) -> None:
    assert "letters" in api.post("/subscribers", {**ADMIT, "course": "leters"}).json()["detail"]


def test_a_change_is_kept_against_the_csv(context: Context, api: Api, beat: Beat) -> None:
    beat.woken = 0
    answer = api.patch("/subscribers/1", {"name": "Anne", "time_zone": "Asia/Tokyo"})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["time_zone"]) == ("Anne", "Asia/Tokyo")
    assert person(context, ANNA)["own_choice"] == ["name", "time_zone"]
    assert beat.woken == 1


def test_what_a_change_leaves_out_stays(api: Api) -> None:
    before = api.get("/subscribers/1").json()
    assert api.patch("/subscribers/1", {}).json() == before
    assert api.patch("/subscribers/1", {"hour": "06:00"}).json() == {**before, "hour": "06:00"}


def test_a_change_touches_nothing_else(api: Api) -> None:
    before = api.get("/subscribers/1").json()
    for change in ({"email": "x@example.org"}, {"status": "erased"}, {"hour": "6"}, {"id": 3}):
        assert api.patch("/subscribers/1", change).status_code == 422
    assert api.get("/subscribers/1").json() == before


def test_leaving_ends_everything_and_twice_is_fine(context: Context, api: Api) -> None:
    first, again = api.post("/subscribers/1/leave"), api.post("/subscribers/1/leave")
    assert first.json() == again.json()
    assert first.json()["suppressed"] == "left"
    runs = [*api.all("/enrollments", subscriber_id=1), *api.all("/subscriptions", subscriber_id=1)]
    assert {run["status"] for run in runs} == {"left"}
    with context.store.read() as connection:
        evidence = consents.of_subscriber(connection, 1)
    assert {row["withdrawn_by"] for row in evidence} == {"api"}


def test_a_number_that_can_be_nobodys_is_refused(api: Api) -> None:
    for number in ("0", "-1", "x", "1.5", str(2**63), "9" * 400):
        for answer in (
            api.get(f"/subscribers/{number}"),
            api.patch(f"/subscribers/{number}", {}),
            api.post(f"/subscribers/{number}/leave"),
        ):
            assert answer.status_code == 422


def test_nobody_is_not_found(api: Api) -> None:
    for number in (99, 2**63 - 1):
        for answer in (
            api.get(f"/subscribers/{number}"),
            api.patch(f"/subscribers/{number}", {"name": "X"}),
            api.post(f"/subscribers/{number}/leave"),
        ):
            assert answer.status_code == 404


def test_an_erased_person_is_shown_empty_and_not_listed(context: Context, api: Api) -> None:
    with context.store.write() as connection:
        signups.blank(connection, [2], context.clock.now())
    found = api.get("/subscribers/2").json()
    assert (found["email"], found["name"], found["status"]) == (None, "", "erased")
    assert [one["id"] for one in api.all("/subscribers")] == [1]
    assert [one["id"] for one in api.all("/subscribers", status="erased")] == [2]
    assert api.patch("/subscribers/2", {"name": "Bo"}).status_code == 404
    assert api.post("/subscribers/2/leave").status_code == 200


@pytest.mark.sqlite
def test_erasing_leaves_nothing_of_a_person_and_twice_is_fine(context: Context, api: Api) -> None:
    body = {"email": "di@example.org", "name": "Diotima", "consent": "Asked.", "course": "letters"}
    number = api.post("/subscribers", body, key="k").json()["id"]
    Pass(context).run()
    for _ in range(2):
        answer = api.request("DELETE", f"/subscribers/{number}")
        assert (answer.status_code, answer.content) == (204, b"")
    assert api.get(f"/subscribers/{number}").json()["status"] == "erased"
    for file in context.store.path.parent.iterdir():
        if file.is_file():
            content = file.read_bytes()
            assert b"Diotima" not in content
            assert b"di@example.org" not in content
    assert api.post("/subscribers", body, key="k").status_code == 409
    assert api.request("DELETE", "/subscribers/99").status_code == 404


def test_somebody_is_found_by_their_address(api: Api) -> None:
    assert [one["id"] for one in api.all("/subscribers", email=" ANNA@example.org")] == [1]
    assert api.all("/subscribers", email="nobody@example.org") == []
    assert api.all("/subscribers", email="' OR 1=1 --") == []
    assert api.all("/subscribers", email="") == []


def test_what_is_hostile_comes_back_as_json_and_nothing_else(api: Api) -> None:
    hostile = '<script>alert("1")</script>\u2066\u00e9 {{ 7*7 }}'
    answer = api.patch("/subscribers/1", {"name": hostile})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert json.loads(answer.text)["name"] == hostile
