"""The sample people of a new project: those who take what is in it."""

from __future__ import annotations

import csv
import io

#: Template -> the column of what it holds, and of what it leaves out.
_COLUMNS = {"course": ("courses", "newsletters"), "newsletter": ("newsletters", "courses")}


def fitting(text: str, template: str) -> str:
    """Return a CSV of subscribers without those who take nothing of the project.

    Args:
        text: The shipped file.
        template: ``course`` or ``newsletter``.
    """
    held, absent = _COLUMNS[template]
    reader = csv.DictReader(io.StringIO(text))
    written = io.StringIO()
    writer = csv.DictWriter(written, reader.fieldnames or (), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, absent: ""} for row in reader if row[held])
    return written.getvalue()
