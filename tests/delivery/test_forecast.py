"""The forecast says what then happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

from bypost.delivery import backlog
from bypost.delivery.context import Context
from bypost.delivery.forecast import Forecast, forecast
from bypost.delivery.rehearsal import Rehearsal
from bypost.project import open_rehearsal
from tests.conftest import write_course, write_people

ZONES = (
    *("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"),
    *("Pacific/Auckland", "America/St_Johns", "Asia/Tokyo", "Africa/Casablanca", ""),
)
#: Clocks go forward in Berlin on 28 March 2027, in New York on 14 March; back in Lord Howe in April.
START = datetime(2027, 3, 21, 10, 20, tzinfo=UTC)
DAYS = 14
ISSUE = """\
---
id: {id}
subject: The subject of {id}
preheader: A preheader that is long enough to be taken for one by the checks
status: ready
date: {date}
---
# Title of {id}

Hello, this is {id}.
"""


def write_newsletter(root: Path, **dates: str) -> None:
    folder = root / "newsletters" / "notes"
    folder.mkdir(parents=True)
    text = 'title = "Notes"\nsummary = "A newsletter for tests."\nhour = "08:30"\n'
    (folder / "newsletter.toml").write_text(text, encoding="utf-8")
    for name, date in dates.items():
        (folder / f"{date[:10]}-{name}.md").write_text(
            ISSUE.format(id=name, date=date), encoding="utf-8"
        )


def write_crowd(root: Path, count: int) -> None:
    """People of many zones and hours, on one course, both, and on the newsletter or not."""
    zones, hours = cycle(ZONES), cycle(("", "06:00", "21:00", "09:00", ""))
    courses = cycle(("letters", "letters grammar", "grammar", "letters"))
    notes = cycle(("notes", ""))
    write_people(
        root,
        *(
            f"p{i}@example.org,Person {i},{next(zones)},{next(hours)},{next(courses)},{next(notes)}"
            for i in range(count)
        ),
        header="email,name,time_zone,hour,courses,newsletters",
    )


@contextmanager
def rehearsing(root: Path, folder: Path, start: datetime = START) -> Iterator[Rehearsal]:
    """A rehearsal after its first pass."""
    folder.mkdir()
    with open_rehearsal(root, folder, start=start) as context:
        first = Rehearsal(context)
        first.start()
        yield Rehearsal(context, csv=False)


def told(found: Forecast) -> Counter[datetime]:
    return Counter({hour.at: hour.due for hour in found.hours if hour.due})


def happened(rehearsal: Rehearsal, until: datetime) -> Counter[datetime]:
    last = max((int(one.ref.rpartition("-")[2]) for one in rehearsal.sent()), default=0)
    rehearsal.run(until)
    sent = rehearsal.sent(after=last)
    return Counter(backlog.floor(one.at) for one in sent if one.at < until)


def agree(rehearsal: Rehearsal) -> Forecast:
    found = forecast(rehearsal.context, DAYS)
    assert told(found) == happened(rehearsal, found.until)
    return found


def test_every_hour_of_two_weeks_and_a_clock_change_comes_as_it_was_told(
    empty_project: Path, tmp_path: Path
) -> None:
    write_course(
        empty_project, "letters", ("at once", "1 day", "2 days", "1 weekday", "weekly on monday")
    )
    write_course(
        empty_project, "grammar", ("at once", "1 weekday", "at once", "twice a week"), hour="07:15"
    )
    write_newsletter(
        empty_project, local="2027-03-29", instant="2027-03-31T09:00:00+02:00", over="2027-03-01"
    )
    write_crowd(empty_project, 400)
    with rehearsing(empty_project, tmp_path / "r") as rehearsal:
        found = agree(rehearsal)
    assert found.due >= 1500
    assert sum(day.issues for day in found.days) == 400
