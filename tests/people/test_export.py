"""Out and in again: the same people, and nobody brought back or sent round twice by it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.people.columns import KNOWN
from bypost.store import enrollments
from tests.people.desk import Desk


def as_text(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


_CELL = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=6)
_NAME = st.one_of(_CELL, st.sampled_from(["=1+1", "'=1+1", "-x", "@x", "+x", "' =x", '"', "a,b"]))
_PEOPLE = st.lists(
    st.tuples(
        _NAME,
        st.sampled_from(["", "Asia/Tokyo"]),
        st.lists(_CELL.filter(lambda tag: ";" not in tag), max_size=3).map(";".join),
        st.sampled_from(["", "confirmed", "unconfirmed", "left"]),
        st.sampled_from(["", "=said so"]),
        st.sampled_from(["", "alpha", "alpha;beta", ";"]),
        st.sampled_from(["", "gazette", ";"]),
        _NAME,
        st.sampled_from(["", "leave alpha", "leave", "finish", "bounced"]),
    ),
    max_size=4,
)


@settings(max_examples=25, deadline=None)
@given(people=_PEOPLE)
def test_export_and_import_into_an_empty_database_give_the_same_people(
    fresh_desk: Callable[[], Desk], people: list[tuple[str, ...]]
) -> None:
    old, new = fresh_desk(), fresh_desk()
    rows = [[f"p{n}@example.org", *cells[:-1]] for n, cells in enumerate(people)]
    old.sync(as_text([[*KNOWN, "motto"], *rows]))
    for number, cells in enumerate(people):
        happen(old, f"p{number}@example.org", cells[-1])
    exported = old.export()
    new.sync(as_text(exported))
    assert seen(new) == seen(old)
    assert new.export() == exported


def happen(desk: Desk, email: str, what: str) -> None:
    """Let something happen to a person since the import."""
    if not desk.on(email):
        return
    if what == "leave":
        desk.leave_everything(email)
    elif what == "bounced":
        desk.suppress("bounced", email)
    elif what == "leave alpha" and "course:alpha" in desk.on(email):
        desk.leave("alpha", email)
    elif what == "finish":
        with desk.store.write() as connection:
            enrollments.finish(connection, [run["id"] for run in desk.runs(email)], desk.now)


def seen(desk: Desk) -> dict[str, object]:
    """Return what must come back: nothing runs for those who are gone."""
    status = {row[0].lstrip("'"): row[4] for row in desk.export()[1:]}
    return {
        email: {
            **{key: person[key] for key in ("email", "name", "time_zone", "tags", "attributes")},
            "status": status[email],
            "on": {name for name, state in person["on"].items() if state == "active"}
            if status[email] != "left"
            else set(),
        }
        for email, person in desk.everybody().items()
    }


def test_a_finished_course_is_not_listed_and_not_begun_again_by_the_import(
    desk: Desk, fresh_desk: Callable[[], Desk]
) -> None:
    desk.rows("ana@example.org,Ana,,,,,alpha,")
    happen(desk, "ana@example.org", "finish")
    (_, row) = desk.export()
    assert row[6] == ";", "a list with nothing in it; blank would mean the usual course"
    other = fresh_desk()
    other.sync(as_text(desk.export()))
    assert other.on() == {}
    assert other.person()["status"] == "confirmed"


def test_whoever_bounced_or_left_is_exported_as_left(desk: Desk) -> None:
    desk.rows("a@example.org", "b@example.org", "c@example.org", "d@example.org,,,,left")
    desk.suppress("complained", "a@example.org")
    desk.leave_everything("b@example.org")
    assert {row[0]: (row[4], row[6]) for row in desk.export()[1:]} == {
        "a@example.org": ("left", ""),
        "b@example.org": ("left", ""),
        "c@example.org": ("confirmed", "alpha"),
        "d@example.org": ("left", ""),
    }


def test_whoever_left_one_of_two_courses_keeps_the_other(desk: Desk) -> None:
    desk.rows("ana@example.org,,,,,,alpha;beta,")
    desk.leave("alpha")
    assert desk.export()[1][4:7] == ["confirmed", "", "beta"]


def test_what_an_unconfirmed_person_asked_for_is_kept(
    desk: Desk, fresh_desk: Callable[[], Desk]
) -> None:
    desk.rows("ana@example.org,,,,unconfirmed,noted,beta,gazette")
    other = fresh_desk()
    other.sync(as_text(desk.export()))
    other.rows("ana@example.org,,,,confirmed,noted,beta,gazette")
    assert other.on() == {"course:beta": "active", "newsletter:gazette": "active"}


def test_no_cell_and_no_column_name_is_a_formula(desk: Desk) -> None:
    header = "email,name,tags,courses,=motto"
    desk.rows("+a@example.org,=HYPERLINK(1),@x;y,,-2", header=header)
    for row in desk.export():
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    assert desk.export()[1][0] == "'+a@example.org"


def test_a_course_restarted_by_hand_stays_one_cell(desk: Desk) -> None:
    desk.rows("ana@example.org")
    run = desk.runs()[0]
    with desk.store.write() as connection:
        enrollments.change(connection, run["id"], {"status": "finished"})
        again = {key: run[key] for key in ("subscriber_id", "course", "started_at")}
        enrollments.add_all(connection, [{**again, "run": 2, "link_id": b"x" * 16}])
    assert desk.export()[1][6] == "alpha"


def test_everybody_is_written_however_many_there_are(desk: Desk) -> None:
    desk.rows(*(f"p{number}@example.org,,,,unconfirmed" for number in range(1203)))
    assert len({row[0] for row in desk.export()}) == 1204
