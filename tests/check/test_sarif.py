"""Findings as code hosts take them: what SARIF 2.1.0 and their documentation ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bypost.check import Finding, Level
from bypost.check.sarif import as_sarif

ERROR = Finding(
    rule="key", level=Level.ERROR, path="lessons/a b/00-x.md", line=3, message="no", fix="do"
)
NOTE = Finding(rule="words", level=Level.INFO, path="lessons/a b", line=None, message="few")


def run(*found: Finding, root: Path = Path("/r"), base: Path = Path("/r")) -> dict[str, Any]:
    sarif = as_sarif(found, root, base)
    assert sarif["version"] == "2.1.0"
    assert sarif["$schema"].endswith("sarif-2.1.0.json")
    (one,) = sarif["runs"]
    assert isinstance(one, dict)
    return one


def uri(one: dict[str, Any], at: int = 0) -> str:
    place = one["results"][at]["locations"][0]["physicalLocation"]
    return str(place["artifactLocation"]["uri"])


def test_a_result_names_rule_level_message_and_line() -> None:
    (result,) = run(ERROR)["results"]
    assert result == {
        "ruleId": "key",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "no; do"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": "lessons/a%20b/00-x.md",
                        "uriBaseId": "%SRCROOT%",
                    },
                    "region": {"startLine": 3},
                }
            }
        ],
    }


def test_a_finding_about_a_whole_file_stands_on_its_first_line() -> None:
    (result,) = run(NOTE)["results"]
    assert result["level"] == "note"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_each_rule_that_found_something_is_described_once() -> None:
    one = run(NOTE, ERROR, ERROR)
    rules = one["tool"]["driver"]["rules"]
    assert [it["id"] for it in rules] == ["key", "words"]
    assert [rules[it["ruleIndex"]]["id"] for it in one["results"]] == ["words", "key", "key"]
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["help"]["markdown"].startswith("**")
    assert [it["defaultConfiguration"]["level"] for it in rules] == ["error", "note"]


def test_a_finding_about_a_folder_is_shown_in_the_file_that_describes_it(tmp_path: Path) -> None:
    folder = tmp_path / "lessons" / "a b"
    folder.mkdir(parents=True)
    (folder / "course.toml").touch()
    assert uri(run(NOTE, root=tmp_path, base=tmp_path)) == "lessons/a%20b/course.toml"


@pytest.mark.parametrize(
    ("base", "expected"),
    [("/repo", "site/lessons/a%20b/00-x.md"), ("/elsewhere", "lessons/a%20b/00-x.md")],
)
def test_paths_are_those_of_the_repository_where_the_project_is_a_part_of_it(
    base: str, expected: str
) -> None:
    assert uri(run(ERROR, root=Path("/repo/site"), base=Path(base))) == expected


def test_without_findings_there_is_a_run_without_results() -> None:
    # An upload without results is what closes the alerts of the one before.
    assert run()["results"] == []
