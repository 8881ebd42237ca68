"""Exports of other programs: told by their first line, their states never turned upwards."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from bypost.people.dialects import detect
from bypost.people.import_csv import Summary
from tests.people.desk import Desk

LISTMONK = "uuid,email,name,attributes,status,created_at,updated_at"
KIT = "first_name,email,tags,created_at,state,favourite colour"


def take_up(desk: Desk, header: str, *rows: list[str]) -> Summary:
    text = io.StringIO()
    csv.writer(text).writerows([header.split(","), *rows])
    return desk.sync(text.getvalue(), file="theirs.csv")


def listmonk(email: str, status: str, attributes: str = "{}") -> list[str]:
    at = "2026-11-23 12:00:00 +0000 UTC"
    return ["7c2e8e3c-0000-4000-8000-000000000000", email, "Ana Berg", attributes, status, at, at]


def kit(email: str, state: str, tags: str = "") -> list[str]:
    return ["Ana", email, tags, "2026-11-23 12:00:00 UTC", state, "red"]


def gets_mail(desk: Desk, email: str = "ana@example.org") -> bool:
    return "active" in desk.on(email).values() and not desk.suppressed(email)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (LISTMONK, "listmonk"),
        (LISTMONK.replace("name,", "name,first_name,last_name,"), "listmonk"),
        (KIT, "Kit"),
        ("email_address,first_name,state,created_at,id", "Kit"),
        ("Email Address,First Name,Status", "Kit"),
        ("email,name,status,courses", ""),
        ("email,first_name", ""),
        ("email,name,first_name,status", ""),
    ],
)
def test_whose_export_it_is_is_told_by_the_first_line(header: str, name: str) -> None:
    found = detect([column.casefold() for column in header.split(",")])
    assert (found.name if found else "") == name


@pytest.mark.parametrize(
    ("status", "mail", "suppressed"),
    [("enabled", True, ""), ("disabled", False, ""), ("blocklisted", False, "left")],
)
def test_the_states_of_listmonk(desk: Desk, status: str, mail: bool, suppressed: str) -> None:
    summary = take_up(desk, LISTMONK, listmonk("ana@example.org", status))
    assert (summary.dialect, summary.added, summary.bad) == ("listmonk", 1, [])
    assert "left one of them" in summary.lacks
    assert (gets_mail(desk), desk.suppressed()) == (mail, suppressed)


def test_the_attributes_of_listmonk_become_ours(desk: Desk) -> None:
    told = '{"City": "Oslo", "n": 3, "likes": ["a", "b"], "none": null, "status": "x", "bypost": 1}'
    take_up(desk, LISTMONK, listmonk("ana@example.org", "enabled", told))
    person = desk.person()
    assert person["attributes"] == {"city": "Oslo", "n": "3", "likes": '["a", "b"]', "none": ""}
    assert person["name"] == "Ana Berg"


@pytest.mark.parametrize("broken", ["{", "[1]", '"x"', "[" * 5000])
def test_attributes_that_are_no_object_spoil_their_row_alone(desk: Desk, broken: str) -> None:
    rows = listmonk("a@example.org", "enabled", broken), listmonk("b@example.org", "enabled")
    summary = take_up(desk, LISTMONK, *rows)
    assert (summary.added, [bad.line for bad in summary.bad]) == (1, [2])


@pytest.mark.parametrize(
    ("state", "mail", "suppressed"),
    [
        ("active", True, ""),
        ("Confirmed", True, ""),
        ("cold", True, ""),
        ("inactive", False, ""),
        ("Unconfirmed", False, ""),
        ("cancelled", False, "left"),
        ("bounced", False, "bounced"),
        ("complained", False, "complained"),
    ],
)
def test_the_states_of_kit(desk: Desk, state: str, mail: bool, suppressed: str) -> None:
    summary = take_up(desk, KIT, kit("ana@example.org", state, "Big list, News"))
    assert (summary.dialect, summary.added) == ("Kit", 1)
    assert (gets_mail(desk), desk.suppressed()) == (mail, suppressed)
    person = desk.person()
    assert (person["name"], person["tags"]) == ("Ana", ["Big list", "News"])
    assert person["attributes"] == {"favourite colour": "red"}


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (LISTMONK, listmonk("ana@example.org", "")),
        (LISTMONK, listmonk("ana@example.org", "confirmed")),
        (KIT, kit("ana@example.org", "")),
        (KIT, kit("ana@example.org", "CA")),
    ],
)
def test_a_state_that_is_not_known_is_a_bad_row_and_never_a_guess(
    desk: Desk, header: str, row: list[str]
) -> None:
    summary = take_up(desk, header, row)
    assert (summary.added, summary.spoiled) == (0, 1)
    assert "not one of" in summary.bad[0].reason


@pytest.mark.parametrize("gone", ["left everything", "bounced", "complained", "erased"])
@pytest.mark.parametrize(
    ("header", "row"),
    [
        (LISTMONK, listmonk("ana@example.org", "enabled")),
        (KIT, kit("ana@example.org", "active")),
    ],
)
def test_their_active_brings_nobody_back(
    desk: Desk, header: str, row: list[str], gone: str
) -> None:
    desk.rows("ana@example.org")
    if gone == "erased":
        desk.erase()
    elif gone == "left everything":
        desk.leave_everything()
    else:
        desk.suppress(gone)
    summary = take_up(desk, header, row)
    assert summary.refused.total() == 1
    assert not gets_mail(desk)


def test_a_dry_run_says_whose_export_it_is_and_what_it_lacks(desk: Desk) -> None:
    file = desk.folder / "theirs.csv"
    text = f"{LISTMONK}\n{','.join(listmonk('ana@example.org', 'enabled'))}\n"
    file.write_text(text, encoding="utf-8")
    summary = replace(desk.importer(), dry=True).run(file, now=desk.now)
    assert (summary.dialect, summary.added) == ("listmonk", 1)
    assert "confirmed" in summary.lacks
