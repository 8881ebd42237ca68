"""Copies of the database to look ahead on; the real one is only read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bypost.delivery.context import Context
from bypost.delivery.rehearsal import Rehearsal
from bypost.project import open_copy
from bypost.store import pages as store
from bypost.store.scratch import Scratch

#: Looking ahead takes a pass for each coming instant: with more people it is for the first ones.
MOST_PEOPLE = 200


@dataclass(slots=True, kw_only=True)
class Copy:
    """A copy in a folder of its own.

    Attributes:
        last: The highest delivery when the copy was made; what comes after is not real.
        people: How many people are in a course, in the real database.
    """

    rehearsal: Rehearsal
    folder: Scratch
    last: int
    people: int

    @property
    def outbox(self) -> Path:
        """Return the mailbox of the copy."""
        return self.folder.path / "outbox"

    def close(self) -> None:
        """Throw the copy away."""
        self.rehearsal.context.store.close()
        self.folder.close()


def make_copy(context: Context) -> Copy:
    """Copy the database of a project, on a clock that begins now."""
    folder = Scratch("ahead")
    ahead = open_copy(context.root, folder.path, start=context.clock.now())
    with ahead.store.write() as connection:
        people = store.people_on_courses(connection)
        if people > MOST_PEOPLE:
            store.keep_first_people(connection, MOST_PEOPLE)
        last = store.highest_delivery(connection)
    # The CSV is the real pass's business: it takes up a change within seconds.
    return Copy(rehearsal=Rehearsal(ahead, csv=False), folder=folder, last=last, people=people)
