"""Sample issues lie ahead on the day a project is made, on their weekday and in their order."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bypost.starter.dates import moved


@pytest.fixture
def newsletter(tmp_path: Path) -> Path:
    for day in ("2026-12-01", "2026-12-15"):
        text = f"---\nid: on-{day[-2:]}\ndate: {day}\n---\n\nOn {day}, a Tuesday.\n"
        (tmp_path / f"{day}-notes.md").write_text(text, encoding="utf-8")
    (tmp_path / "newsletter.toml").write_text('title = "Notes"\n')
    return tmp_path


def issues(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix("-notes.md") for path in folder.glob("*.md"))


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 1), ["2026-12-01", "2026-12-15"]),
        (date(2026, 11, 24), ["2026-12-01", "2026-12-15"]),
        (date(2026, 11, 25), ["2026-12-08", "2026-12-22"]),
        # The first takes the name that the second had.
        (date(2026, 12, 8), ["2026-12-15", "2026-12-29"]),
        (date(2027, 5, 5), ["2027-05-18", "2027-06-01"]),
    ],
)
def test_the_first_issue_is_a_week_ahead_at_least(
    newsletter: Path, today: date, expected: list[str]
) -> None:
    moved(newsletter, today)
    assert issues(newsletter) == expected
    for day in expected:
        text = (newsletter / f"{day}-notes.md").read_text(encoding="utf-8")
        assert f"\ndate: {day}\n" in text
        assert "a Tuesday." in text


def test_what_an_issue_says_is_left_as_it_is(newsletter: Path) -> None:
    moved(newsletter, date(2027, 5, 5))
    text = (newsletter / "2027-05-18-notes.md").read_text(encoding="utf-8")
    assert "On 2026-12-01, a Tuesday." in text
    assert "id: on-01" in text


def test_a_folder_without_dated_issues_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "draft.md").write_text("---\nid: draft\n---\n\nText.\n")
    moved(tmp_path, date(2027, 5, 5))
    assert [path.name for path in tmp_path.iterdir()] == ["draft.md"]
