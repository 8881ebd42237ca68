"""``bypost newsletter``: what is told of issues, what is asked before, what is refused."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bypost.store import Store
from bypost.store.audit import newest as log
from scheduler.clock import SystemClock
from tests.cli.conftest import Ran
from tests.conftest import CHECKOUT, write_people

Run = Callable[..., Ran]
ISSUE = """\
---
id: first
subject: The first issue of all the issues
preheader: A preheader that is long enough to be taken for one by the checks
status: {status}
date: {date}
at: "09:00"
---
# The first issue

Hello. This is a text of a few words, so that there is something to read.
"""
FIRST = "news/first"


@pytest.fixture
def write(project: Path) -> Callable[..., None]:
    folder = project / "newsletters/news"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text('title = "News"\nsummary = "News for tests."\n')
    write_people(
        project,
        "b@example.org,B,Europe/Berlin,news",
        "t@example.org,T,Asia/Tokyo,news",
        "n@example.org,N,,news",
        header="email,name,time_zone,newsletters",
    )

    def writing(status: str = "ready", days: int = 30) -> None:
        date = (SystemClock().now() + timedelta(days=days)).date()
        text = ISSUE.format(status=status, date=date)
        (folder / "2026-01-01-first.md").write_text(text, encoding="utf-8")

    return writing


@pytest.fixture
def store(project: Path) -> Iterator[Store]:
    opened = Store("sqlite:///var/bypost.db", root=project)
    yield opened
    opened.close()


def ahead(days: int) -> str:
    return str((SystemClock().now() + timedelta(days=days)).date())


def test_the_list_names_each_newsletter_with_its_issues(
    run: Run, write: Callable[..., None]
) -> None:
    write()
    run("send")
    done = run("newsletter", "list")
    assert "news: News, 3 subscribed" in done.out
    assert re.search(r"first +scheduled, on .+ at 09:00 in each person's own zone", done.out)
    told = run("newsletter", "list", "--json").json["newsletters"][0]
    assert (told["name"], told["subscribers"]) == ("news", 3)
    assert told["issues"][0]["state"] == "scheduled"


def test_show_counts_who_gets_it_by_zone(run: Run, write: Callable[..., None]) -> None:
    write()
    run("send")
    told = run("newsletter", "show", FIRST, "--json").json
    count = told["audience_count"]
    assert (count["goes"], count["left"], count["suppressed"]) == (3, 0, 0)
    assert {zone["zone"]: zone["goes"] for zone in count["zones"]} == {
        "": 1,
        "Asia/Tokyo": 1,
        "Europe/Berlin": 1,
    }
    assert "3 people" in run("newsletter", "show", "first").out


def test_a_dry_run_says_what_it_means_and_changes_nothing(
    run: Run, write: Callable[..., None]
) -> None:
    write()
    run("send")
    words = ("newsletter", "schedule", FIRST, "--at", "now", "--dry-run")
    done = run(*words)
    assert "would go out to everybody on" in done.out
    assert "3 people" in done.out
    told = run(*words, "--json").json
    assert (told["changed"], told["order"]) == (False, None)


def test_at_now_goes_out_with_the_next_pass(run: Run, write: Callable[..., None]) -> None:
    write()
    run("send")
    assert run("newsletter", "schedule", FIRST, "--at", "now", "--yes").code == 0
    assert run("send", "--json").json["this_pass"]["accepted"] == 3
    told = run("newsletter", "show", FIRST, "--json").json
    assert (told["state"], told["accepted"], told["owed"]) == ("sent", 3, 3)
    assert run("newsletter", "schedule", FIRST, "--at", "now", "--yes").code == 2


def test_scheduling_a_draft_says_that_it_waits_for_its_file(
    run: Run, write: Callable[..., None]
) -> None:
    write(status="draft")
    run("send")
    done = run("newsletter", "schedule", FIRST, "--at", "now", "--yes")
    assert done.code == 0
    assert "nothing goes out until it says `ready`" in done.err
    assert run("send", "--json").json["this_pass"]["owed"] == 0
    write(status="ready")
    assert run("send", "--json").json["this_pass"]["accepted"] == 3


def test_nobody_is_asked_where_nobody_can_answer(run: Run, write: Callable[..., None]) -> None:
    write()
    run("send")
    for words in (("schedule", FIRST, "--at", "now"), ("cancel", FIRST)):
        done = run("newsletter", *words)
        assert done.code == 2
        assert "say --yes" in done.err
    assert run("newsletter", "show", FIRST, "--json").json["order"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "when?"),
        (("--at", "soon"), "soon: not a time"),
        (("--on", "someday"), "not a date and an hour"),
        (("--hour", "09:00"), "name one instant, or a date with --hour"),
        (("--at", "2020-01-01T09:00"), "has passed"),
    ],
)
def test_a_schedule_that_cannot_be_is_told_with_the_way_to_mend_it(
    run: Run, write: Callable[..., None], words: tuple[str, ...], said: str
) -> None:
    write()
    run("send")
    done = run("newsletter", "schedule", FIRST, *words, "--yes")
    assert done.code == 2
    assert said in done.err


def test_an_issue_with_an_error_is_not_scheduled(
    run: Run, write: Callable[..., None], project: Path
) -> None:
    write()
    run("send")
    (path,) = (project / "newsletters/news").glob("*.md")
    path.write_text(path.read_text() + "\n{{ subscriber.nmae }}\n")
    done = run("newsletter", "schedule", FIRST, "--at", "now", "--yes")
    assert done.code == 2
    assert "newsletters/news/2026-01-01-first.md:" in done.err


def test_pausing_resuming_cancelling_and_clearing_are_told_and_logged(
    run: Run, write: Callable[..., None], store: Store
) -> None:
    write()
    run("send")
    done = run("newsletter", "pause", FIRST, "--reason", "a wrong price", "--json").json
    assert (done["state"], done["order"]["reason"]) == ("paused", "a wrong price")
    assert "was paused already" in run("newsletter", "pause", FIRST).out
    assert "goes on" in run("newsletter", "resume", FIRST).out
    assert "was not paused" in run("newsletter", "resume", FIRST).out
    assert run("newsletter", "cancel", FIRST, "--yes", "--json").json["state"] == "cancelled"
    assert run("newsletter", "schedule", FIRST, "--at", "now", "--yes").code == 2
    assert "its file decides again" in run("newsletter", "clear", FIRST).out
    assert "nothing was ordered" in run("newsletter", "clear", FIRST).out
    with store.read() as connection:
        actions = {row["action"] for row in log(connection, limit=50)}
    assert {"issue.pause", "issue.resume", "issue.cancel", "issue.clear"} <= actions


def test_an_issue_that_is_not_there_is_told_with_those_that_are(
    run: Run, write: Callable[..., None]
) -> None:
    write()
    run("send")
    done = run("newsletter", "show", "news/second")
    assert done.code == 2
    assert "known: news/first" in done.err


def test_an_audience_that_is_not_there_sends_to_nobody_and_says_why(
    run: Run, write: Callable[..., None]
) -> None:
    write()
    run("send")
    done = run("newsletter", "schedule", FIRST, "--at", "now", "--audience", "nobodys", "--yes")
    assert done.code == 2
    assert "nobodys" in done.err


def test_the_walk_in_the_docs_works_as_it_is_written(run: Run, shipped_project: Path) -> None:
    text = (CHECKOUT / "docs/newsletters.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\$ bypost (.+)$", text, re.MULTILINE)
    settings = shipped_project / "bypost.toml"
    listed = '\n[preview]\naddresses = ["you@example.org"]\n'
    settings.write_text(settings.read_text() + listed)
    run("send", at=shipped_project)
    assert len(lines) >= 12
    for line in lines:
        words = shlex.split(re.sub(r"20\d\d-\d\d-\d\d", ahead(90), line))
        words = [
            str(shipped_project / word) if word.startswith("newsletters/") else word
            for word in words
        ]
        done = run(*words, at=shipped_project)
        assert (done.code, line) == (0, line), done.err
