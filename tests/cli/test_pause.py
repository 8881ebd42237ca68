"""``bypost pause`` and ``bypost resume``: what is held, what goes on, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bypost.store import Store, budgets
from bypost.store.schema import issues
from scheduler.clock import SystemClock
from tests.cli.conftest import Ran

Run = Callable[..., Ran]
COURSE, ONE = ("course", "letters"), ("subscriber", "p1@example.org")
ISSUE = """\
---
id: {id}
subject: The subject of issue {id}
preheader: A preheader that is long enough to be taken for one by the checks
status: ready
date: {date}
---
# Issue {id}

Hello.
"""


@pytest.fixture
def old_issue(project: Path) -> Path:
    """An issue that fell due 25 hours ago."""
    folder = project / "newsletters" / "news"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text('title = "News"\nsummary = "News for tests."\n')
    at = (SystemClock().now() - timedelta(hours=25)).isoformat(timespec="seconds")
    path = folder / "2026-11-01-old.md"
    path.write_text(ISSUE.format(id="old", date=at))
    return path


@pytest.fixture
def store(project: Path) -> Iterator[Store]:
    opened = Store("sqlite:///var/bypost.db", root=project)
    yield opened
    opened.close()


def test_a_pause_is_told_with_its_end_its_reason_and_what_it_means(run: Run) -> None:
    run("send")
    done = run("pause", *COURSE, "--until", "2099-01-07", "--reason", "holidays")
    assert (done.code, done.err) == (0, "")
    assert "✓ course letters is paused until Wednesday 7 January 2099 at 00:00 UTC" in done.out
    assert "everybody keeps their place" in done.out
    told = run("status").out
    assert "! course letters is paused until" in told
    assert told.rstrip().endswith(": holidays")


def test_pausing_again_says_that_it_was(run: Run) -> None:
    assert run("pause", *ONE).out.startswith("✓ subscriber") is False  # nobody is there yet
    run("send")
    assert run("pause", *ONE).out.startswith("✓ subscriber p1@example.org is paused until `bypost")
    again = run("pause", *ONE)
    assert (again.code, again.out[:10]) == (0, "• already:")


def test_with_json_a_pause_is_one_object(run: Run) -> None:
    run("send")
    done = run("pause", *ONE, "--until", "2099-01-07T09:00+01:00", "--json")
    assert done.code == 0
    assert list(done.json) == ["scope", "name", "since", "until", "reason", "changed"]
    assert (done.json["scope"], done.json["name"], done.json["changed"]) == (*ONE, True)
    assert datetime.fromisoformat(done.json["until"]) == datetime(2099, 1, 7, 8, tzinfo=UTC)
    (told,) = run("status", "--json").json["paused"]
    assert {**told, "changed": True} == done.json


def test_a_day_begins_in_the_zone_of_whom_it_concerns(run: Run) -> None:
    run("send")
    told = run("pause", *ONE, "--until", "2099-07-01", "--json").json["until"]
    assert datetime.fromisoformat(told) == datetime(2099, 6, 30, 22, tzinfo=UTC)


def test_what_was_paused_goes_on_and_goes_on_only_once(run: Run) -> None:
    run("send")
    run("pause", *COURSE)
    done = run("resume", *COURSE)
    assert (done.code, done.out.splitlines()[0]) == (0, "✓ course letters goes on")
    again = run("resume", *COURSE)
    assert (again.code, again.out) == (0, "course letters is not paused\n")
    assert run("resume", *COURSE, "--json").json == {
        "providers": [],
        "resumed": None,
        "archived": [],
    }


def test_resuming_everything_that_stopped_names_what_is_still_paused(
    run: Run, store: Store
) -> None:
    run("send")
    run("pause", *COURSE)
    with store.write() as connection:
        budgets.open_breaker(connection, "outbox", "HTTP 401", SystemClock().now())
    done = run("resume")
    assert done.out == "outbox may send again with the next pass\n"
    assert "course letters is still paused: bypost resume course letters" in done.err
    assert run("resume", "--json").json["providers"] == []


def test_a_resumed_newsletter_names_what_came_too_late(
    run: Run, old_issue: Path, store: Store
) -> None:
    run("send")
    run("pause", "newsletter", "news")
    with store.write() as connection:  # as if it had been seen before its time
        connection.execute(update(issues).values(state="planned"))
    assert run("send", "--json").json["archived"] == []
    done = run("resume", "newsletter", "news")
    assert done.out.startswith("✓ newsletter news goes on")
    assert done.err == "! news/old is more than 24 hours late: filed in the archive, not sent\n"
    assert run("resume", "newsletter", "news", "--json").json["archived"] == []
    assert run("send", "--json").json["archived"] == []


def test_a_pass_names_what_came_too_late(run: Run, old_issue: Path, store: Store) -> None:
    run("send")
    with store.write() as connection:
        connection.execute(update(issues).values(state="planned"))
    assert "newsletters/news/old: too late to be sent; filed in the archive" in run("send").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pause", "course", "leters"), "there is no course `leters`\n    known: letters"),
        (("pause", "newsletter", "news"), "there is no newsletter `news`\n    known: none"),
        (("pause", "subscriber", "x@example.org"), "there is nobody with the address"),
        (("pause", *COURSE, "--until", "2020-01-01"), "that has passed"),
        (("pause", *COURSE, "--until", "soon"), "write it like 2027-01-07"),
        (("pause", *COURSE, "--until", "0001-01-01T00:00+23:00"), "write it like"),
        (("resume", "course"), "write: bypost resume course NAME"),
        (("resume", "course", "leters"), "known: letters"),
        (("resume", "letters", "course"), "what goes on by its name is a course"),
        (("resume", "nothing"), "`nothing` is not stopped"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(run: Run, words: tuple[str, ...], said: str) -> None:
    run("send")
    done = run(*words)
    assert done.code == 2
    assert said in done.err


def test_a_broken_course_can_be_paused(run: Run, project: Path) -> None:
    run("send")
    (project / "lessons/letters/01-two.md").write_text("---\nid: two\n---\n")
    assert run("pause", *COURSE).code == 0
