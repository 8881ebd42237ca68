"""Newsletters at the desk: looked at by anybody there, changed by operators, and logged."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.store import audit
from scheduler.clock import SimulatedClock
from tests.web.desk.conftest import HOSTILE, Signed

ISSUE = """\
---
id: first
subject: The first issue of all the issues
preheader: A preheader that is long enough to be taken for one by the checks
status: {status}
date: 2026-11-25
at: "09:00"
---
# The first issue

Hello {{{{ subscriber.name|default("you", true) }}}}, these are a few words to read in a test.
"""
PAGE = "/newsletters/notes/first"
NOON = {"how": "instant", "at": "2026-11-26T12:00", "zone": "UTC"}

Write = Callable[..., None]


@pytest.fixture
def write(project: Path) -> Write:
    def writing(status: str = "ready", more: str = "") -> None:
        path = project / "newsletters/notes/2026-11-25-first.md"
        path.write_text(ISSUE.format(status=status) + more, encoding="utf-8")

    return writing


@pytest.fixture(autouse=True)
def _written(write: Write, project: Path) -> None:
    write()
    with (project / "bypost.toml").open("a", encoding="utf-8") as file:
        file.write('\n[preview]\naddresses = ["me@example.org"]\n')


def test_the_list_shows_each_newsletter_with_its_next_issue(viewer: Signed) -> None:
    page = viewer.get("/newsletters")
    assert page.status_code == 200
    assert "Notes &amp; News" in page.text
    assert "The first issue of all the issues" in page.text


def test_a_newsletter_shows_its_issues_and_its_growth(viewer: Signed) -> None:
    page = viewer.get("/newsletters/notes")
    assert "scheduled" in page.text
    file = viewer.get("/newsletters/notes/growth.csv")
    assert file.text.splitlines()[0].lstrip("\ufeff") == "week_from,joined,left"
    assert file.text.splitlines()[-1].endswith(",1,0")


@pytest.mark.parametrize(
    "path", ["/newsletters/nothing", "/newsletters/notes/nothing", "/newsletters/x/first/frame"]
)
def test_what_is_not_there_is_told(viewer: Signed, path: str) -> None:
    assert viewer.get(path).status_code == 404


def test_an_issue_shows_its_file_its_mail_and_its_audience(viewer: Signed) -> None:
    page = viewer.get(PAGE).text
    assert "these are a few words to read in a test" in page
    assert "at 09:00 in each person&#39;s own zone" in page
    frame = viewer.get(f"{PAGE}/frame")
    assert "The first issue" in frame.text
    assert "script-src" not in frame.headers["content-security-policy"]
    audience = viewer.settled(f"{PAGE}/audience")
    assert "<b>1</b> person gets it" in audience
    assert "Europe/Berlin" in audience


def test_a_part_alone_is_what_htmx_asks_for(viewer: Signed) -> None:
    for name in ("audience", "check", "progress"):
        part = viewer.get(f"{PAGE}/{name}", headers={"HX-Request": "true"}).text
        assert part.lstrip().startswith(f'<div id="{name}"')
        assert "<html" in viewer.get(f"{PAGE}/{name}").text


def test_a_viewer_sees_no_form_and_can_press_none(viewer: Signed) -> None:
    assert f"/desk{PAGE}/" not in re.findall(r'action="([^"]+)"', viewer.get(PAGE).text)
    for name in ("test", "meaning", "schedule", "pause", "resume", "cancel", "clear"):
        assert viewer.post(f"{PAGE}/{name}", NOON).status_code == 403


def test_what_a_schedule_means_is_told_before_it_is_made(
    operator: Signed,
    sign_in: Callable[..., Signed],
    context: Context,
    clock: SimulatedClock,
) -> None:
    meaning = operator.post(f"{PAGE}/meaning", NOON)
    assert meaning.status_code == 200
    assert "to everybody on Thu 26 Nov 2026 at 12:00 UTC" in meaning.text
    assert "<b>1</b> person gets it" in meaning.text
    assert "ordered" not in operator.get(PAGE).text
    done = operator.after(f"{PAGE}/schedule", NOON)
    assert "as olga ordered" in done.text
    clock.advance_to(datetime(2026, 11, 26, 12, 1, tzinfo=UTC))
    assert Pass(context).run().this_pass.accepted >= 1
    assert "✓ sent" in sign_in("otto").get(PAGE).text


def test_a_local_hour_for_everybody_can_be_ordered(operator: Signed) -> None:
    form = {"how": "hour", "day": "2026-11-27", "hour": "18:00"}
    done = operator.after(f"{PAGE}/schedule", form)
    assert "It goes out on Fri 27 Nov 2026 at 18:00" in done.text


def test_an_audience_can_be_ordered_with_the_time_left_as_it_is(operator: Signed) -> None:
    form = {"how": "same", "limit": "yes", "audience": "tag vip"}
    meaning = operator.post(f"{PAGE}/meaning", form)
    assert "<b>0</b> people get it" in meaning.text
    assert "1 person not in the audience" in meaning.text


@pytest.mark.parametrize(
    "form",
    [
        {"how": "instant", "at": "soon"},
        {"how": "hour", "day": "never"},
        {"how": "instant", "at": "2020-01-01T09:00", "zone": "UTC"},
        {"how": "same"},
        {"how": "same", "limit": "yes", "audience": "'; DROP TABLE subscribers; --"},
        {},
    ],
)
def test_a_schedule_that_cannot_be_is_refused_in_words(
    operator: Signed, form: dict[str, str]
) -> None:
    answer = operator.post(f"{PAGE}/schedule", form)
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.text


def test_an_error_in_the_file_forbids_scheduling(operator: Signed, write: Write) -> None:
    write(more="\n{{ subscriber.nmae }}\n")
    assert "It cannot be scheduled" in operator.get(f"{PAGE}/check").text
    for name in ("meaning", "schedule"):
        answer = operator.post(f"{PAGE}/{name}", NOON)
        assert answer.status_code == 422
        assert "It cannot be scheduled" in answer.text


def test_a_draft_says_that_scheduling_does_not_send_it(operator: Signed, write: Write) -> None:
    write(status="draft")
    words = "status: draft"
    assert words in operator.get(PAGE).text
    assert words in operator.post(f"{PAGE}/meaning", NOON).text
    assert "It waits for" in operator.after(f"{PAGE}/schedule", NOON).text


def test_a_test_goes_to_a_listed_address_and_to_no_other(
    operator: Signed, project: Path, context: Context
) -> None:
    before = Pass(context).status().total
    done = operator.after(f"{PAGE}/test", {"to": "me@example.org"})
    assert "The test was handed to outbox" in done.text
    assert len(list((project / "var/outbox").glob("test-*.eml"))) == 1
    assert Pass(context).status().total == before
    answer = operator.post(f"{PAGE}/test", {"to": "someone@example.com"})
    assert answer.status_code == 422
    assert "[preview] addresses" in answer.text


def test_tests_are_limited(operator: Signed) -> None:
    answers = [operator.post(f"{PAGE}/test", {"to": "me@example.org"}) for _ in range(7)]
    assert answers[-1].status_code == 422
    assert "several tests have just left" in answers[-1].text


def test_pausing_resuming_and_clearing_are_done_and_logged(
    operator: Signed, context: Context
) -> None:
    assert "Paused" in operator.after(f"{PAGE}/pause", {"reason": "a wrong price"}).text
    assert "a wrong price" in operator.get(PAGE).text
    assert "It goes on" in operator.after(f"{PAGE}/resume").text
    assert "Its file decides again" in operator.after(f"{PAGE}/clear").text
    with context.store.read() as connection:
        rows = audit.newest(connection, limit=20)
    done = [(row["action"], row["who"], row["subject"]) for row in rows]
    for action in ("issue.pause", "issue.resume", "issue.clear"):
        assert (action, "olga", "issue:notes/first") in done


def test_cancelling_wants_its_name_typed(operator: Signed) -> None:
    refused = operator.post(f"{PAGE}/cancel", {"typed": "yes"})
    assert refused.status_code == 422
    assert "cancelled</span>" not in operator.get(PAGE).text
    assert "Cancelled" in operator.after(f"{PAGE}/cancel", {"typed": "first"}).text
    assert "cancelled" in operator.get(PAGE).text


def test_the_report_counts_by_hour_with_a_file(
    sign_in: Callable[..., Signed], context: Context, clock: SimulatedClock
) -> None:
    clock.advance_to(datetime(2026, 11, 25, 8, 5, tzinfo=UTC))
    Pass(context).run()
    viewer = sign_in("vera", "viewer")
    page = viewer.get(PAGE).text
    assert "What became of it" in page
    assert "Accepted by hour" in page
    file = viewer.get(f"{PAGE}/hours.csv").text
    assert file.splitlines()[1].endswith(",1")
    # Others may live further west: it is watched until its last hour has passed.
    assert 'hx-trigger="every 3s"' in viewer.get(f"{PAGE}/progress").text
    clock.advance(timedelta(days=1))
    Pass(context).run()
    viewer = sign_in("victor", "viewer")
    assert "hx-trigger" not in viewer.get(f"{PAGE}/progress").text.split('id="progress"')[1]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_an_issue_says_runs_nowhere(operator: Signed, project: Path, text: str) -> None:
    path = project / "newsletters/notes/2026-11-25-first.md"
    path.write_text(path.read_text() + f"\n{text}\n", encoding="utf-8")
    page = operator.get(PAGE).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    operator.post(f"{PAGE}/pause", {"reason": text})
    page = operator.get(PAGE).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
