"""``bypost forecast``: days with bars, busy hours, collisions, and values for programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ran

Run = Callable[..., Ran]
KEYS = {"now", "until", "mails", "provider", "days", "hours", "collisions", "held", "capped"}
DAY = {"day", "due", "lessons", "issues", "limit", "leaves", "waiting", "through", "most"}


def test_each_day_has_its_line_and_the_fullest_its_hours(run: Run) -> None:
    run("send")
    ran = run("forecast", "--days", "4")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "6 mails in 4 days, through outbox, no limit"
    days = [line for line in lines if "█" in line and ":" not in line]
    assert len(days) == 2
    assert all(" 3  ████" in line for line in days)
    assert sum(line.startswith("     ") and ":00  " in line for line in lines) == 1


def test_json_has_the_documented_keys(run: Run) -> None:
    run("send")
    found = run("forecast", "--days", "3", "--json").json
    assert set(found) == KEYS
    assert len(found["days"]) == 3
    assert set(found["days"][0]) == DAY
    assert set(found["hours"][0]) == {"at", "due", "leaves", "waiting"}
    provider = {"name", "per_second", "per_day", "an_hour", "used_today", "stopped"}
    assert set(found["provider"]) == provider
    assert found["mails"] == sum(day["due"] for day in found["days"])


def test_before_the_first_pass_there_is_nothing_to_tell(run: Run, project: Path) -> None:
    ran = run("forecast")
    assert ran.code == 0
    assert "nothing was sent yet" in ran.out
    assert run("forecast", "--json").json["mails"] == 0
    assert not (project / "var").exists()


def test_where_caps_would_move_mails_it_says_so(run: Run, project: Path) -> None:
    with (project / "bypost.toml").open("a", encoding="utf-8") as file:
        file.write("\n[caps]\nper_week = 2\n")
    run("send")
    assert "! [caps] move some of these mails to later days" in run("forecast").out
    assert run("forecast", "--json").json["capped"] is True
