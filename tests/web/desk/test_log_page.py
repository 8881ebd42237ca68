"""The page of the log: newest first, narrowed, a page at a time."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser

from bypost.admins import audit
from bypost.delivery.context import Context
from tests.web.desk.conftest import HOSTILE, Signed


def fill(context: Context, many: int) -> None:
    with context.store.write() as connection:
        for number in range(many):
            audit.note(
                connection,
                now=context.clock.now(),
                who=("olga", "vera")[number % 2],
                via="desk",
                action=("course.pause", "course.resume")[number % 2],
                subject=f"course:c{number}",
            )


def subjects(page: str) -> list[str]:
    return [row.css("td")[3].text().strip() for row in LexborHTMLParser(page).css("tbody tr")]


def test_an_empty_log_says_what_will_stand_there(operator: Signed) -> None:
    assert "Nothing was done yet" in operator.get("/log").text


def test_every_row_stands_on_one_page_and_one_gets_back(operator: Signed, context: Context) -> None:
    fill(context, 120)
    page, seen, ways = operator.get("/log").text, [], []
    while True:
        seen += subjects(page)
        link = LexborHTMLParser(page).css_first("[rel=next]")
        if link is None:
            break
        ways.append(link.attributes["href"])
        page = operator.get(str(ways[-1]).removeprefix("/desk")).text
    assert seen == [f"course:c{number}" for number in reversed(range(120))]
    assert len(ways) == 2
    back = LexborHTMLParser(page).css_first("[rel=prev]")
    assert back is not None
    page = operator.get(str(back.attributes["href"]).removeprefix("/desk")).text
    assert subjects(page) == [f"course:c{number}" for number in reversed(range(20, 70))]
    back = LexborHTMLParser(page).css_first("[rel=prev]")
    assert back is not None
    page = operator.get(str(back.attributes["href"]).removeprefix("/desk")).text
    assert subjects(page) == [f"course:c{number}" for number in reversed(range(70, 120))]
    assert LexborHTMLParser(page).css_first("[rel=prev]") is None


def test_it_can_be_narrowed_and_the_way_on_stays_narrow(operator: Signed, context: Context) -> None:
    fill(context, 120)
    page = operator.get("/log?who=vera&action=course.resume").text
    assert subjects(page) == [f"course:c{number}" for number in range(119, 19, -2)]
    link = LexborHTMLParser(page).css_first("[rel=next]")
    assert link is not None
    assert "who=vera&action=course.resume&before=" in str(link.attributes["href"])
    assert subjects(operator.get("/log?subject=course:c7").text) == ["course:c7"]
    assert "Nothing like this" in operator.get("/log?who=nobody").text


def test_what_was_done_leads_to_what_it_was_done_to(operator: Signed, context: Context) -> None:
    fill(context, 1)
    link = LexborHTMLParser(operator.get("/log").text).css_first("tbody a")
    assert link is not None
    assert link.attributes["href"] == "/desk/courses/c0"


def test_nothing_in_the_log_runs(operator: Signed, context: Context) -> None:
    with context.store.write() as connection:
        for text in HOSTILE:
            audit.note(
                connection,
                now=context.clock.now(),
                who=text,
                via="desk",
                action=text,
                subject=f"course:{text}",
                detail=text,
            )
    page = LexborHTMLParser(operator.get("/log").text)
    assert len(page.css("tbody tr")) == len(HOSTILE)
    assert not page.css("main script, main img, tbody a")


def test_addresses_that_are_no_numbers_are_the_first_page(
    operator: Signed, context: Context
) -> None:
    fill(context, 3)
    for query in ("before=x", "before=-1", "before=" + "9" * 400, "after=%00", "before=٣"):
        assert len(subjects(operator.get(f"/log?{query}").text)) == 3
    for text in HOSTILE:
        assert operator.get("/log", params={"who": text}).status_code == 200
