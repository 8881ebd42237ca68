"""Leaving and coming back: the table of docs/subscribers.md, each cell tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bypost.people import erase, leave, restart, switch, undo
from bypost.people.admit import Basis, Newcomer, NotAdmitted, admit, refuse
from bypost.people.leave import Membership
from bypost.store import Connection, consents, enrollments, subscribers, subscriptions
from tests.conftest import CHECKOUT
from tests.people.desk import Desk
from tests.people.form import Form

WEEK = timedelta(days=7)
ANA = "ana@example.org"
PAGE = (CHECKOUT / "docs/subscribers.md").read_text(encoding="utf-8")
PART = PAGE.split("\n## Coming back\n")[1].split("\n## ")[0]


def tables() -> Iterator[list[list[str]]]:
    """Yield the tables of the part, without the line under the head."""
    for block in PART.split("\n\n"):
        if block.startswith("|"):
            rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in block.splitlines()]
            yield [rows[0], *rows[2:]]


(HEAD, *ROWS), (_, *WORDS) = tables()
CELLS = [(row[0], way, cell) for row in ROWS for way, cell in zip(HEAD[1:], row[1:], strict=True)]


@dataclass(frozen=True)
class State:
    """What stands in the database of somebody."""

    person: int | None
    runs: tuple[tuple[int, int, str], ...]
    letters: tuple[tuple[int, str], ...]


@dataclass
class Story:
    """Somebody at a desk, before and after."""

    desk: Desk
    form: Form
    person: int | None = None

    def state(self) -> State:
        person = self.desk.person()
        if person is None:
            return State(None, (), ())
        with self.desk.store.read() as connection:
            runs = enrollments.of_subscribers(connection, [person["id"]])
            letters = subscriptions.of_subscribers(connection, [person["id"]])
        return State(
            person["id"],
            tuple((run["id"], run["run"], run["status"]) for run in runs),
            tuple((row["id"], row["status"]) for row in letters),
        )

    def evidence(self) -> list[str]:
        """Return what is agreed to at present, and where each was said."""
        with self.desk.store.read() as connection:
            rows = consents.of_subscriber(connection, self.person or self.state().person or 0)
        return [f"{r['purpose']} {r['source']}" for r in rows if r["withdrawn_at"] is None]

    def rows(self, connection: Connection, kind: str) -> Any:
        find = enrollments if kind == "course" else subscriptions
        return find.of_subscribers(connection, [self.person or 0])


# Before


def never_confirmed(story: Story) -> None:
    story.desk.rows(f"{ANA},,,,unconfirmed,,alpha,gazette")


def on_it(story: Story) -> None:
    """Be on a course and a newsletter."""
    story.desk.rows(f"{ANA},Ana,,,,,alpha,gazette")


def left_the_course(story: Story) -> None:
    on_it(story)
    story.desk.leave("alpha")


def finished_the_course(story: Story) -> None:
    on_it(story)
    with story.desk.store.write() as connection:
        (run,) = enrollments.of_subscribers(connection, [1])
        enrollments.finish(connection, [run["id"]], story.desk.now)


def left_the_newsletter(story: Story) -> None:
    on_it(story)
    story.desk.leave("gazette")


def left_everything(story: Story) -> None:
    on_it(story)
    story.desk.leave_everything()


def bounced(story: Story) -> None:
    on_it(story)
    story.desk.suppress("bounced")


def complained(story: Story) -> None:
    on_it(story)
    story.desk.suppress("complained")


def finished_then_bounced(story: Story) -> None:
    finished_the_course(story)
    story.desk.suppress("bounced")


def erased(story: Story) -> None:
    on_it(story)
    with story.desk.store.write() as connection:
        person = subscribers.by_keys(connection, [ANA])[ANA]
        erase.erase(connection, person, story.desk.address_hash, now=story.desk.now)


BEFORE: dict[str, Callable[[Story], None]] = {
    "never confirmed": never_confirmed,
    "left the course": left_the_course,
    "finished the course": finished_the_course,
    "left the newsletter": left_the_newsletter,
    "left everything": left_everything,
    "bounced": bounced,
    "complained": complained,
    "finished, then bounced": finished_then_bounced,
    "erased": erased,
}

# Ways back; each returns whether it was refused


def by_form(story: Story, before: str) -> bool:
    mails = len(story.form.mails)
    wish = {"course": "", "newsletters": ("gazette",)} if "newsletter" in before else {}
    story.form.ask(ANA, **wish)
    if len(story.form.mails) > mails:
        story.form.confirm()
    return False


def take_back(story: Story, before: str) -> bool:
    """Press "take it back" on the page behind the link of an old mail."""
    desk = story.desk
    kind = "newsletter" if "newsletter" in before else "course"
    with desk.store.write() as connection:
        for row in story.rows(connection, kind)[:1]:
            member = leave.find(connection, row["link_id"])
            if member is None:
                continue
            act = undo.undo_everything if "everything" in before else undo.undo
            act(connection, member, desk.address_hash, now=desk.now)
    return False


def begin_anew(story: Story, before: str) -> bool:
    """Press "begin anew", or switch the newsletter on, on the person's own page."""
    desk = story.desk
    with desk.store.write() as connection:
        person = subscribers.by_id(connection, story.person or 0)
        assert person is not None
        if "newsletter" in before:
            switch.switch(connection, person, "gazette", desk.address_hash, on=True, now=desk.now)
        for run in story.rows(connection, "course")[:1]:
            if isinstance(leave.find(connection, run["link_id"]), Membership):
                restart.restart(connection, run, desk.address_hash, now=desk.now)
    return False


def by_csv(story: Story, before: str) -> bool:
    return story.desk.rows(f"{ANA},Anna,,,confirmed,,alpha,gazette").rejected == 1


def by_api(story: Story, before: str) -> bool:
    on = {"newsletters": ["gazette"]} if "newsletter" in before else {"courses": ["alpha"]}
    basis = Basis(statement="by phone", address_hash=story.desk.address_hash, now=story.desk.now)
    try:
        with story.desk.store.write() as connection:
            admit(connection, Newcomer(email=ANA, **on), basis)  # type: ignore[arg-type]
    except NotAdmitted:
        return True
    return False


def by_command(story: Story, before: str) -> bool:
    desk = story.desk
    on = {"newsletters": ["gazette"]} if "newsletter" in before else {"courses": ["alpha"]}
    basis = Basis(statement="", address_hash=desk.address_hash, now=desk.now)
    try:
        with desk.store.read() as connection:
            refuse(connection, Newcomer(email=ANA, **on), basis)  # type: ignore[arg-type]
    except NotAdmitted:
        return True
    path = desk.folder / "added.csv"
    path.write_text(f"email,courses,newsletters\n{ANA},alpha,;\n")
    return bool(desk.importer().run_once(path, now=desk.now).rejected)


Way = Callable[[Story, str], bool]
WAYS: dict[str, tuple[timedelta, tuple[Way, ...]]] = {
    "the form": (2 * WEEK, (by_form,)),
    "own page, within a week": (WEEK / 2, (take_back, begin_anew)),
    "own page, later": (2 * WEEK, (take_back, begin_anew)),
    "the CSV": (2 * WEEK, (by_csv,)),
    "the API": (2 * WEEK, (by_api,)),
    "`subscribers add`": (2 * WEEK, (by_command,)),
}


def came_of(before: State, after: State, *, was_refused: bool) -> str:
    """Return the word for what happened."""
    if was_refused:
        assert before == after
        return "refused"
    if before == after or (before.runs, before.letters) == (after.runs, after.letters):
        return "nothing"
    if before.person is None:
        return "a new person"
    new = [run for run in after.runs if run not in before.runs]
    if new:
        ((number, count, status),) = new
        assert status == "active"
        if number in {run[0] for run in before.runs}:
            return "goes on"
        return "begins" if count == 1 else "anew"
    return "again"


def test_the_table_names_every_case_that_is_tried() -> None:
    assert [row[0] for row in ROWS] == list(BEFORE)
    assert HEAD[1:] == list(WAYS)
    used = {word for _, _, cell in CELLS for word in cell.split(", or ")}
    assert used == {row[0] for row in WORDS}


@pytest.mark.parametrize(("before", "way", "cell"), CELLS)
def test_what_the_table_says_happens(
    fresh_desk: Callable[[], Desk], tmp_path: Path, before: str, way: str, cell: str
) -> None:
    after_days, ways = WAYS[way]
    words = []
    for act in ways:
        desk = fresh_desk()
        story = Story(desk, Form(desk))
        BEFORE[before](story)
        story.person = 1
        desk.now += after_days
        first = story.state()
        was_refused = act(story, before)
        words.append(came_of(first, story.state(), was_refused=was_refused))
        check(story, words[-1])
    found = [word for word in dict.fromkeys(words) if word != "nothing"] or ["nothing"]
    assert ", or ".join(found) == cell


def check(story: Story, word: str) -> None:
    """Check what the second table says of a word."""
    now = story.state()
    if word in {"nothing", "refused"}:
        return
    story.person = now.person
    agreed = story.evidence()
    if word == "again":
        assert [status for _, status in now.letters] == ["active"]
        assert sum(one.startswith("newsletter:gazette") for one in agreed) == 1
        return
    with story.desk.store.read() as connection:
        runs = enrollments.of_subscribers(connection, [now.person or 0])
    last = runs[-1]
    assert last["status"] == "active"
    assert last["next_due"] == story.desk.now
    assert (last["started_at"] == story.desk.now) == (word != "goes on")
    assert [run["status"] for run in runs[:-1]] == [run[2] for run in now.runs[:-1]]
    assert all(run["status"] != "active" for run in runs[:-1])
    assert sum(one.startswith("course:alpha") for one in agreed) >= 1
    assert story.form.suppressed() == "", "nothing is left that would keep the mails back"


def test_the_form_brings_back_only_what_was_asked_for(fresh_desk: Callable[[], Desk]) -> None:
    desk = fresh_desk()
    story = Story(desk, Form(desk))
    left_everything(story)
    story.form.join(ANA)
    assert desk.on() == {"course:alpha": "active", "newsletter:gazette": "left"}


def test_somebody_on_it_stays_where_they_are_whoever_asks(
    fresh_desk: Callable[[], Desk],
) -> None:
    for _, ways in WAYS.values():
        for act in ways:
            desk = fresh_desk()
            story = Story(desk, Form(desk), person=1)
            on_it(story)
            before = story.state()
            desk.now += timedelta(days=1)
            act(story, "on it")
            assert story.state() == before
