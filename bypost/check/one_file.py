"""What stands against sending one file, of all that `bypost check` finds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bypost.check.finding import Finding, Level
from bypost.check.memory import Memory
from bypost.check.run import examine_project
from bypost.check.scope import scope, within
from bypost.settings import Settings
from scheduler.clock import SystemClock


def findings_of(
    root: Path, settings: Settings, path: str, *, memory: Memory | None = None
) -> Sequence[Finding]:
    """Return what is found in one file; the whole project is examined for it.

    Args:
        path: Relative to the project, e.g. ``newsletters/news/2026-12-01-first.md``.
        memory: Of the examination before, so that only what changed is looked at.
    """
    examined = examine_project(root, settings, now=SystemClock().now(), memory=memory)
    return within(examined.findings, scope(root, [root / path]))


def errors_of(root: Path, settings: Settings, path: str) -> list[Finding]:
    """Return the errors among them: with one of these an issue is not scheduled."""
    return [one for one in findings_of(root, settings, path) if one.level is Level.ERROR]
