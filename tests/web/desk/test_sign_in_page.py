"""Signing in and out in a browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser

from bypost.admins import account
from bypost.admins import password as passwords
from bypost.admins.role import Role
from bypost.delivery.context import Context
from bypost.store import audit
from bypost.web.desk import session, sign_in
from scheduler.clock import SimulatedClock
from tests.web.conftest import PUBLIC
from tests.web.desk.conftest import HOSTILE, Signed, holding

GOOD = "correct horse battery"
DOOR = "d" * 43

Enter = Callable[..., Any]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    monkeypatch.setattr(passwords, "NOBODYS", quick.hash("nobody's"))


@pytest.fixture
def enter(public: TestClient, context: Context) -> Enter:
    """Fill the page for signing in, as olga with her password unless told otherwise."""
    hashed = passwords.hash_of(GOOD)
    with context.store.write() as connection:
        account.add(connection, "olga", Role.OPERATOR, hashed, context.clock.now())

    def entering(name: str = "olga", password: str = GOOD, **options: Any) -> Any:
        token, more = options.pop("token", DOOR), options.pop("held", {})
        answer = public.post(
            "/desk/sign-in",
            data={
                "csrf": session.csrf_of(token),
                "name": name,
                "password": password,
                "next": options.pop("next", ""),
            },
            headers={"Origin": PUBLIC, **holding(desk=token, **more)},
        )
        public.cookies.clear()
        return answer

    return entering


def is_open(public: TestClient, token: str) -> bool:
    answer = public.get("/desk/log", headers=holding(desk=token))
    public.cookies.clear()
    return bool(answer.status_code == 200)


def test_the_page_gives_the_token_that_its_form_needs(public: TestClient, enter: Enter) -> None:
    page = public.get("/desk/sign-in?next=/desk/log")
    fields = {
        node.attributes["name"]: node.attributes.get("value")
        for node in LexborHTMLParser(page.text).css("form input")
    }
    assert fields["csrf"] == session.csrf_of(page.cookies["desk"])
    assert fields["next"] == "/desk/log"
    kinds = {
        node.attributes["name"]: node.attributes.get("autocomplete")
        for node in LexborHTMLParser(page.text).css("form input[autocomplete]")
    }
    assert kinds == {"name": "username", "password": "current-password"}


def test_whoever_signs_in_gets_where_they_wanted(public: TestClient, enter: Enter) -> None:
    answer = enter(next="/desk/log?who=olga")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/log?who=olga")
    assert is_open(public, answer.cookies["desk"])


def test_a_secret_that_was_planted_before_opens_nothing_afterwards(
    public: TestClient, enter: Enter
) -> None:
    answer = enter(token=DOOR)
    assert answer.cookies["desk"] != DOOR
    assert is_open(public, answer.cookies["desk"])
    assert not is_open(public, DOOR)


def test_signing_in_twice_makes_two_sessions_with_secrets_of_their_own(enter: Enter) -> None:
    assert enter().cookies["desk"] != enter().cookies["desk"]


def test_the_cookie_is_kept_from_scripts_and_other_sites(enter: Enter) -> None:
    (cookie,) = [c for c in enter().headers.get_list("set-cookie") if c.startswith("desk=")]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=1209600" in cookie
    assert "Domain" not in cookie


def test_a_cookie_of_another_form_is_nobodys(public: TestClient, enter: Enter) -> None:
    for given in ("", "short", "x" * 42, "x" * 44, "é" * 43, "../../../etc/passwd"):
        headers = [(b"Cookie", f"desk={given}".encode())]
        assert public.get("/desk/log", headers=headers).status_code == 303


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(enter: Enter) -> None:
    wrong, unknown = enter(password="wrong"), enter(name="karl")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("olga", "NAME") == unknown.text.replace("karl", "NAME")
    assert "wrong" not in wrong.text.replace('class="wrong"', "")


def test_a_name_is_shown_as_it_was_typed_and_nothing_of_it_runs(
    enter: Enter, clock: SimulatedClock
) -> None:
    for name in HOSTILE:
        page = LexborHTMLParser(enter(name=name, next=name).text)
        (field,) = page.css("#name")
        assert field.attributes["value"] == name
        assert not page.css("main script, main img")
        (where,) = page.css("[name=next]")
        assert where.attributes["value"] == "/desk"


def test_guessing_gets_slower_and_the_page_says_how_long(
    enter: Enter, clock: SimulatedClock
) -> None:
    for _ in range(7):
        answer = enter(password="wrong")
        clock.advance(timedelta(seconds=int(answer.headers.get("retry-after", 0))))
        if answer.status_code == 429:
            enter(password="wrong")
    answer = enter()
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 4
    assert f"Try again in {answer.headers['retry-after']} seconds" in answer.text
    clock.advance(timedelta(seconds=int(answer.headers["retry-after"])))
    assert enter().status_code == 303


def test_a_browser_that_was_here_before_waits_for_no_stranger(enter: Enter) -> None:
    known = enter().cookies["desk-browser"]
    while enter(password="wrong").status_code != 429:
        pass
    assert enter().status_code == 429
    assert enter(held={"desk_browser": known}).status_code == 303
    assert enter(held={"desk_browser": f"{known}x"}).status_code == 429


ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "/desk//evil.example",
    "/desk/../p/x",
    "/desk/%2e%2e/p",
    "/deskevil.example",
    "/desk@evil.example",
    "javascript:alert(1)",
    "/desk\r\nSet-Cookie: a=b",
    "/desk\t//evil.example",
    "/p/x",
    "",
]


@pytest.mark.parametrize("given", ELSEWHERE)
def test_no_address_but_the_desks_is_gone_to(given: str) -> None:
    assert sign_in.safe_next(given) == "/desk"


def test_signing_in_leads_to_no_place_but_the_desk(enter: Enter) -> None:
    for given in ELSEWHERE:
        assert enter(next=given).headers["location"] == "/desk"


@pytest.mark.parametrize(
    "given", ["/desk", "/desk/log", "/desk?x=1", "/desk/courses/a-b?who=%C3%A4&before=7"]
)
def test_pages_of_the_desk_are_gone_back_to(given: str) -> None:
    assert sign_in.safe_next(given) == given


def test_who_is_signed_in_does_not_sign_in_again(operator: Signed) -> None:
    answer = operator.get("/sign-in?next=/desk/admins")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/admins")


def test_signing_out_ends_the_session_for_whoever_holds_its_secret(
    operator: Signed, public: TestClient, context: Context
) -> None:
    answer = operator.post("/sign-out")
    assert answer.headers["location"] == "/desk/sign-in"
    assert answer.cookies["desk"] != operator.token
    assert not is_open(public, operator.token)
    with context.store.read() as connection:
        assert [row["action"] for row in audit.newest(connection, limit=9)] == ["admin.sign-out"]


def test_a_part_of_a_page_leads_the_whole_page_to_signing_in(public: TestClient) -> None:
    answer = public.get("/desk/log", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/desk/sign-in"


def test_with_https_the_cookies_are_for_this_host_alone(
    context: Context, browse: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context.links, "base_url", PUBLIC)
    answer = browse().get("/desk/sign-in")
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-desk=")
    assert "Secure" in cookie
    assert "Path=/;" in f"{cookie};"
