"""Who may do what, over every address there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from fastapi.testclient import TestClient

from bypost.admins.role import Role
from bypost.web.desk import app
from bypost.web.desk.ask import Address
from bypost.web.desk.session import csrf_of
from tests.web.conftest import LOCAL
from tests.web.desk.conftest import Signed, holding

#: One of each that is known to be there, and to need what it says.
KNOWN = {
    ("GET", "/log", Role.VIEWER),
    ("POST", "/admins", Role.OPERATOR),
    ("POST", "/sign-in", None),
}


class Nowhere:
    """Stands in for the desk where only its addresses are of interest."""

    def __getattr__(self, name: str) -> Nowhere:
        return Nowhere()

    def __call__(self, *_: object, **__: object) -> Nowhere:
        return Nowhere()

    def __iter__(self) -> Iterator[object]:
        return iter(())

    def __mul__(self, _: int) -> int:
        return 0


def every_address() -> list[Address]:
    return app.addresses(Nowhere())  # type: ignore[arg-type]


ADDRESSES = every_address()
GETS = [one for one in ADDRESSES if one.method == "GET"]
POSTS = [one for one in ADDRESSES if one.method == "POST"]


def name_of(address: Address) -> str:
    return f"{address.method} {address.path or '/'}"


def url(address: Address) -> str:
    """Return its path with a name that nothing has."""
    return re.sub(r"\{[a-z_]+(:[a-z]+)?\}", "x", address.path)


def test_the_addresses_are_those_that_the_site_answers_at() -> None:
    found = {(one.method, one.path, one.needs) for one in ADDRESSES}
    assert found >= KNOWN
    assert {one.method for one in ADDRESSES} == {"GET", "POST"}
    assert len({(one.method, one.path) for one in ADDRESSES}) == len(ADDRESSES)


def test_only_signing_in_needs_nobody() -> None:
    assert {one.path for one in ADDRESSES if one.needs is None} == {"/sign-in"}


def test_whatever_changes_something_needs_an_operator_but_ones_own_account() -> None:
    own = {"/sign-in", "/sign-out", "/account"}
    assert {one.path for one in POSTS if one.needs is not Role.OPERATOR} == own


def test_no_page_is_shown_to_anybody_who_has_not_signed_in(
    public: TestClient, operator: Signed
) -> None:
    for address in (one for one in GETS if one.needs is not None):
        answer = public.get(f"/desk{url(address)}", headers=holding())
        assert answer.status_code == 303, address.path
        assert answer.headers["location"].startswith("/desk/sign-in?next=%2Fdesk"), address.path
        assert not answer.content
    assert public.get("/desk/sign-in").status_code == 200


def test_nothing_is_done_for_anybody_who_has_not_signed_in(
    public: TestClient, operator: Signed
) -> None:
    nobody = Signed(public, "n" * 43)
    for address in (one for one in POSTS if one.needs is not None):
        answer = nobody.post(url(address))
        assert answer.status_code == 303, address.path
        assert answer.headers["location"] == "/desk/sign-in", address.path


def test_a_viewer_is_refused_what_needs_an_operator_and_nothing_else(
    operator: Signed, sign_in: Callable[..., Signed]
) -> None:
    for address in ADDRESSES:
        viewer = sign_in("vera", "viewer")
        answer = (viewer.get if address.method == "GET" else viewer.post)(url(address))
        refused = answer.status_code == 403 and "This is for operators" in answer.text
        assert refused == (address.needs is Role.OPERATOR), name_of(address)


def test_an_operator_gets_an_answer_everywhere_even_for_names_that_nothing_has(
    sign_in: Callable[..., Signed],
) -> None:
    for address in ADDRESSES:
        operator = sign_in("olga")
        answer = (operator.get if address.method == "GET" else operator.post)(url(address))
        assert answer.status_code in {200, 303, 400, 401, 404, 409, 422}, name_of(address)


def test_on_this_machine_nobody_signs_in_until_there_is_an_account(
    local: TestClient, sign_in: Callable[..., Signed]
) -> None:
    assert local.get("/desk/log").status_code == 200
    assert "without signing in" in local.get("/desk/log").text
    sign_in("olga")
    assert local.get("/desk/log").headers["location"] == "/desk/sign-in?next=%2Fdesk%2Flog"


def test_on_this_machine_too_a_form_has_to_come_from_the_desk(local: TestClient) -> None:
    page = local.get("/desk/admins")
    token = page.cookies["desk"]
    fields = {"csrf": csrf_of(token), "name": "olga", "role": "operator"}
    for headers in ({}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        held = {**headers, **holding(desk=token)}
        answer = local.post("/desk/admins", data=fields, headers=held)
        assert answer.status_code == 403
    answer = local.post(
        "/desk/admins",
        data={**fields, "csrf": "wrong"},
        headers={"Origin": LOCAL, **holding(desk=token)},
    )
    assert answer.status_code == 403


def test_the_public_site_of_a_project_without_accounts_opens_to_nobody(
    public: TestClient,
) -> None:
    assert public.get("/desk/log").status_code == 303
    assert "bypost admin add" in public.get("/desk/sign-in").text
