"""What all pages of the desk share: headers, links, words that are shown once, files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser

from bypost.delivery.context import Context
from bypost.web.desk import csv_file
from scheduler.clock import SimulatedClock
from tests.web.desk.conftest import HOSTILE, Signed

NEW = {"name": "nina", "role": "viewer", "password": "p1p2p3p4p5p6", "again": "p1p2p3p4p5p6"}


def test_every_page_keeps_the_policy_and_tells_other_sites_nothing(operator: Signed) -> None:
    headers = operator.get("/log").headers
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    # Not `no-referrer`: with that a browser says `Origin: null` of the desk's own forms.
    assert headers["referrer-policy"] == "same-origin"


def test_a_page_needs_no_inline_script_or_style(operator: Signed) -> None:
    page = LexborHTMLParser(operator.get("/admins").text)
    assert not page.css("style, [style]")
    assert all(node.attributes.get("src") for node in page.css("script"))
    assert not [
        name
        for node in page.css("*")
        for name in node.attributes
        if name.startswith(("on", "hx-on"))
    ]


def test_the_page_one_is_on_is_marked(operator: Signed) -> None:
    page = LexborHTMLParser(operator.get("/log?who=olga").text)
    assert [(n.text(), n.attributes["aria-current"]) for n in page.css("nav [aria-current]")] == [
        ("Log", "page")
    ]


def test_the_header_has_a_name_and_four_links(operator: Signed) -> None:
    page = LexborHTMLParser(operator.get("/log").text)
    assert [node.text() for node in page.css("header nav a")] == [
        *("Today", "Courses", "Newsletters", "Subscribers")
    ]


def test_what_was_done_is_said_once(operator: Signed, clock: SimulatedClock) -> None:
    answer = operator.post("/admins", NEW)
    said = answer.cookies["desk-said"]
    page = operator.get("/admins", said=said)
    assert "nina may sign in, as viewer." in page.text
    assert 'desk-said=""' in page.headers["set-cookie"]
    assert "nina may sign in" not in operator.get("/admins").text
    clock.advance(timedelta(minutes=2))
    assert "nina may sign in" not in operator.get("/admins", said=said).text


def test_words_that_we_did_not_sign_are_not_said(operator: Signed) -> None:
    said = operator.post("/admins", NEW).cookies["desk-said"]
    for forged in ("Hello", said[:-1], f"{said}x"):
        assert 'role="status"' not in operator.get("/admins", said=forged).text


TRICKS = [
    "/desk/..%2f",
    "/desk/%2e%2e/log",
    "/desk//log",
    "//desk/log",
    "/desk/log%00",
    "/desk/log%0d%0aX-Evil:1",
    "/desk/%252e%252e/log",
    "/desk/log;x",
    "/DESK/log",
    "/desk\\log",
    "/desk/static/desk.css",
    "/desk/admins/..%2f..%2fetc%2fpasswd",
]


def test_tricks_with_paths_lead_nowhere(operator: Signed, public: TestClient) -> None:
    for path in TRICKS:
        for headers in ({}, {"Cookie": f"desk={operator.token}"}):
            answer = public.get(path, headers=headers)
            public.cookies.clear()
            assert answer.status_code in {303, 404}, path
            if answer.status_code == 303:
                assert answer.headers["location"].startswith("/desk/sign-in?next=%2Fdesk"), path
            assert "x-evil" not in answer.headers


def test_a_path_with_a_slash_too_much_stays_on_this_site(operator: Signed) -> None:
    answer = operator.get("/log/")
    assert answer.status_code in {307, 404}
    assert "log" in answer.headers.get("location", "/desk/log")


def test_a_head_request_is_answered_like_a_get_without_its_body(
    operator: Signed, public: TestClient
) -> None:
    answer = public.head("/desk/log", headers={"Cookie": f"desk={operator.token}"})
    assert answer.status_code == 200
    assert not answer.content


@pytest.mark.parametrize("text", [*HOSTILE, "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|x"])
def test_a_file_runs_nothing_in_a_spreadsheet(text: str) -> None:
    cell = csv_file.plain(text)
    assert isinstance(cell, str)
    assert cell.lstrip("'")[:1] not in set("=+-@\t\r|") or cell.startswith("'")
    assert cell.endswith(text)


def test_numbers_stay_numbers() -> None:
    assert [csv_file.plain(value) for value in (-1, 0.5, None, "a-b")] == [-1, 0.5, "", "a-b"]


def test_a_file_is_sent_as_its_rows_come(context: Context) -> None:
    taken = 0

    def rows() -> Iterator[tuple[str, int]]:
        nonlocal taken
        for number in range(2500):
            taken += 1
            yield f'"{number}",\n', number

    chunks = csv_file._chunks(("name", "number"), rows())
    assert next(chunks) == "\ufeff"
    first = next(chunks)
    assert taken == 999
    text = first + "".join(chunks)
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[0] == ["name", "number"]
    assert read[-1] == ['"2499",\n', "2499"]
    assert len(read) == 2501


@pytest.mark.parametrize("name", ['a"; x="', "../../etc", "a\r\nb", ""])
def test_the_name_of_a_file_is_plain(name: str) -> None:
    headers = csv_file.answer(name, ("a",), []).headers
    made = headers["content-disposition"].removeprefix('attachment; filename="').removesuffix('"')
    assert made.removesuffix(".csv").replace("-", "").replace(".", "").isalnum()
