"""Forms that do not come from the desk change nothing, at any address."""

from __future__ import annotations

from collections.abc import Callable

from bypost.delivery.context import Context
from bypost.store import admins, audit
from bypost.web.desk import session
from tests.web.conftest import PUBLIC
from tests.web.desk.conftest import Signed, holding
from tests.web.desk.test_roles import POSTS, name_of, url

ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": f"{PUBLIC}.evil.example"},
    {"Origin": PUBLIC.replace("https", "http")},
    {"Origin": PUBLIC, "Sec-Fetch-Site": "cross-site"},
    {"Origin": PUBLIC, "Sec-Fetch-Site": "same-site"},
    {"Origin": PUBLIC, "Sec-Fetch-Site": "none"},
    {"Origin": ""},
]


def test_a_form_without_the_token_of_its_session_is_refused_at_every_address(
    operator: Signed, sign_in: Callable[..., Signed]
) -> None:
    of_another = sign_in("karl").csrf
    for address in POSTS:
        for wrong in ("", "x", of_another, operator.token, operator.csrf.upper(), "\u2028"):
            answer = operator.post(url(address), {"csrf": wrong})
            assert answer.status_code == 403, (name_of(address), wrong)
            assert "stale" in answer.text
        missing = operator.client.post(
            f"/desk{url(address)}", headers={"Origin": PUBLIC, **holding(desk=operator.token)}
        )
        assert missing.status_code == 403, name_of(address)


def test_a_form_from_another_site_is_refused_at_every_address_even_with_the_token(
    operator: Signed,
) -> None:
    for address in POSTS:
        for headers in ELSEWHERE:
            answer = operator.post(url(address), headers=headers)
            assert answer.status_code == 403, (name_of(address), headers)
            assert "another site" in answer.text


def test_the_token_is_taken_from_the_form_and_from_nowhere_else(operator: Signed) -> None:
    answer = operator.post(f"/admins?csrf={operator.csrf}", {"csrf": ""})
    assert answer.status_code == 403


def test_a_refused_form_did_nothing(operator: Signed, context: Context) -> None:
    fields = {"name": "eve", "role": "operator", "password": "p" * 20, "again": "p" * 20}
    operator.post("/admins", {**fields, "csrf": "wrong"})
    operator.post("/admins", fields, headers={"Origin": "https://evil.example"})
    with context.store.read() as connection:
        assert admins.by_name(connection, "eve") is None
        assert not audit.newest(connection, limit=9)


def test_a_get_changes_nothing_whatever_it_carries(operator: Signed, context: Context) -> None:
    for path in ("/sign-out", "/admins/olga/remove", "/admins/olga/role"):
        answer = operator.get(f"{path}?csrf={operator.csrf}&typed=olga&role=viewer")
        assert answer.status_code in {404, 405}
    assert operator.get("/log").status_code == 200


def test_the_token_tells_nothing_of_the_secret_and_differs_for_each() -> None:
    one, other = session.new_token(), session.new_token()
    assert session.csrf_of(one) != session.csrf_of(other)
    assert one not in session.csrf_of(one)
    assert len(one) == 43


def test_a_form_that_is_too_large_is_not_read(operator: Signed) -> None:
    answer = operator.post("/admins", {"name": "x" * 70_000})
    assert answer.status_code == 413
    assert "at most 64 kB" in answer.text


def test_a_length_that_is_not_told_is_counted(operator: Signed) -> None:
    headers = {
        "Origin": PUBLIC,
        "Content-Type": "application/x-www-form-urlencoded",
        **holding(desk=operator.token),
    }
    pieces = (b"x" * 10_000 for _ in range(10))
    answer = operator.client.post("/desk/admins", content=pieces, headers=headers)
    assert answer.status_code == 413


def test_a_broken_form_is_refused(operator: Signed) -> None:
    headers = {
        "Origin": PUBLIC,
        "Content-Type": "multipart/form-data; boundary=x",
        **holding(desk=operator.token),
    }
    for body in (b"", b"--x\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\n", b"\xff"):
        answer = operator.client.post("/desk/admins", content=body, headers=headers)
        assert answer.status_code in {400, 403}
