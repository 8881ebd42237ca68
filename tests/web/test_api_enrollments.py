"""Enrollments and subscriptions through the API."""

from __future__ import annotations

from datetime import timedelta

from bypost.delivery.context import Context
from bypost.delivery.holds import Scope
from bypost.delivery.pause import Target, pause
from bypost.delivery.run import Pass
from bypost.store import consents, enrollments, suppressions
from scheduler.clock import SimulatedClock
from tests.web.api_client import Api
from tests.web.conftest import Beat

RUN = [
    *("id", "subscriber_id", "course", "run", "status", "started_at", "next_due", "paused_until"),
    *("pace", "asked_next_at", "finished_at", "left_at", "begins_with"),
]
LETTER = ["id", "subscriber_id", "newsletter", "status", "started_at", "left_at"]


def taken_on(api: Api) -> int:
    """Take somebody on who is on nothing; return their number."""
    body = {"email": "cy@example.org", "consent": "Asked for it by phone."}
    number = api.post("/subscribers", body).json()["id"]
    assert isinstance(number, int)
    return number


def test_both_have_the_documented_fields(api: Api) -> None:
    assert list(api.get("/enrollments/1").json()) == RUN
    assert list(api.get("/subscriptions/1").json()) == LETTER


def test_a_course_begins_for_whoever_agreed_and_once(context: Context, api: Api) -> None:
    wish = {"subscriber_id": taken_on(api), "course": "letters", "consent": "By letter, May 2026."}
    answer = api.post("/enrollments", wish)
    assert answer.status_code == 201
    run = answer.json()
    assert answer.headers["location"] == f"/api/v1/enrollments/{run['id']}"
    assert (run["status"], run["run"]) == ("active", 1)
    again = api.post("/enrollments", wish)
    assert (again.status_code, again.json()) == (200, run)
    Pass(context).run()
    assert [one["item"] for one in api.all("/deliveries", subscriber_id=run["subscriber_id"])] == [
        "one"
    ]
    with context.store.read() as connection:
        (evidence,) = consents.of_subscriber(connection, run["subscriber_id"])
    assert (evidence["purpose"], evidence["note"]) == ("course:letters", "By letter, May 2026.")


def test_a_course_may_begin_at_a_later_lesson(context: Context, api: Api) -> None:
    wish = {"subscriber_id": taken_on(api), "course": "letters", "consent": "By letter."}
    wrong = api.post("/enrollments", {**wish, "from_lesson": "tow"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown-lesson")
    assert "two" in wrong.json()["errors"][0]["message"]
    run = api.post("/enrollments", {**wish, "from_lesson": "two"}).json()
    assert run["begins_with"] == "two"
    again = api.post("/enrollments", {**wish, "from_lesson": "three"})
    assert (again.status_code, again.json()) == (200, run), "nobody is moved"


def test_the_next_lesson_cannot_be_asked_for_while_it_is_held(context: Context, api: Api) -> None:
    target = Target(scope=Scope.COURSE, name="letters")
    pause(context, target, until=None, reason="")
    assert api.post("/enrollments/1/next").json() == {"answer": "paused"}


def test_a_newsletter_begins_for_whoever_agreed_and_once(api: Api) -> None:
    wish = {"subscriber_id": taken_on(api), "newsletter": "notes", "consent": "By letter."}
    answer = api.post("/subscriptions", wish)
    assert answer.status_code == 201
    letter = answer.json()
    assert answer.headers["location"] == f"/api/v1/subscriptions/{letter['id']}"
    again = api.post("/subscriptions", wish)
    assert (again.status_code, again.json()) == (200, letter)


def test_nothing_begins_for_nobody_nor_without_consent(api: Api) -> None:
    for path, name, folder in (
        ("/enrollments", "course", "letters"),
        ("/subscriptions", "newsletter", "notes"),
    ):
        wish = {"subscriber_id": 1, name: folder, "consent": "Asked."}
        assert api.post(path, {**wish, "subscriber_id": 99}).status_code == 404
        assert api.post(path, {**wish, name: "nothing"}).json()["code"] == f"unknown-{name}"
        without = {key: value for key, value in wish.items() if key != "consent"}
        for body in (without, {**wish, "consent": " "}, {**wish, "subscriber_id": 0}, None, []):
            assert api.post(path, body).status_code == 422


def test_whoever_left_is_not_brought_back(api: Api) -> None:
    assert api.post("/enrollments/1/leave").json()["status"] == "left"
    assert api.post("/subscriptions/1/leave").json()["status"] == "left"
    run = {"subscriber_id": 1, "course": "letters", "consent": "Asked."}
    letter = {"subscriber_id": 1, "newsletter": "notes", "consent": "Asked."}
    for path, wish in (("/enrollments", run), ("/subscriptions", letter)):
        answer = api.post(path, wish)
        assert (answer.status_code, answer.json()["code"]) == (409, "left")


def test_nothing_begins_for_an_address_that_bounced(context: Context, api: Api) -> None:
    number = taken_on(api)
    with context.store.write() as connection:
        hashed = context.address_hash("cy@example.org")
        suppressions.add(connection, hashed, reason="bounced", now=context.clock.now())
    wish = {"subscriber_id": number, "course": "letters", "consent": "Asked."}
    answer = api.post("/enrollments", wish)
    assert (answer.status_code, answer.json()["code"]) == (409, "suppressed")


def test_a_pause_holds_and_resuming_ends_it(
    api: Api, clock: SimulatedClock, context: Context, beat: Beat
) -> None:
    paused = api.post("/enrollments/1/pause", {"weeks": 2}).json()
    assert paused["paused_until"] == "2026-12-07T09:30:00Z"
    clock.advance(timedelta(days=3))
    Pass(context).run()
    assert len(api.all("/deliveries", subscriber_id=1)) == 1
    beat.woken = 0
    assert api.post("/enrollments/1/resume").json()["paused_until"] is None
    assert beat.woken == 1
    Pass(context).run()
    assert len(api.all("/deliveries", subscriber_id=1)) == 2


def test_a_pause_may_end_on_a_day_of_the_persons_own(api: Api) -> None:
    paused = api.post("/enrollments/1/pause", {"until": "2026-12-24"}).json()
    assert paused["paused_until"] == "2026-12-23T23:00:00Z"  # midnight in Berlin
    paused = api.post("/enrollments/2/pause", {"until": "2026-12-24"}).json()
    assert paused["paused_until"] == "2026-12-23T15:00:00Z"  # and in Tokyo


def test_a_day_that_is_over_or_far_away_ends_no_pause(api: Api) -> None:
    for day in ("2026-11-23", "2027-12-24", "0001-01-01", "9999-12-31", "2026-02-30", "soon"):
        answer = api.post("/enrollments/2/pause", {"until": day})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "body.until"
    assert api.get("/enrollments/2").json()["paused_until"] is None


def test_a_pause_is_as_long_as_the_page_offers(api: Api) -> None:
    both = {"weeks": 1, "until": "2026-12-24"}
    assert api.post("/enrollments/1/pause", both).status_code == 422
    for body in ({"weeks": 3}, {"weeks": "2"}, {"weeks": 2.5}, {}, None, {"weeks": 1, "days": 1}):
        assert api.post("/enrollments/1/pause", body).status_code == 422


def test_the_next_lesson_comes_when_asked_for_and_one_at_most(context: Context, api: Api) -> None:
    answers = [api.post("/enrollments/1/next").json()["answer"] for _ in range(3)]
    assert answers == ["asked"] * 3
    Pass(context).run()
    Pass(context).run()
    assert [one["item"] for one in api.all("/deliveries", subscriber_id=1)] == ["one", "two"]
    assert api.post("/enrollments/1/next").json()["answer"] == "enough"


def test_what_has_ended_cannot_be_paused_resumed_or_asked_for(context: Context, api: Api) -> None:
    with context.store.write() as connection:
        enrollments.finish(connection, [2], context.clock.now())
    api.post("/enrollments/1/leave")
    for number in (1, 2):
        for verb, body in (("pause", {"weeks": 1}), ("resume", None)):
            answer = api.post(f"/enrollments/{number}/{verb}", body)
            assert (answer.status_code, answer.json()["code"]) == (409, "ended")
        assert api.post(f"/enrollments/{number}/next").json() == {"answer": "ended"}


def test_leaving_is_at_once_and_twice_is_fine(context: Context, api: Api) -> None:
    for path in ("/enrollments/1", "/subscriptions/1"):
        first, again = api.post(f"{path}/leave"), api.post(f"{path}/leave")
        assert (first.status_code, again.json()) == (200, first.json())
        assert first.json()["left_at"] == "2026-11-23T09:30:00Z"
    with context.store.read() as connection:
        evidence = consents.of_subscriber(connection, 1)
    assert [row["withdrawn_by"] for row in evidence] == ["api", "api"]


def test_what_is_not_there_is_not_found(api: Api) -> None:
    assert api.get("/enrollments/99").status_code == 404
    assert api.get("/subscriptions/99").status_code == 404
    assert api.post("/subscriptions/99/leave").status_code == 404
    for verb in ("resume", "next", "leave"):
        assert api.post(f"/enrollments/99/{verb}").status_code == 404
    assert api.post("/enrollments/99/pause", {"weeks": 1}).status_code == 404
