"""One subscriber at the desk: what is shown, and what each button does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bypost.delivery.context import Context
from bypost.store import audit, consents, enrollments, holds, subscribers, suppressions
from tests.web.conftest import ANNA
from tests.web.desk.conftest import HOSTILE, Signed


@pytest.fixture
def anna(context: Context) -> Callable[[], Any]:
    """Return Anna's row as it is now."""

    def look() -> Any:
        with context.store.read() as connection:
            return subscribers.by_keys(connection, [ANNA]).get(ANNA)

    return look


@pytest.fixture
def run(context: Context, anna: Callable[[], Any]) -> Callable[[], Any]:
    """Return Anna's run as it is now."""
    who = anna()["id"]

    def look() -> Any:
        with context.store.read() as connection:
            return enrollments.of_subscribers(connection, [who])[-1]

    return look


def noted(context: Context) -> list[str]:
    with context.store.read() as connection:
        return [row["action"] for row in audit.newest(connection, limit=50)]


def test_the_page_shows_consent_next_mail_with_its_reason_and_what_happened(
    viewer: Signed, anna: Callable[[], Any]
) -> None:
    html = viewer.get(f"/subscribers/{anna()['id']}").text
    for words in (ANNA, "Agreed to course letters, by csv", "Next: <b>", "so it goes out", "Why"):
        assert words in html, words
    assert "was accepted by outbox" in html
    assert "<button" not in html.partition("<main")[2].partition("</main")[0], "who only looks"


@pytest.mark.parametrize("number", ["x", "0", "999", "9" * 40, "-1", "%00"])
def test_whoever_is_not_there_is_not_found(operator: Signed, number: str) -> None:
    assert operator.get(f"/subscribers/{number}").status_code == 404
    assert operator.get(f"/subscribers/{number}/about.json").status_code == 404
    for action in ("hold", "erase", "pause", "tags", "nonsense"):
        assert operator.post(f"/subscribers/{number}/{action}", {"run": "1"}).status_code == 404


def test_an_action_that_is_not_there_is_not_found(
    operator: Signed, anna: Callable[[], Any]
) -> None:
    for action in ("nonsense", "letter", "restart", "fresh", "__class__"):
        assert operator.post(f"/subscribers/{anna()['id']}/{action}").status_code == 404


def test_every_button_is_written_into_the_log_and_shown_in_what_happened(
    operator: Signed, context: Context, anna: Callable[[], Any], run: Callable[[], Any]
) -> None:
    here, mine = f"/subscribers/{anna()['id']}", {"run": str(run()["id"])}
    presses: list[tuple[str, dict[str, str], str]] = [
        ("pause", {**mine, "weeks": "2"}, "paused for them"),
        ("resume", mine, "goes on for them"),
        ("pace", {**mine, "rhythm": "7 days"}, "rhythm is set"),
        ("skip", {**mine, "after": "one"}, "left out"),
        ("resend", {**mine, "lesson": "one", "seen": "0"}, "once more"),
        ("clock", {"hour": "07:00", "time_zone": "Asia/Tokyo"}, "hour and time zone"),
        ("name", {"name": "Anna A."}, "name is set"),
        ("tags", {"tags": "b; a;b"}, "tags are set"),
        ("attribute", {"name": "City", "text": "Bonn"}, "city is set"),
        ("hold", {"reason": "asked by phone"}, "let it go on"),
        ("release", {}, "Everything goes on"),
        ("suppress", {"reason": "typo"}, "Nothing is sent"),
        ("lift", {}, "not suppressed by hand"),
        ("leave", {"what": "course:letters"}, "have left the course"),
    ]
    for action, data, said in presses:
        assert said in operator.after(f"{here}/{action}", data).text, action
    wanted = [f"subscriber.{action}" for action, _, _ in reversed(presses)]
    assert noted(context) == wanted
    person = anna()
    assert (person["name"], person["hour"], person["time_zone"]) == (
        "Anna A.",
        "07:00",
        "Asia/Tokyo",
    )
    assert person["tags"] == ["b", "a"]
    assert person["attributes"]["city"] == "Bonn"
    assert run()["status"] == "left"
    html = operator.get(here).text
    assert "olga by desk: subscriber.hold" in html
    assert "asked by phone" in html


def test_the_next_lesson_is_asked_for_once_however_often_it_is_pressed(
    operator: Signed, anna: Callable[[], Any], run: Callable[[], Any]
) -> None:
    here, data = f"/subscribers/{anna()['id']}/next", {"run": str(run()["id"]), "after": "one"}
    assert "leaves with the next pass" in operator.after(here, data).text
    assert "leaves with the next pass" in operator.after(here, data).text
    assert run()["asked_next_at"] is not None


def test_another_persons_course_cannot_be_meant(
    operator: Signed, context: Context, anna: Callable[[], Any], run: Callable[[], Any]
) -> None:
    with context.store.write() as connection:
        number = subscribers.next_id(connection)
        other = {**anna(), "id": number, "email_key": "o@x.org", "email": "o@x.org"}
        subscribers.add_all(connection, [other])
    answer = operator.post(f"/subscribers/{number}/pause", {"run": str(run()["id"]), "weeks": "1"})
    assert answer.status_code == 409
    assert run()["paused_until"] is None


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("pause", {"weeks": "3"}),
        ("pause", {"weeks": "x"}),
        ("pause", {"until": "2020-01-01"}),
        ("pace", {"rhythm": "1 minute"}),
        ("tags", {"tags": "x" * 100}),
        ("attribute", {"name": "email", "text": "x"}),
        ("attribute", {"name": " ", "text": "x"}),
        ("clock", {"hour": "25:00", "time_zone": ""}),
        ("clock", {"hour": "", "time_zone": "../../etc/passwd"}),
        ("leave", {"what": "course:other"}),
        ("leave-everything", {"typed": "yes"}),
        ("lift", {}),
    ],
)
def test_what_our_page_does_not_offer_changes_nothing(
    operator: Signed,
    context: Context,
    anna: Callable[[], Any],
    run: Callable[[], Any],
    action: str,
    data: dict[str, str],
) -> None:
    before = dict(anna()), dict(run())
    data = {"run": str(run()["id"]), **data}
    answer = operator.post(f"/subscribers/{anna()['id']}/{action}", data)
    assert answer.status_code == 409, answer.text
    assert (dict(anna()), dict(run())) == before
    assert noted(context) == []


def test_leaving_everything_and_suppressing_are_remembered_by_the_address(
    operator: Signed, context: Context, anna: Callable[[], Any]
) -> None:
    here = f"/subscribers/{anna()['id']}"
    operator.post(f"{here}/leave-everything", {"typed": "leave"})
    operator.post(f"{here}/suppress")
    assert operator.post(f"{here}/lift").status_code == 303
    with context.store.read() as connection:
        stays = suppressions.of_address(connection, context.address_hash(ANNA))
        agreed = consents.of_subscriber(connection, anna()["id"])
    assert [row["reason"] for row in stays] == ["left"], "who left comes back themselves"
    assert {row["withdrawn_by"] for row in agreed} == {"desk"}


def test_erasing_needs_the_address_typed(
    operator: Signed, context: Context, anna: Callable[[], Any]
) -> None:
    number = anna()["id"]
    assert operator.post(f"/subscribers/{number}/erase", {"typed": "erase"}).status_code == 409
    assert anna() is not None
    assert "Erased." in operator.after(f"/subscribers/{number}/erase", {"typed": ANNA}).text
    assert anna() is None
    html = operator.get(f"/subscribers/{number}").text
    assert ANNA not in html
    assert operator.post(f"/subscribers/{number}/hold").status_code == 404


def test_the_file_about_somebody_is_written_into_the_log(
    viewer: Signed, context: Context, anna: Callable[[], Any]
) -> None:
    answer = viewer.get(f"/subscribers/{anna()['id']}/about.json")
    assert answer.json()["person"]["email"] == ANNA
    assert noted(context) == ["subscriber.export"]


def test_a_paused_person_keeps_their_place(
    operator: Signed, context: Context, anna: Callable[[], Any]
) -> None:
    operator.post(f"/subscribers/{anna()['id']}/hold", {"reason": "holiday"})
    with context.store.read() as connection:
        (hold,) = holds.of_people(connection, [anna()["id"]])
    assert (hold["reason"], hold["ended_at"]) == ("holiday", None)
    assert "Paused by an operator" in operator.get(f"/subscribers/{anna()['id']}").text


@pytest.mark.parametrize("words", HOSTILE)
def test_stored_script_is_shown_as_text(
    operator: Signed, context: Context, anna: Callable[[], Any], words: str
) -> None:
    with context.store.write() as connection:
        told = {"name": words, "tags": [words], "attributes": {words: words}}
        subscribers.change(connection, anna()["id"], told)
    operator.post(f"/subscribers/{anna()['id']}/hold", {"reason": words})
    html = operator.get(f"/subscribers/{anna()['id']}").text
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    if "{{" in words:
        assert words in html
