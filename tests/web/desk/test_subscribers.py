"""The list of subscribers, and what is saved as an audience."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bypost.delivery.context import Context
from bypost.people import join
from bypost.store import subscribers
from bypost.web.desk import counting
from bypost.web.desk import subscribers as page
from tests.conftest import MONDAY
from tests.web.desk.conftest import HOSTILE, Signed


def add(context: Context, number: int, **of: Any) -> list[int]:
    """Add people; return their numbers."""
    with context.store.write() as connection:
        first = subscribers.next_id(connection)
        rows = [
            join.new_subscriber(
                subscriber_id=first + n,
                email=f"p{first + n:04d}@example.org",
                name="",
                time_zone="",
                status="confirmed",
                now=MONDAY,  # all at one instant
            )
            for n in range(number)
        ]
        subscribers.add_all(connection, [{**row, **of} for row in rows])
    return list(range(first, first + number))


def shown(html: str) -> list[int]:
    """Return who stands in the table."""
    return [int(part.split('"')[0]) for part in html.split('href="/desk/subscribers/')[1:]]


def test_people_of_one_instant_stand_on_one_page_each(viewer: Signed, context: Context) -> None:
    added = add(context, 120, tags=["a"])
    seen: list[int] = []
    path = "/subscribers?audience=tag+a"
    while path:
        html = viewer.get(path).text
        seen += shown(html)
        before = html.partition("&amp;before=")[2].partition('"')[0]
        path = f"/subscribers?audience=tag+a&before={before}" if before else ""
    assert seen == sorted(added, reverse=True)


def test_people_are_found_by_how_their_address_begins(viewer: Signed, context: Context) -> None:
    added = add(context, 130)
    first = viewer.get("/subscribers?q=p0").text
    after = shown(first)[-1]
    second = viewer.get(f"/subscribers?q=p0&after={after}").text
    third = viewer.get(f"/subscribers?q=p0&after={shown(second)[-1]}").text
    assert [*shown(first), *shown(second), *shown(third)] == added
    assert shown(viewer.get("/subscribers?q=%25").text) == []


@pytest.mark.parametrize("query", ["before=0", "before=-1", "before=x", "after=99999999", "q=%00"])
def test_whatever_stands_in_the_address_is_answered(viewer: Signed, query: str) -> None:
    assert viewer.get(f"/subscribers?{query}").status_code == 200


def test_a_mistake_in_an_audience_is_pointed_at(viewer: Signed) -> None:
    answer = viewer.get('/subscribers?audience=tga "alumni"')
    assert answer.status_code == 422
    assert "tga &#34;alumni&#34;\n^^^" in answer.text
    assert "did you mean `tag`?" in answer.text


@pytest.mark.parametrize("words", HOSTILE)
def test_stored_script_is_shown_as_text_in_the_list(
    operator: Signed, context: Context, words: str
) -> None:
    add(context, 1, name=words, tags=[words])
    with context.store.write() as connection:
        page_of = subscribers.by_keys(connection, ["p0001@example.org"])
        assert page_of is not None
    for path in ("/subscribers", f"/subscribers?q={words}", f"/subscribers?audience={words}"):
        html = operator.get(path).text
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "49" not in html.partition("<main")[2].partition("</main")[0].replace(words, "")


def test_a_rare_audience_is_looked_for_page_by_page(
    viewer: Signed, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    (rare,) = add(context, 1, tags=["rare"])
    add(context, 12_000)
    monkeypatch.setattr(page, "_ENOUGH", 0.0)
    monkeypatch.setattr(counting, "_ENOUGH", 0.0)
    html = viewer.get("/subscribers?audience=tag+rare").text
    assert "Nobody so far" in html
    for _ in range(5):
        before = html.partition("&amp;before=")[2].partition('"')[0]
        if not before:
            break
        html = viewer.get(f"/subscribers?audience=tag+rare&before={before}").text
        if shown(html):
            break
    assert rare in shown(html)


def test_counting_goes_on_where_it_stopped(
    viewer: Signed, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(context, 11_000)
    there = 11_000 + 2  # who were there before
    monkeypatch.setattr(counting, "_ENOUGH", 1e-9)
    path, words = "/audiences/count?audience=everyone&exact=1", ""
    for _ in range(10):
        words = viewer.get(path, headers={"HX-Request": "true"}).text
        if "count on" not in words:
            break
        path = words.partition('href="/desk')[2].partition('"')[0].replace("&amp;", "&")
    assert f"{there:,} people" in words
    assert "At least 5,0" in viewer.get("/subscribers").text


def test_a_name_of_the_files_counts(viewer: Signed, context: Context) -> None:
    (one,) = add(context, 1, tags=["a"])
    Path(context.root / "audiences.toml").write_text("friends = 'tag \"a\"'\n")
    assert shown(viewer.get("/subscribers?audience=friends").text) == [one]
