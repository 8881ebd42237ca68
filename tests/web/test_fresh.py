"""Behind a link mailed a moment ago: another address, everything as JSON, erasing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.store import address_changes, subscribers, suppressions
from scheduler.clock import SimulatedClock
from tests.web.conftest import ANNA, body, mails

Person = Callable[..., dict[str, Any]]
Ask = Callable[[str], str]
NEW = "anna.new@example.org"


def mails_to(context: Context, address: str) -> list[EmailMessage]:
    return [mail for mail in mails(context.root) if address in str(mail["To"])]


def path_in(mail: EmailMessage, kind: str) -> str:
    """Return the path of a mail's link."""
    found = re.search(rf"https?://[^/\s]+(/{kind}/\S+)", body(mail))
    assert found, body(mail)
    return found[1]


@pytest.fixture
def ask(public: TestClient, context: Context, course_token: str) -> Ask:
    """Ask for a fresh link on the page, and return its path out of the mail."""

    def asking(purpose: str) -> str:
        form = {"do": "fresh", "purpose": purpose}
        assert public.post(f"/p/{course_token}", data=form).status_code == 303
        Pass(context).run()
        return path_in(mails_to(context, ANNA)[-1], "f")

    return asking


@pytest.fixture
def moving(public: TestClient, context: Context, ask: Ask) -> str:
    """Ask for another address, and return the path in the mail to it."""
    assert public.post(ask("address"), data={"email": NEW}).status_code == 303
    Pass(context).run()
    return path_in(mails_to(context, NEW)[-1], "a")


# Fresh links


@pytest.mark.parametrize("purpose", ["address", "export", "erase"])
def test_looking_at_a_fresh_link_changes_nothing(
    public: TestClient, person: Person, ask: Ask, purpose: str
) -> None:
    path, before = ask(purpose), person()
    for _ in range(3):
        assert public.get(path).status_code == 200
        assert public.head(path).status_code == 200
    assert person() == before


@pytest.mark.parametrize("purpose", ["address", "export", "erase"])
def test_a_fresh_link_works_for_half_an_hour(
    public: TestClient, person: Person, clock: SimulatedClock, ask: Ask, purpose: str
) -> None:
    path, before = ask(purpose), person()
    clock.advance(timedelta(minutes=31))
    assert public.get(path).status_code == 410
    assert public.post(path, data={"email": NEW}).status_code == 410
    assert person() == before


def test_the_link_of_a_lesson_opens_none_of_it(public: TestClient, course_token: str) -> None:
    for kind in ("f", "a"):
        assert public.get(f"/{kind}/{course_token}").status_code == 410
        assert public.post(f"/{kind}/{course_token}", data={"email": NEW}).status_code == 410


def test_a_link_for_one_thing_does_not_do_another(
    public: TestClient, person: Person, ask: Ask
) -> None:
    public.post(ask("export"), data={"email": NEW, "do": "erase"})
    assert (person()["status"], person()["email"]) == ("confirmed", ANNA)


def test_five_fresh_links_are_enough_for_a_day(
    public: TestClient, context: Context, clock: SimulatedClock, course_token: str
) -> None:
    said = []
    for _ in range(6):
        clock.advance(timedelta(minutes=2))
        form = {"do": "fresh", "purpose": "export"}
        said.append(public.post(f"/p/{course_token}", data=form).headers["location"])
        Pass(context).run()
    assert [one.rpartition("=")[2] for one in said] == ["fresh"] * 5 + ["enough-links"]


def test_the_link_of_a_newsletter_leads_to_the_same_three_things(
    public: TestClient, context: Context, letter_token: str
) -> None:
    public.post(f"/p/{letter_token}", data={"do": "fresh", "purpose": "erase"})
    Pass(context).run()
    assert public.get(path_in(mails_to(context, ANNA)[-1], "f")).status_code == 200


def test_a_newsletters_link_changes_nothing_of_a_course(
    public: TestClient, letter_token: str
) -> None:
    assert public.post(f"/p/{letter_token}", data={"do": "restart"}).status_code == 400


# Everything as JSON


def test_the_file_holds_everything_and_no_secret_of_a_link(
    public: TestClient, ask: Ask, course_token: str
) -> None:
    answer = public.post(ask("export"))
    assert answer.headers["content-disposition"] == 'attachment; filename="about-me.json"'
    told = answer.json()
    assert told["person"]["email"] == ANNA
    assert [run["course"] for run in told["courses"]] == ["letters"]
    assert [row["newsletter"] for row in told["newsletters"]] == ["notes"]
    assert {mail["item"] for mail in told["mails"]} == {"one", "notice"}
    assert {row["purpose"] for row in told["consents"]} == {"course:letters", "newsletter:notes"}
    assert course_token not in answer.text
    assert "link_id" not in answer.text
    assert "bo@example.org" not in answer.text


# Another address


def test_nothing_changes_before_the_new_address_confirms(
    public: TestClient, context: Context, person: Person, moving: str
) -> None:
    for _ in range(3):
        assert "Should your mails go to this address?" in public.get(moving).text
    assert person()["email"] == ANNA
    mail = mails_to(context, NEW)[-1]
    assert "Anna" not in body(mail), "nothing of the person goes to an address nobody confirmed"
    assert ANNA not in body(mail)


def test_the_new_address_confirms_and_the_old_one_is_told(
    public: TestClient, context: Context, person: Person, clock: SimulatedClock, moving: str
) -> None:
    for _ in range(2):
        assert public.post(moving).headers["location"] == moving
    assert "Your address is changed" in public.get(moving).text
    assert person(NEW)["email"] == NEW
    clock.advance(timedelta(days=1))
    Pass(context).run()
    told = mails_to(context, ANNA)[-1]
    assert "Your mails go to another address from now on" in body(told)
    assert NEW not in body(told)
    assert str(mails_to(context, NEW)[-1]["Subject"]) == "The subject of two"


def test_a_list_that_still_has_the_old_address_puts_nobody_on_anything(
    public: TestClient, context: Context, moving: str
) -> None:
    public.post(moving)
    csv = context.root / "subscribers.csv"
    csv.write_text(csv.read_text() + "cy@example.org,Cy,,letters,\n")
    Pass(context).run()
    with context.store.read() as connection:
        assert set(subscribers.by_keys(connection, [ANNA, NEW])) == {NEW}


def test_the_confirmation_works_for_a_day(
    public: TestClient, person: Person, clock: SimulatedClock, moving: str
) -> None:
    clock.advance(timedelta(days=1, minutes=1))
    assert public.get(moving).status_code == 410
    public.post(moving)
    assert person()["email"] == ANNA


def test_an_address_with_an_entry_of_its_own_is_not_taken_over(
    public: TestClient, context: Context, person: Person, ask: Ask
) -> None:
    public.post(ask("address"), data={"email": "bo@example.org"})
    Pass(context).run()
    answer = public.post(path_in(mails_to(context, "bo@example.org")[-1], "a"))
    assert answer.status_code == 409
    assert person()["email"] == ANNA
    assert person("bo@example.org")["email"] == "bo@example.org"


def test_the_page_answers_alike_for_an_address_that_must_not_be_mailed(
    public: TestClient, context: Context, clock: SimulatedClock, ask: Ask
) -> None:
    path = ask("address")
    with context.store.write() as connection:
        hashed = context.address_hash("dead@example.org")
        suppressions.add(connection, hashed, reason="bounced", now=clock.now())
    answers = [public.post(path, data={"email": f"{who}@example.org"}) for who in ("dead", "new")]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    Pass(context).run()
    assert mails_to(context, "dead@") == []


@pytest.mark.parametrize("typed", ["", "anna", "a@b@c", "<script>@example.org", "x" * 5000])
def test_an_address_that_is_none_is_shown_again_with_a_word(
    public: TestClient, ask: Ask, typed: str
) -> None:
    answer = public.post(ask("address"), data={"email": typed})
    assert answer.status_code == 400
    assert "Write a complete address" in answer.text
    assert "<script>@" not in answer.text


def test_the_last_wish_is_the_one_that_counts(
    public: TestClient, context: Context, person: Person, ask: Ask, moving: str
) -> None:
    public.post(ask("address"), data={"email": "third@example.org"})
    Pass(context).run()
    assert public.post(moving).status_code == 410
    assert person()["email"] == ANNA


def test_wishes_are_tidied_away(context: Context, clock: SimulatedClock, moving: str) -> None:
    clock.advance(timedelta(days=3))
    Pass(context).run()
    with context.store.read() as connection:
        assert address_changes.of_subscriber(connection, 1) == []


# Erasing


def test_one_press_erases_and_every_link_of_theirs_answers_200(
    public: TestClient, context: Context, person: Person, ask: Ask, course_token: str, moving: str
) -> None:
    path, number = ask("erase"), person()["id"]
    for _ in range(2):
        assert public.post(path).status_code in {200, 303}
    assert "Everything about you is erased" in public.get(path).text
    with context.store.read() as connection:
        row = subscribers.by_id(connection, number)
    assert row is not None
    assert row["email"] is None
    for link in (f"/u/{course_token}", f"/p/{course_token}", path):
        assert public.get(link).status_code == 200
        assert public.post(link).status_code == 200 or link.startswith("/p/")
    assert public.post(f"/u/{course_token}/back").status_code == 200
    assert public.post(f"/p/{course_token}", data={"do": "restart"}).status_code == 200
    assert public.get(f"/p/{course_token}/lessons/one").status_code == 404
