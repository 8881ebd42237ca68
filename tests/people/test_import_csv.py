"""Taking a file up twice, touched, in another order, interrupted: always the same people."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.people.import_csv import CHUNK
from bypost.people.import_plan import Plan
from bypost.store import enrollments
from tests.people.desk import Desk

_ROWS = st.lists(
    st.tuples(
        st.sampled_from([f"p{number}@example.org" for number in range(6)]),
        st.sampled_from(["", "Ana", "Åse, M."]),
        st.sampled_from(["", "Asia/Tokyo"]),
        st.sampled_from(["", "one;two"]),
        st.sampled_from(["", "confirmed", "unconfirmed", "left"]),
        st.sampled_from(["", "said so"]),
        st.sampled_from(["", "alpha", "alpha;beta", ";"]),
        st.sampled_from(["", "gazette"]),
    ).map(lambda cells: ",".join(f'"{cell}"' for cell in cells)),
    max_size=6,
    unique_by=lambda row: row.split(",")[0],
)


def test_a_new_person_is_on_the_course_with_a_hint_and_the_evidence_of_consent(desk: Desk) -> None:
    summary = desk.rows("ana@example.org,Ana,Europe/Berlin,a;b,,asked by mail,beta,gazette")
    assert summary.numbers() == {
        "rows": 1,
        "added": 1,
        "changed": 0,
        "unchanged": 0,
        "rejected": 0,
    }
    assert desk.on() == {"course:beta": "active", "newsletter:gazette": "active"}
    (run,) = desk.runs()
    assert (run["started_at"], run["next_due"]) == (desk.now, desk.now)
    person = desk.person()
    assert (person["status"], person["confirmed_at"]) == ("confirmed", desk.now)
    assert person["tags"] == ["a", "b"]
    assert [(row["purpose"], row["source"], row["note"]) for row in desk.consents()] == [
        ("course:beta", "csv", "asked by mail"),
        ("newsletter:gazette", "csv", "asked by mail"),
    ]


def test_blank_courses_mean_the_usual_ones_and_an_empty_list_means_none(desk: Desk) -> None:
    desk.newsletters = ("gazette",)
    desk.rows("ana@example.org,,,,,,,", "ben@example.org,,,,,,;,;")
    assert desk.on("ana@example.org") == {"course:alpha": "active", "newsletter:gazette": "active"}
    assert desk.on("ben@example.org") == {}
    assert desk.person("ben@example.org")["status"] == "confirmed"


def test_rows_added_later_are_taken_up_and_the_others_stay(desk: Desk) -> None:
    desk.rows("ana@example.org")
    summary = desk.rows("ana@example.org", "ben@example.org")
    assert (summary.added, summary.unchanged, summary.changed) == (1, 1, 0)


def test_a_missing_row_changes_nothing(desk: Desk) -> None:
    desk.rows("ana@example.org", "ben@example.org")
    before = desk.everybody()
    desk.rows("ben@example.org")
    assert desk.everybody() == before


def test_a_removed_column_changes_nothing(desk: Desk) -> None:
    desk.rows("ana@example.org,Ana,Asia/Tokyo,a,,note,beta,gazette,x", header=_WITH_MOTTO)
    before = desk.everybody()
    desk.sync("email,tags\nana@example.org,a\n")
    assert desk.everybody() == before
    desk.rows("ana@example.org,Ana,Asia/Tokyo,a,,note,beta,gazette,x", header=_WITH_MOTTO)
    assert desk.everybody() == before


_WITH_MOTTO = "email,name,time_zone,tags,status,consent_note,courses,newsletters,motto"


def test_of_two_rows_with_one_address_the_second_is_told_and_names_the_first(desk: Desk) -> None:
    summary = desk.rows("ana@example.org,Ana", "ben@example.org", "ANA@Example.org,Other")
    assert [(bad.line, bad.reason) for bad in summary.bad] == [(4, "the same address as in line 2")]
    assert desk.person()["name"] == "Ana"


def test_an_address_repeated_far_behind_is_found_as_well(desk: Desk) -> None:
    rows = [f"p{number}@example.org,,,,unconfirmed" for number in range(1500)]
    summary = desk.rows(*rows, "p3@example.org")
    assert [(bad.line, bad.reason) for bad in summary.bad] == [
        (1502, "the same address as in line 5")
    ]


def test_an_unchanged_file_is_not_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.rows("ana@example.org")
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("the file was opened"))
    assert desk.importer().run(desk.file, now=desk.now).skipped


def test_a_file_that_was_only_touched_is_skipped_and_then_not_read_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.rows("ana@example.org")
    os.utime(desk.file, ns=(1, 1))
    assert desk.importer().run(desk.file, now=desk.now).skipped
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("the file was opened"))
    assert desk.importer().run(desk.file, now=desk.now).skipped


def test_a_course_that_appears_later_lets_the_same_file_be_read_again(desk: Desk) -> None:
    assert desk.rows("ana@example.org,,,,,,gamma").rejected == 1
    desk.known_courses = ("alpha", "beta", "gamma")
    assert desk.importer().run(desk.file, now=desk.now).added == 1
    assert desk.on() == {"course:gamma": "active"}


def test_blank_cells_follow_the_settings_unless_the_person_left_something(desk: Desk) -> None:
    desk.rows("ana@example.org", "ben@example.org")
    desk.leave("alpha", "ben@example.org")
    desk.courses = ("beta",)
    assert desk.importer().run(desk.file, now=desk.now).changed == 1
    assert desk.on("ana@example.org") == {"course:alpha": "active", "course:beta": "active"}
    assert desk.on("ben@example.org") == {"course:alpha": "left"}


def test_an_emptied_list_never_turns_into_the_usual_courses(desk: Desk) -> None:
    desk.rows("ana@example.org,,,,,,beta,")
    desk.rows("ana@example.org,,,,,,,")
    desk.rows("ana@example.org,Ana,,,,,,")
    assert desk.on() == {"course:beta": "active"}


def test_two_files_do_not_undo_each_other_s_cells(desk: Desk) -> None:
    desk.rows("ana@example.org,Ana")
    desk.sync("email,name\nana@example.org,Anna Berg\n", file="other.csv")
    desk.rows("ana@example.org,Ana", "ben@example.org")
    assert desk.person()["name"] == "Anna Berg", "the cell of the first file did not change"


def test_a_file_taken_up_once_acts_with_every_cell_and_is_not_remembered(desk: Desk) -> None:
    desk.rows("ana@example.org,Ana,Asia/Tokyo")
    added = desk.folder / "added.csv"
    added.write_text("email,name\nana@example.org,Anna\n")
    for expected in (1, 0):
        assert desk.importer().run_once(added, now=desk.now).changed == expected
    person = desk.person()
    assert (person["name"], person["time_zone"]) == ("Anna", "Asia/Tokyo")
    assert set(person["csv_cells"]) == {"subscribers.csv"}
    desk.change(name="Ana")
    assert desk.importer().run_once(added, now=desk.now).changed == 1


def test_another_zone_makes_owing_look_again_at_once(desk: Desk) -> None:
    desk.rows("ana@example.org,Ana,America/Los_Angeles")
    with desk.store.write() as connection:
        enrollments.set_hints(connection, [(desk.runs()[0]["id"], desk.now.replace(year=2027))])
    desk.rows("ana@example.org,Ana,Europe/Berlin")
    assert desk.runs()[0]["next_due"] == desk.now


def test_a_crash_within_the_transaction_leaves_nothing_of_the_chunk(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("the power went")

    for step in ("newcomers.add_runs", "newcomers.add_letters", "newcomers.add_consents"):
        with monkeypatch.context() as patched:
            patched.setattr(f"bypost.store.{step}", broken)
            with pytest.raises(RuntimeError):
                desk.rows("ana@example.org,,,,,,alpha,gazette")
        assert desk.everybody() == {}
        assert desk.imported() is None, "the next pass reads the file again"
    assert desk.importer().run(desk.file, now=desk.now).added == 1


def test_a_crash_in_a_later_chunk_keeps_whole_chunks_and_the_rest_follows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = Plan.write, []

    def breaking(plan: Plan, *arguments: Any) -> None:
        calls.append(plan)
        write(plan, *arguments)
        if len(calls) == 2:
            raise RuntimeError("the power went")

    rows = [f"p{number}@example.org" for number in range(CHUNK + 200)]
    with monkeypatch.context() as patched:
        patched.setattr(Plan, "write", breaking)
        with pytest.raises(RuntimeError):
            desk.rows(*rows)
    assert desk.count() == CHUNK
    assert gc.get_freeze_count() == 0  # what the importer set aside from the collector is back
    summary = desk.importer().run(desk.file, now=desk.now)
    assert (summary.added, summary.unchanged) == (200, CHUNK)


@settings(max_examples=12, deadline=None)
@given(rows=_ROWS)
def test_taking_a_file_up_again_changes_nobody(
    fresh_desk: Callable[[], Desk], rows: list[str]
) -> None:
    desk = fresh_desk()
    desk.rows(*rows)
    before = desk.everybody()
    summary = desk.sync(desk.file.read_bytes() + b"\n")
    assert (summary.added, summary.changed) == (0, 0)
    assert desk.everybody() == before


@settings(max_examples=12, deadline=None)
@given(rows=_ROWS, data=st.data())
def test_the_order_of_the_rows_does_not_matter(
    fresh_desk: Callable[[], Desk], rows: list[str], data: st.DataObject
) -> None:
    one, other = fresh_desk(), fresh_desk()
    one.rows(*rows)
    other.rows(*data.draw(st.permutations(rows)))
    assert one.everybody() == other.everybody()
