"""Issues of newsletters: to their audience, at an instant or at each person's hour, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.store import counts
from scheduler.clock import SimulatedClock
from tests.conftest import write_people

Open = Callable[..., Context]

ISSUE = """\
---
id: first
subject: The first issue of all
preheader: A preheader that is long enough to be taken for one by the checks
status: {status}
{date}
---
# The first issue

Hello.
"""


@pytest.fixture
def newsletter(empty_project: Path) -> Callable[..., Path]:
    """Write one issue with a status and a date."""
    folder = empty_project / "newsletters" / "news"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text('title = "News"\nsummary = "News for tests."\n')
    write_people(
        empty_project,
        "berlin@example.org,B,Europe/Berlin,news",
        "tokyo@example.org,T,Asia/Tokyo,news",
        "york@example.org,Y,America/New_York,news",
        "nowhere@example.org,N,,news",
        "other@example.org,O,UTC,",
        header="email,name,time_zone,newsletters",
    )

    def writing(status: str = "ready", date: str = 'date: 2026-11-25\nat: "09:00"') -> Path:
        (folder / "2026-11-25-first.md").write_text(ISSUE.format(status=status, date=date))
        return empty_project

    return writing


def sent(context: Context) -> dict[str, datetime]:
    with context.store.read() as connection:
        return {row["email"]: row["accepted_at"] for row in counts.timeline(connection)}


def go_through(context: Context, clock: SimulatedClock, days: int) -> None:
    one = Pass(context)
    end = clock.now() + timedelta(days=days)
    one.run()
    while (at := one.next_at()) is not None and at < end:
        clock.advance_to(max(at, clock.now()))
        one.run()


def test_each_person_gets_it_at_their_own_hour(
    newsletter: Callable[..., Path], open_context: Open, clock: SimulatedClock
) -> None:
    context = open_context(newsletter())
    go_through(context, clock, days=4)
    assert sent(context) == {
        "tokyo@example.org": datetime(2026, 11, 25, 0, tzinfo=UTC),
        "berlin@example.org": datetime(2026, 11, 25, 8, tzinfo=UTC),
        "nowhere@example.org": datetime(2026, 11, 25, 9, tzinfo=UTC),
        "york@example.org": datetime(2026, 11, 25, 14, tzinfo=UTC),
    }
    assert Pass(context).next_at() is None


def test_an_instant_is_the_same_for_everybody(
    newsletter: Callable[..., Path], open_context: Open, clock: SimulatedClock
) -> None:
    context = open_context(newsletter(date="date: 2026-11-25T09:00:00+01:00"))
    go_through(context, clock, days=4)
    assert set(sent(context).values()) == {datetime(2026, 11, 25, 8, tzinfo=UTC)}
    assert len(sent(context)) == 4


def test_a_draft_is_never_sent(
    newsletter: Callable[..., Path], open_context: Open, clock: SimulatedClock
) -> None:
    context = open_context(newsletter(status="draft"))
    go_through(context, clock, days=10)
    assert not sent(context)


def test_an_issue_first_seen_too_late_is_archived_and_never_sent(
    newsletter: Callable[..., Path], open_context: Open, clock: SimulatedClock
) -> None:
    clock.advance_to(datetime(2026, 11, 27, 12, tzinfo=UTC))
    context = open_context(newsletter(date="date: 2026-11-25T09:00:00+01:00"))
    go_through(context, clock, days=4)
    assert not sent(context)


def test_an_issue_a_little_late_is_still_sent(
    newsletter: Callable[..., Path], open_context: Open, clock: SimulatedClock
) -> None:
    clock.advance_to(datetime(2026, 11, 25, 20, tzinfo=UTC))
    context = open_context(newsletter(date="date: 2026-11-25T09:00:00+01:00"))
    Pass(context).run()
    # Nobody was subscribed when its instant came: these four joined with this very pass.
    assert not sent(context)


def test_whoever_joins_after_the_instant_reads_the_archive(
    newsletter: Callable[..., Path], open_context: Open, clock: SimulatedClock
) -> None:
    project = newsletter(date="date: 2026-11-25T09:00:00+01:00")
    context = open_context(project)
    Pass(context).run()
    clock.advance_to(datetime(2026, 11, 25, 9, tzinfo=UTC))
    with (project / "subscribers.csv").open("a", encoding="utf-8") as file:
        file.write("late@example.org,L,UTC,news\n")
    go_through(context, clock, days=2)
    assert len(sent(context)) == 4
    assert "late@example.org" not in sent(context)


def test_a_pass_that_was_away_past_the_limit_sends_only_what_is_not_too_late(
    newsletter: Callable[..., Path], open_context: Open, clock: SimulatedClock
) -> None:
    context = open_context(newsletter())
    Pass(context).run()
    clock.advance_to(datetime(2026, 11, 26, 8, 30, tzinfo=UTC))  # Berlin was 24.5 hours ago
    go_through(context, clock, days=3)
    assert set(sent(context)) == {"nowhere@example.org", "york@example.org"}
