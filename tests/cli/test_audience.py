"""``bypost audience`` and ``bypost subscribers list``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.store import Store, audit
from tests.cli.conftest import Ran

Run = Callable[..., Ran]


@pytest.fixture
def sent(run: Run) -> Run:
    """The same, after a first pass: three people are on a course."""
    assert run("send").code == 0
    return run


def test_an_audience_is_saved_shown_counted_changed_and_removed(sent: Run, project: Path) -> None:
    assert sent("audience", "save", "on-it", "course letters active").out.strip() == "✓ saved"
    assert sent("audience", "save", "p1", 'name is "Person 1" and audience on-it').code == 0
    assert sent("audience", "show", "p1", "--json").json == {
        "name": "p1",
        "expression": 'name is "Person 1" and audience on-it',
        "where": "saved",
        "whole": 'name is "Person 1" and course "letters" active',
    }
    assert sent("audience", "count", "on-it").out.strip() == "3 people"
    assert sent("audience", "count", "p1", "--json").json == {"audience": "p1", "people": 1}
    refused = sent("audience", "remove", "on-it")
    assert refused.code == 2
    assert "`on-it` is part of `p1`" in refused.err
    assert sent("audience", "remove", "p1").code == 0
    assert sent("audience", "save", "on-it", "everyone").out.strip() == "✓ changed"
    found = sent("audience", "list", "--json").json
    assert found["audiences"] == [{"name": "on-it", "expression": "everyone", "where": "saved"}]
    store = Store("sqlite:///var/bypost.db", root=project)
    with store.read() as connection:
        noted = [(row["via"], row["action"]) for row in audit.newest(connection, limit=9)]
    store.close()
    assert noted[0] == ("command", "audience.save")
    assert ("command", "audience.remove") in noted


def test_the_list_has_people_in_the_order_in_which_they_came(sent: Run) -> None:
    found = sent("subscribers", "list", "--audience", "status confirmed", "--limit", "2", "--json")
    assert [one["email"] for one in found.json["people"]] == ["p0@example.org", "p1@example.org"]
    assert found.json["more"] is True
    plain = sent("subscribers", "list", "--audience", 'name is "Person 2"')
    assert plain.out.split() == ["p2@example.org", "confirmed", "Person", "2"]
    assert sent("subscribers", "list", "--audience", "tag nobody").out == ""


@pytest.mark.parametrize(
    "words",
    [
        ("subscribers", "list", "--audience", "tga a"),
        ("audience", "count", "tga a"),
        ("audience", "save", "a", "tga a"),
    ],
)
def test_a_mistake_is_wrong_usage_and_is_pointed_at(sent: Run, words: tuple[str, ...]) -> None:
    done = sent(*words)
    assert done.code == 2
    assert "tga a\n    ^^^\n    did you mean `tag`?" in done.err


def test_a_name_of_the_files_counts_and_is_changed_there(sent: Run, project: Path) -> None:
    sent("audience", "save", "mine", "tag x")
    (project / "audiences.toml").write_text("mine = 'name is \"Person 1\"'\n")
    assert sent("audience", "count", "mine").out.strip() == "1 person"
    refused = sent("audience", "save", "mine", "everyone")
    assert refused.code == 2
    assert "`mine` is written in audiences.toml" in refused.err


def test_a_mistake_in_the_files_is_told_with_its_line(sent: Run, project: Path) -> None:
    (project / "audiences.toml").write_text("good = 'paused'\n\nbad = 'tga a'\nworse = 3\n")
    done = sent("audience", "list")
    assert done.code == 1
    assert "good" in done.out
    assert "audiences.toml:3: the audience cannot be read" in done.err
    assert "audiences.toml:4: `worse` is not a text" in done.err
    assert sent("audience", "count", "bad").code == 2
    assert sent("audience", "count", "good").out.strip() == "0 people"
