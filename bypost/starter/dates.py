"""Dates of the sample issues: an issue that lies behind would be archived, never sent."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

#: Days before the first issue: time to read it, change it and set it to ready.
LEAD = 7

_DATE = re.compile(r"^date: (\d{4}-\d\d-\d\d)$", re.MULTILINE)


def moved(newsletter: Path, today: date) -> None:
    """Move the issues of a folder ahead by whole weeks, so that the first has its lead.

    Their order, their distances and their weekdays stay; file names follow.
    """
    issues = {path: _DATE.search(path.read_text("utf-8")) for path in newsletter.glob("*.md")}
    dates = {path: date.fromisoformat(found[1]) for path, found in issues.items() if found}
    if not dates:
        return
    missing = today + timedelta(days=LEAD) - min(dates.values())
    weeks = timedelta(weeks=max(0, -(-missing.days // 7)))
    # The latest first: none takes the name of one that has not moved yet.
    for path, day in sorted(dates.items(), reverse=True):
        text = path.read_text("utf-8").replace(f"date: {day}", f"date: {day + weeks}", 1)
        path.write_text(text, encoding="utf-8")
        path.rename(path.with_name(path.name.replace(str(day), str(day + weeks), 1)))
