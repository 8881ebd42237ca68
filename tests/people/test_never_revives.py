"""Every old state of a person against every change of a row: nobody is ever brought back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.people.desk import Desk

FIRST = "ana@example.org,Ana,,,{status},,{courses},"


def new(_desk: Desk) -> None:
    """Nobody is there."""


def confirmed(desk: Desk) -> None:
    desk.rows(FIRST.format(status="", courses="alpha"))


def unconfirmed(desk: Desk) -> None:
    desk.rows(FIRST.format(status="unconfirmed", courses="alpha"))


def left_one_course(desk: Desk) -> None:
    confirmed(desk)
    desk.leave("alpha")


def left_everything(desk: Desk) -> None:
    confirmed(desk)
    desk.leave_everything()


def bounced(desk: Desk) -> None:
    confirmed(desk)
    desk.suppress("bounced")


def complained(desk: Desk) -> None:
    confirmed(desk)
    desk.suppress("complained")


def bounced_before_confirming(desk: Desk) -> None:
    unconfirmed(desk)
    desk.suppress("bounced")


def erased(desk: Desk) -> None:
    left_everything(desk)
    desk.change(email=None, email_key=None, name="", status="erased", csv_cells=None)


GONE = [left_everything, bounced, complained, bounced_before_confirming, erased]
STATUSES = ["", "confirmed", "unconfirmed", "left", "junk"]
COURSES = ["", "alpha", "beta", "alpha;beta", ";"]


@pytest.mark.parametrize("courses", COURSES)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("old", GONE)
def test_whoever_is_gone_stays_gone_whatever_the_row_says(
    desk: Desk, old: Callable[[Desk], None], status: str, courses: str
) -> None:
    old(desk)
    before = desk.on()
    person_before = desk.person()
    summary = desk.rows(f"ana@example.org,Anna,,,{status},,{courses},gazette")
    after = desk.on()
    assert after.keys() == before.keys(), "no new membership"
    assert not any(after[name] == "active" for name, state in before.items() if state != "active")
    person = desk.person()
    if person_before is None:
        assert person is None
        assert summary.rejected == 1
    else:
        assert person["status"] == person_before["status"]


@pytest.mark.parametrize("courses", COURSES)
@pytest.mark.parametrize("status", STATUSES)
def test_a_course_somebody_left_is_not_begun_again(desk: Desk, status: str, courses: str) -> None:
    left_one_course(desk)
    desk.rows(f"ana@example.org,Ana,,,{status},,{courses},")
    on = desk.on()
    assert on["course:alpha"] == "left"
    # Naming another course is a wish of its own; leaving one ends that one only.
    asked = "beta" in courses and status in {"", "confirmed"}
    assert ("course:beta" in on) == asked


@pytest.mark.parametrize(
    ("old", "status", "expected"),
    [
        (new, "", {"course:alpha": "active"}),
        (new, "confirmed", {"course:alpha": "active"}),
        (new, "CONFIRMED", {"course:alpha": "active"}),
        (new, "unconfirmed", {}),
        (new, "left", {}),
        (new, "junk", {}),
        (confirmed, "confirmed", {"course:alpha": "active"}),
        (confirmed, "unconfirmed", {"course:alpha": "active"}),
        (confirmed, "left", {"course:alpha": "left"}),
        (confirmed, "junk", {"course:alpha": "active"}),
        (unconfirmed, "", {"course:alpha": "active"}),
        (unconfirmed, "confirmed", {"course:alpha": "active"}),
        (unconfirmed, "unconfirmed", {}),
        (unconfirmed, "left", {}),
        (unconfirmed, "junk", {}),
    ],
)
def test_what_a_status_cell_does(
    desk: Desk, old: Callable[[Desk], None], status: str, expected: dict[str, str]
) -> None:
    old(desk)
    desk.rows(FIRST.format(status=status, courses="alpha"))
    assert desk.on() == expected


def test_the_clock_of_an_unconfirmed_person_starts_at_confirmation(desk: Desk) -> None:
    unconfirmed(desk)
    assert (desk.person()["status"], desk.person()["confirmed_at"]) == ("unconfirmed", None)
    assert desk.consents() == []
    desk.rows(FIRST.format(status="", courses="alpha"))
    assert desk.person()["confirmed_at"] == desk.now
    assert desk.runs()[0]["started_at"] == desk.now
    assert [row["purpose"] for row in desk.consents()] == ["course:alpha"]


def test_an_unchanged_unconfirmed_row_never_confirms(desk: Desk) -> None:
    unconfirmed(desk)
    desk.rows("ana@example.org,Other name,,,unconfirmed,,alpha;beta,")
    assert desk.person()["status"] == "unconfirmed"
    assert desk.on() == {}


def test_a_row_that_says_left_remembers_the_address(desk: Desk) -> None:
    desk.rows("ana@example.org,Ana,,,left")
    assert desk.person()["confirmed_at"] is None, "nobody who left has confirmed by that"
    summary = desk.rows("ana@example.org,Ana,,,confirmed,,alpha")
    assert desk.on() == {}
    assert [(note.line, note.reason) for note in summary.notes] == [
        (2, "left before; a row does not bring anybody back")
    ]


def test_leaving_by_the_file_withdraws_the_consents(desk: Desk) -> None:
    confirmed(desk)
    desk.rows(FIRST.format(status="left", courses="alpha"))
    assert [(row["withdrawn_at"], row["withdrawn_by"]) for row in desk.consents()] == [
        (desk.now, "csv")
    ]


def test_a_course_left_before_is_remarked_on_when_the_row_asks_for_it_anew(desk: Desk) -> None:
    left_one_course(desk)
    summary = desk.rows(FIRST.format(status="", courses="alpha;beta"))
    assert [note.reason for note in summary.notes] == [
        "left `alpha` before; a row does not bring anybody back"
    ]


@pytest.mark.parametrize("courses", ["", "beta", ";"])
def test_a_course_taken_out_of_a_cell_goes_on(desk: Desk, courses: str) -> None:
    confirmed(desk)
    desk.rows(FIRST.format(status="", courses=courses))
    assert desk.on()["course:alpha"] == "active"


@pytest.mark.parametrize(
    ("chosen", "row", "kept"),
    [
        ({"name": "A."}, "ana@example.org,Anna", {"name": "A."}),
        ({"time_zone": "Asia/Tokyo"}, "ana@example.org,Ana,UTC", {"time_zone": "Asia/Tokyo"}),
        ({"tags": ["mine"]}, "ana@example.org,Ana,,theirs", {"tags": ["mine"]}),
    ],
)
def test_a_cell_never_overrides_what_the_person_chose(
    desk: Desk, chosen: dict[str, Any], row: str, kept: dict[str, Any]
) -> None:
    confirmed(desk)
    desk.change(**chosen, own_choice=list(chosen))
    desk.rows(row)
    assert {name: desk.person()[name] for name in kept} == kept


def test_a_cell_acts_only_when_it_changed(desk: Desk) -> None:
    header = "email,name,motto,colour"
    desk.rows("ana@example.org,Ana,x,red", header=header)
    # Changed elsewhere, without being the person's own choice.
    desk.change(name="Anna", attributes={"motto": "y", "colour": "blue"})
    desk.rows("ana@example.org,Ana,x,green", header=header)
    person = desk.person()
    assert person["name"] == "Anna"
    assert person["attributes"] == {"motto": "y", "colour": "green"}


def test_a_blank_cell_that_was_never_filled_wipes_nothing(desk: Desk) -> None:
    desk.sync("email\nana@example.org\n", file="first.csv")
    desk.change(name="Given at sign-up", time_zone="Asia/Tokyo")
    desk.rows("ana@example.org,,,,,,,")
    person = desk.person()
    assert (person["name"], person["time_zone"]) == ("Given at sign-up", "Asia/Tokyo")


def test_a_cell_that_is_emptied_empties(desk: Desk) -> None:
    desk.rows("ana@example.org,Ana,Asia/Tokyo,a;b")
    desk.rows("ana@example.org,,,")
    person = desk.person()
    assert (person["name"], person["time_zone"], person["tags"]) == ("", "", [])
