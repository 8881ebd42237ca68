"""Accounts at the desk: made, changed and removed by operators; one's own password by oneself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from selectolax.lexbor import LexborHTMLParser

from bypost.admins import password as passwords
from bypost.admins import session as sessions
from bypost.delivery.context import Context
from bypost.store import Row, admins, audit
from tests.web.desk.conftest import HOSTILE, Signed

OLD, NEW = "an old password", "quite another password"
TWICE = {"password": NEW, "again": NEW}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)


@pytest.fixture
def find(context: Context) -> Callable[[str], Row | None]:
    def finding(name: str) -> Row | None:
        with context.store.read() as connection:
            return admins.by_name(connection, name)

    return finding


Find = Callable[[str], Row | None]


def log(context: Context) -> list[tuple[str, str, str, str]]:
    with context.store.read() as connection:
        rows = audit.newest(connection, limit=99)
    return [(row["who"], row["action"], row["subject"], row["detail"]) for row in rows]


def test_an_operator_adds_an_account(operator: Signed, context: Context, find: Find) -> None:
    page = operator.after("/admins", {"name": "Nina", "role": "viewer", **TWICE})
    assert "nina may sign in, as viewer." in page.text
    row = find("nina")
    assert row is not None
    assert passwords.is_right(row["password"], NEW)
    assert log(context) == [("olga", "admin.add", "admin:nina", "viewer")]


@pytest.mark.usefixtures("viewer")
def test_what_cannot_be_taken_is_said_and_nothing_is_made(
    operator: Signed, context: Context, find: Find
) -> None:
    good = {"name": "nina", "role": "viewer", **TWICE}
    for wrong, words in (
        ({"name": "nina@example.org"}, "cannot be the name"),
        ({"name": ""}, "cannot be the name"),
        ({"name": "vera"}, "already"),
        ({"role": "root"}, "choose a role"),
        ({"again": "another"}, "not the same"),
        ({"password": "short", "again": "short"}, "too short"),
    ):
        answer = operator.post("/admins", {**good, **wrong})
        assert answer.status_code == 400
        assert words in answer.text.lower()
        assert NEW not in answer.text
    assert find("nina") is None
    assert not log(context)


def test_nothing_that_was_typed_as_a_name_runs(operator: Signed) -> None:
    for text in HOSTILE:
        page = LexborHTMLParser(operator.post("/admins", {"name": text, **TWICE}).text)
        assert not page.css("main script, main img")
        assert text[:20] in (page.css_first("main").text() if page.css_first("main") else "")


def test_a_role_holds_at_the_next_request(operator: Signed, viewer: Signed) -> None:
    assert viewer.get("/admins/olga").status_code == 403
    assert "vera is operator" in operator.after("/admins/vera/role", {"role": "operator"}).text
    assert viewer.get("/admins/olga").status_code == 200


def test_the_last_operator_can_neither_step_back_nor_be_removed(
    operator: Signed, viewer: Signed, find: Find
) -> None:
    stepped = operator.post("/admins/olga/role", {"role": "viewer"})
    removed = operator.post("/admins/olga/remove", {"typed": "olga"})
    for answer in (stepped, removed):
        assert answer.status_code == 400
        assert "only operator" in answer.text
    row = find("olga")
    assert row is not None
    assert row["role"] == "operator"


def test_an_account_goes_only_when_its_name_was_typed(
    operator: Signed, viewer: Signed, find: Find, context: Context
) -> None:
    for typed in ("", "Vera", "olga", "vera x"):
        assert operator.post("/admins/vera/remove", {"typed": typed}).status_code == 400
    assert find("vera") is not None
    assert (
        "cannot sign in any more" in operator.after("/admins/vera/remove", {"typed": "vera"}).text
    )
    assert find("vera") is None
    assert viewer.get("/log").status_code == 303
    assert log(context) == [("olga", "admin.remove", "admin:vera", "")]


def test_a_password_set_by_an_operator_signs_its_owner_out(
    operator: Signed, viewer: Signed, find: Find
) -> None:
    assert "new password" in operator.after("/admins/vera/password", TWICE).text
    row = find("vera")
    assert row is not None
    assert passwords.is_right(row["password"], NEW)
    assert viewer.get("/log").status_code == 303


def test_signing_somebody_out_leaves_their_password(
    operator: Signed, viewer: Signed, find: Find
) -> None:
    before = find("vera")
    operator.after("/admins/vera/sign-out")
    assert viewer.get("/log").status_code == 303
    after = find("vera")
    assert before is not None
    assert after is not None
    assert before["password"] == after["password"]


def test_ones_own_password_needs_the_present_one_and_ends_other_sessions(
    viewer: Signed, operator: Signed, sign_in: Callable[..., Signed], context: Context, find: Find
) -> None:
    row = find("vera")
    assert row is not None
    hashed = passwords.hash_of(OLD)
    with context.store.write() as connection:
        admins.set_password(connection, row["id"], hashed)
    elsewhere = sign_in("vera")
    wrong = viewer.post("/account", {"current": "a guess", **TWICE})
    assert wrong.status_code == 400
    assert "another one" in wrong.text
    assert elsewhere.get("/log").status_code == 200
    assert "is changed" in viewer.after("/account", {"current": OLD, **TWICE}).text
    assert elsewhere.get("/log").status_code == 303
    assert viewer.get("/log").status_code == 200
    changed = find("vera")
    assert changed is not None
    assert passwords.is_right(changed["password"], NEW)


def test_guessing_ones_present_password_waits(viewer: Signed) -> None:
    answers = [viewer.post("/account", {"current": "a guess", **TWICE}).text for _ in range(8)]
    assert "Try again in" not in answers[0]
    assert "Try again in" in answers[-1]


def test_a_list_tells_who_is_signed_in_and_no_hash(
    operator: Signed, viewer: Signed, find: Find
) -> None:
    page = viewer.get("/admins").text
    assert "olga" in page
    assert "no password opens this" not in page
    assert "Add an account" not in page
    assert "Add an account" in operator.get("/admins").text
    assert sessions.hash_of(viewer.token).hex() not in page
