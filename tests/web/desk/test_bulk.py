"""What is done for an audience at the desk: the count before, how it goes, the log after."""

from __future__ import annotations

from typing import Any

import pytest

from bypost.delivery.context import Context
from bypost.store import audit, bulk_actions, subscribers
from bypost.web.desk import bulk as page
from tests.web.desk.conftest import HOSTILE, Signed
from tests.web.desk.test_subscribers import add


def start(who: Signed, action: str, value: str = "", **more: str) -> Any:
    data = {"audience": "tag a", "action": action, "value": value, **more}
    return who.post("/bulk", data)


def noted(context: Context) -> list[str]:
    with context.store.read() as connection:
        return [row["action"] for row in audit.newest(connection, limit=9)]


def test_the_count_stands_there_before_and_each_step_goes_on(
    operator: Signed, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = add(context, 250, tags=["a"])
    assert "250 people" in operator.get("/bulk?audience=tag a").text
    monkeypatch.setattr(page, "_ENOUGH", 0.0)
    where = start(operator, "add_tag", "b").headers["location"].removeprefix("/desk")
    presses = 0
    while "Go on" in operator.get(where).text:
        assert operator.post(f"{where}/on").status_code == 303
        presses += 1
        assert presses < 10
    assert presses == 3
    with context.store.read() as connection:
        rows = [subscribers.by_id(connection, number) for number in added]
    assert all(row is not None and row["tags"] == ["a", "b"] for row in rows)
    assert noted(context) == ["bulk.done", "bulk.start"]
    operator.post(f"{where}/on")
    assert noted(context) == ["bulk.done", "bulk.start"], "done is done"


def test_htmx_gets_the_part_that_asks_for_the_next_one(operator: Signed, context: Context) -> None:
    add(context, 3, tags=["a"])
    where = start(operator, "add_tag", "b").headers["location"].removeprefix("/desk")
    assert f'hx-post="/desk{where}/on"' in operator.get(where).text
    part = operator.post(f"{where}/on", headers={"HX-Request": "true"}).text
    assert part.startswith('<div id="bulk">')
    assert "hx-post" not in part, "it is done"


@pytest.mark.parametrize(
    ("action", "value", "more"),
    [
        ("nonsense", "b", {}),
        ("add_tag", "", {}),
        ("enroll", "letters", {}),
        ("enroll", "nothing", {"statement": "They agreed."}),
        ("leave", "course:letters", {}),
        ("leave", "course:letters", {"typed": "yes"}),
        ("leave", "course:nothing", {"typed": "leave"}),
        ("pause", "2020-01-01", {}),
        ("add_tag", "b", {"audience": "tga a"}),
    ],
)
def test_what_is_not_offered_begins_nothing(
    operator: Signed, context: Context, action: str, value: str, more: dict[str, str]
) -> None:
    assert start(operator, action, value, **more).status_code == 409
    with context.store.read() as connection:
        assert bulk_actions.newest(connection, 9) == []
    assert noted(context) == []


def test_it_can_be_stopped(operator: Signed, context: Context) -> None:
    add(context, 3, tags=["a"])
    where = start(operator, "add_tag", "b").headers["location"].removeprefix("/desk")
    assert "What was done stays done" in operator.after(f"{where}/stop").text
    operator.post(f"{where}/on")
    assert "stopped" in operator.get(where).text
    assert noted(context) == ["bulk.stop", "bulk.start"]


def test_who_only_looks_begins_nothing(viewer: Signed, context: Context) -> None:
    html = viewer.get("/bulk?audience=everyone").text
    assert 'method="post" action="/desk/bulk"' not in html
    assert start(viewer, "add_tag", "b").status_code == 403


@pytest.mark.parametrize("number", ["0", "x", "99", "9" * 30])
def test_what_is_not_there_is_not_found(operator: Signed, number: str) -> None:
    assert operator.get(f"/bulk/{number}").status_code == 404
    assert operator.post(f"/bulk/{number}/on").status_code == 404
    assert operator.post(f"/bulk/{number}/stop").status_code == 404


@pytest.mark.parametrize("words", HOSTILE)
def test_script_in_a_tag_or_an_audience_is_shown_as_text(operator: Signed, words: str) -> None:
    quoted = words.replace('"', '\\"')
    data = {"audience": f'tag "{quoted}"', "action": "add_tag", "value": words}
    where = operator.post("/bulk", data).headers["location"].removeprefix("/desk")
    for path in (where, "/bulk", f"/bulk?audience={words}"):
        html = operator.get(path).text
        assert "<script>alert" not in html
        assert "<img src=x" not in html
