"""Saved audiences at the desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from bypost.delivery.context import Context
from bypost.store import audiences, audit
from tests.web.desk.conftest import HOSTILE, Signed
from tests.web.desk.test_subscribers import add, shown


def save(who: Signed, name: str, expression: str, **more: str) -> object:
    return who.post("/audiences/new", {"name": name, "expression": expression, **more})


def saved(context: Context) -> dict[str, str]:
    with context.store.read() as connection:
        return audiences.expressions(connection)


def test_an_audience_is_looked_at_saved_changed_and_removed(
    operator: Signed, context: Context
) -> None:
    (one,) = add(context, 1, tags=["a"])
    data = {"name": "friends", "expression": "tag a", "do": "preview"}
    looked = operator.post("/audiences/new", data)
    assert looked.status_code == 200
    assert shown(looked.text) == [one]
    assert "1 person" in looked.text
    assert saved(context) == {}, "looking saves nothing"
    assert "Saved." in operator.after("/audiences/new", {**data, "do": "save"}).text
    save(operator, "friends", "tag b")
    assert saved(context) == {"friends": "tag b"}
    assert "friends" in operator.get("/audiences").text
    operator.post("/audiences/saved/friends/remove")
    assert saved(context) == {}
    with context.store.read() as connection:
        notes = [row["action"] for row in audit.newest(connection, limit=9)]
    assert notes == ["audience.remove", "audience.save", "audience.save"]


@pytest.mark.parametrize(
    ("name", "expression", "said"),
    [
        ("A", "tag a", "cannot be called"),
        ("tag", "tag a", "cannot be called"),
        ("a", "tga a", "did you mean `tag`"),
        ("a", "audience a or paused", "part of itself"),
        ("a", "audience b", "there is no audience `b`"),
        ("written", "tag a", "audiences.toml"),
    ],
)
def test_what_cannot_be_saved_is_said_and_nothing_typed_is_lost(
    operator: Signed, context: Context, name: str, expression: str, said: str
) -> None:
    Path(context.root / "audiences.toml").write_text("written = 'paused'\n")
    answer = save(operator, name, expression)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    html = answer.text  # type: ignore[attr-defined]
    assert said in html
    assert expression in html
    assert saved(context) == {}


def test_what_another_audience_or_an_issue_names_is_not_removed(
    operator: Signed, context: Context
) -> None:
    save(operator, "a", "paused")
    save(operator, "b", "not audience a")
    answer = operator.post("/audiences/saved/a/remove")
    assert answer.status_code == 409
    assert "audience b" in answer.text
    assert set(saved(context)) == {"a", "b"}


def test_an_audience_of_the_files_is_shown_and_not_changed_here(
    operator: Signed, context: Context
) -> None:
    save(operator, "written", "tag mine")
    Path(context.root / "audiences.toml").write_text("written = 'paused'\n")
    html = operator.get("/audiences/saved/written").text
    assert "it does not count" in html
    assert 'name="expression"' not in html
    operator.post("/audiences/saved/written/remove")
    assert saved(context) == {}, "the one that does not count can go"
    assert operator.get("/audiences/saved/written").status_code == 200


@pytest.mark.parametrize("words", HOSTILE)
def test_an_expression_with_script_is_shown_as_text(operator: Signed, words: str) -> None:
    quoted = words.replace('"', '\\"')
    save(operator, "a", f'tag "{quoted}"', note=words)
    for path in ("/audiences", "/audiences/saved/a"):
        html = operator.get(path).text
        assert "<script>alert" not in html
        assert "<img src=x" not in html


def test_a_name_that_is_not_there_is_not_found(viewer: Signed) -> None:
    for name in ("x", "..%2F..", "%00", "A" * 500):
        assert viewer.get(f"/audiences/saved/{name}").status_code == 404
