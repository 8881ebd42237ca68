"""Taking a leave back: by the page that one click leads to, for a week, and no lesson is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.delivery.owe import owe_lessons
from bypost.delivery.publish import Publisher
from bypost.delivery.run import Pass
from bypost.links import new_link_id
from bypost.store import consents, counts, subscribers, suppressions
from scheduler.clock import SimulatedClock
from tests import kept
from tests.web.conftest import ANNA, Beat

Person = Callable[..., Any]


def lessons(context: Context, person: Person) -> list[str]:
    """What Anna was sent of her course."""
    with context.store.read() as connection:
        rows = counts.of_subscriber(connection, person()["id"])
    return [row["item"] for row in rows if row["kind"] == "lesson" and not row["state"]]


def test_one_click_offers_undo_pausing_slowing_and_everything_else(
    public: TestClient, course_token: str
) -> None:
    page = public.post(f"/u/{course_token}", data={"List-Unsubscribe": "One-Click"}).text
    for how in ("undo", "pause", "slower"):
        assert f'name="how" value="{how}"' in page
    assert f'action="/u/{course_token}/everything"' in page
    assert 'value="undo"' in public.get(f"/u/{course_token}").text


def test_undo_goes_on_where_it_stopped(
    public: TestClient,
    context: Context,
    clock: SimulatedClock,
    person: Person,
    course_token: str,
    beat: Beat,
) -> None:
    public.post(f"/u/{course_token}")
    clock.advance(timedelta(days=2))
    Pass(context).run()
    answer = public.post(f"/u/{course_token}/back", data={"how": "undo"})
    assert answer.headers["location"] == f"/p/{course_token}?said=back"
    assert "You are back." in public.get(answer.headers["location"]).text
    assert beat.woken == 1
    assert (person()["run"]["status"], person()["run"]["left_at"]) == ("active", None)
    for _ in range(3):
        clock.advance(timedelta(days=1))
        Pass(context).run()
    assert lessons(context, person) == ["one", "two", "three"]


def test_undo_twice_changes_nothing_more(
    public: TestClient, context: Context, course_token: str
) -> None:
    public.post(f"/u/{course_token}")
    public.post(f"/u/{course_token}/back")
    before = kept.everything(context.store)
    answer = public.post(f"/u/{course_token}/back")
    assert answer.headers["location"] == f"/p/{course_token}?said=back"
    assert kept.everything(context.store) == before


def test_pause_instead_stays_on_the_course_and_pauses(
    public: TestClient, person: Person, course_token: str, clock: SimulatedClock
) -> None:
    public.post(f"/u/{course_token}")
    answer = public.post(f"/u/{course_token}/back", data={"how": "pause"})
    assert answer.headers["location"] == f"/p/{course_token}?said=pause"
    assert person()["run"]["paused_until"] == clock.now() + timedelta(weeks=2)


def test_slower_instead_stays_on_the_course_at_a_lesson_a_week(
    public: TestClient, person: Person, course_token: str
) -> None:
    public.post(f"/u/{course_token}")
    public.post(f"/u/{course_token}/back", data={"how": "slower"})
    assert (person()["run"]["status"], person()["run"]["pace"]) == ("active", "7 days")


def test_a_newsletter_is_taken_back_alone(
    public: TestClient, person: Person, course_token: str, letter_token: str, clock: SimulatedClock
) -> None:
    public.post(f"/u/{course_token}")
    clock.advance(timedelta(minutes=1))
    public.post(f"/u/{letter_token}")
    answer = public.post(f"/u/{letter_token}/back")
    assert "You are back." in public.get(answer.headers["location"]).text
    assert person()["letter"]["status"] == "active"
    assert person()["run"]["status"] == "left"


def test_leaving_everything_is_taken_back_as_a_whole(
    public: TestClient, context: Context, person: Person, course_token: str
) -> None:
    page = public.post(f"/u/{course_token}/everything").text
    assert 'name="how" value="everything"' in page
    public.post(f"/u/{course_token}/back", data={"how": "everything"})
    assert person()["run"]["status"] == person()["letter"]["status"] == "active"
    with context.store.read() as connection:
        assert suppressions.find(connection, [context.address_hash(ANNA)]) == {}


def test_what_was_left_before_everything_stays_left(
    public: TestClient, person: Person, course_token: str, letter_token: str, clock: SimulatedClock
) -> None:
    public.post(f"/u/{letter_token}")
    clock.advance(timedelta(days=1))
    public.post(f"/u/{course_token}/everything")
    public.post(f"/u/{course_token}/back", data={"how": "everything"})
    assert (person()["run"]["status"], person()["letter"]["status"]) == ("active", "left")


def test_a_bounce_is_never_taken_back(
    public: TestClient, context: Context, course_token: str, clock: SimulatedClock
) -> None:
    address = context.address_hash(ANNA)
    with context.store.write() as connection:
        suppressions.add(connection, address, reason="bounced", now=clock.now())
    public.post(f"/u/{course_token}/everything")
    public.post(f"/u/{course_token}/back", data={"how": "everything"})
    with context.store.read() as connection:
        assert suppressions.find(connection, [address]) == {address: "bounced"}


@pytest.mark.parametrize("how", ["undo", "pause", "slower", "everything"])
def test_after_a_week_it_takes_the_form(
    public: TestClient, person: Person, course_token: str, clock: SimulatedClock, how: str
) -> None:
    public.post(f"/u/{course_token}/everything")
    clock.advance(timedelta(days=7))
    page = public.get(f"/u/{course_token}").text
    assert "/back" not in page
    answer = public.post(f"/u/{course_token}/back", data={"how": how})
    assert answer.status_code == 409
    assert "ended more than 7 days ago" in answer.text
    assert person()["run"]["status"] == "left"


def test_a_lesson_that_was_owed_when_somebody_left_is_not_lost(
    public: TestClient,
    context: Context,
    clock: SimulatedClock,
    person: Person,
    course_token: str,
) -> None:
    clock.advance(timedelta(days=1))
    owe_lessons(context, Publisher(context).take_over(patient=False).shapes)
    public.post(f"/u/{course_token}")
    Pass(context).run()  # cancels what was owed to her
    assert lessons(context, person) == ["one"]
    before = _totals(context)
    public.post(f"/u/{course_token}/back")
    Pass(context).run()
    assert lessons(context, person) == ["one", "two"]
    assert before["cancelled"] == 1
    after = _totals(context)
    assert after["cancelled"] == 0
    assert after["owed"] == after["accepted"]


def _totals(context: Context) -> dict[str, int]:
    with context.store.read() as connection:
        total = counts.count(connection)
    return {"owed": total.owed, "accepted": total.accepted, "cancelled": total.cancelled}


def test_each_step_is_on_record(public: TestClient, context: Context, course_token: str) -> None:
    public.post(f"/u/{course_token}", data={"List-Unsubscribe": "One-Click"})
    public.post(f"/u/{course_token}/back")
    with context.store.read() as connection:
        anna = subscribers.by_keys(connection, [ANNA])[ANNA]
        rows = consents.of_subscriber(connection, anna["id"])
    course = [row for row in rows if row["purpose"] == "course:letters"]
    assert [(row["source"], row["withdrawn_by"]) for row in course][-2:] == [
        (course[0]["source"], "one-click"),
        ("page", ""),
    ]


def test_forged_and_empty_links_take_nothing_back(public: TestClient, context: Context) -> None:
    assert public.post("/u/x/back").status_code == 404
    token = context.links.token(new_link_id())
    assert public.post(f"/u/{token}/back").status_code == 200
