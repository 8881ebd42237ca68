"""Visits of sign-up pages: a number per page and day, of people who do not mind."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.errors import StoreError
from bypost.store import daily
from bypost.store.daily import Kind
from bypost.web import Ticks, make_site
from bypost.web.machines import is_program
from tests.web.test_clicks import BROWSER


def visits(context: Context) -> list[tuple[str, str, str, int]]:
    with context.store.read() as connection:
        rows = daily.sums(
            connection,
            kinds=[Kind.VISIT, Kind.BOT_VISIT],
            by=("kind", "collection", "label"),
        )
    return [tuple(row.values()) for row in rows]  # type: ignore[misc]


def test_visits_are_counted_by_page_and_form_when_the_site_ends(context: Context) -> None:
    site = make_site(context)
    with TestClient(site, follow_redirects=False) as client:
        for _ in range(3):
            client.get("/courses/letters", headers=BROWSER)
        client.get("/embed/letters", headers=BROWSER)
        client.get("/newsletters/notes", headers=BROWSER)
        client.head("/courses/letters", headers=BROWSER)
        client.get("/courses/letters", headers={"user-agent": "Googlebot/2.1"})
        client.get("/courses/nothing", headers=BROWSER)
        assert visits(context) == []  # nothing is written while somebody waits
    assert visits(context) == [
        ("bot-visit", "course:letters", "course:letters", 2),
        ("visit", "course:letters", "course:letters", 3),
        ("visit", "course:letters", "embed:letters", 1),
        ("visit", "newsletter:notes", "newsletter:notes", 1),
    ]


@pytest.mark.parametrize("signal", [{"sec-gpc": "1"}, {"dnt": "1"}])
def test_who_does_not_want_to_be_counted_is_not(context: Context, signal: dict[str, str]) -> None:
    with TestClient(make_site(context)) as client:
        assert client.get("/courses/letters", headers={**BROWSER, **signal}).status_code == 200
        client.get("/courses/letters", headers=BROWSER)
    assert visits(context) == [("visit", "course:letters", "course:letters", 1)]


def test_a_pass_brings_them_into_the_database(context: Context) -> None:
    ticks = Ticks(context, on_report=lambda _: None, on_trouble=pytest.fail)
    with TestClient(make_site(context, runner=ticks)) as client:
        client.get("/courses/letters", headers=BROWSER)
        ticks.once()
        assert [row[-1] for row in visits(context)] == [1]
        ticks.once()
        assert [row[-1] for row in visits(context)] == [1]


def test_visits_that_cannot_be_written_wait(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = Ticks(context, on_report=lambda _: None, on_trouble=lambda _: None)

    def full(_: object) -> None:
        raise StoreError("the disk is full")

    with TestClient(make_site(context, runner=ticks)) as client:
        client.get("/courses/letters", headers=BROWSER)
        with monkeypatch.context() as patch:
            patch.setattr(type(context.store), "write", full)
            ticks.once()
        assert visits(context) == []
    assert [row[-1] for row in visits(context)] == [1]


@pytest.mark.parametrize(
    ("agent", "program"),
    [
        (BROWSER["user-agent"], False),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari",
            False,
        ),
        ("Mozilla/5.0", True),
        ("", True),
        ("curl/8.5", True),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", True),
        ("python-requests/2.32", True),
    ],
)
def test_programs_that_say_what_they_are_are_known(agent: str, program: bool) -> None:
    assert is_program({"user-agent": agent}) is program
