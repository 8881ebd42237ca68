"""Noting the end of a pass, so that ``status`` and monitors need not make one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from bypost.delivery import last_pass
from bypost.delivery.context import Context
from bypost.delivery.issue_order import ReadyIssue
from bypost.delivery.last_pass import LastPass
from bypost.delivery.owe_issues import next_issue_at
from bypost.delivery.publish import Published
from bypost.delivery.report import Report

#: Problems that are noted of one folder; ``bypost check`` has all of them.
_PROBLEMS = 20


def note_pass(context: Context, report: Report, published: Published, *, repeats: bool) -> None:
    """Note that a pass has come to its end; at most every 30 s while nothing happens.

    Args:
        repeats: Another pass follows by itself, after ``tick_seconds``.
    """
    every = timedelta(seconds=context.settings.sending.tick_seconds) if repeats else None
    last = LastPass(
        at=context.clock.now(),
        every=every,
        did={name: number for name, number in asdict(report.this_pass).items() if number},
        courses=sorted(published.shapes),
        held={
            folder: [asdict(problem) for problem in problems[:_PROBLEMS]]
            for folder, problems in report.held.items()
        },
        waiting=dict(report.waiting),
        troubles=tuple(report.troubles),
    )
    with context.store.read() as connection:
        before = last_pass.read(connection)
    if before is not None and _adds_nothing(last, before):
        return
    issue, at = _next_issue(context, published.issues)
    with context.store.write() as connection:
        last_pass.write(connection, replace(last, issue=issue, issue_at=at))


def _adds_nothing(last: LastPass, before: LastPass) -> bool:
    """Tell whether nothing happened, a moment after the pass before."""
    same = replace(before, at=last.at, did={}, issue="", issue_at=None)
    just_now = timedelta(0) <= last.at - before.at < last_pass.QUIET
    return just_now and not last.did and last_pass.plain(last) == last_pass.plain(same)


def _next_issue(context: Context, issues: Sequence[ReadyIssue]) -> tuple[str, datetime | None]:
    """Return the issue that falls due next somewhere, and when."""
    coming = [(next_issue_at(context, [one]), one) for one in issues]
    planned = [(at, f"{one.newsletter.id}/{one.issue.id}") for at, one in coming if at]
    at, name = min(planned, default=(None, ""))
    return name, at
