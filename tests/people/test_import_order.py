"""A long file is taken up in the order of its addresses, and nothing else is different by that."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.people import import_csv, import_order
from bypost.people.columns import Form, read_form
from bypost.people.csv_rows import Check, Known, Row, SpoiledRow, read_rows
from bypost.people.import_csv import CHUNK
from bypost.people.import_order import InOrder
from bypost.store import imports
from tests.people.desk import HEADER, Desk

_NOBODY = Known(frozenset({"alpha"}), frozenset())
_CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=6)


def in_order(path: Path, form: Form, size: int) -> tuple[list[Row], list[SpoiledRow]]:
    """Return the rows of a file as they are taken up, and what was told of repeated ones."""
    repeated: list[SpoiledRow] = []
    with InOrder(Check(form, _NOBODY), size, repeated.append) as rows:
        for row in read_rows(path, form, _NOBODY):
            if isinstance(row, Row):
                rows.add(row)
        return [row for chunk in rows.chunks() for row in chunk], repeated


@settings(max_examples=60, deadline=None)
@given(
    people=st.lists(st.tuples(st.integers(0, 9), _CELL, _CELL), max_size=12),
    header=st.sampled_from(["email,name,", "email,name,motto", "email,motto,name"]),
)
def test_what_waited_on_disk_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, people: list[tuple[int, str, str]], header: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "order.csv"
    lines = [f'P{n}@Example.org,"{a}","{b}"' for n, a, b in people if '"' not in a + b]
    path.write_text("\n".join((header, *lines)), encoding="utf-8")
    form = read_form(path)
    short, told = in_order(path, form, 100)
    long, told_too = in_order(path, form, 1)
    seen = [(row[:12], row.record) for row in sorted(long)]  # what stood in no column may differ
    assert seen == [(row[:12], row.record) for row in sorted(short)]
    assert [row.key for row in long] == sorted(row.key for row in short)
    assert sorted((one.line, one.reason) for one in told) == [
        (one.line, one.reason) for one in sorted(told_too, key=lambda one: one.line)
    ]


def test_a_row_repeated_on_disk_is_told_with_its_cells_and_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email,name\na@x.org,A\nb@x.org,B\nA@x.org,Other\na@x.org,Third\n")
    rows, repeated = in_order(path, read_form(path), 1)
    assert [(row.email, row.name) for row in rows] == [("a@x.org", "A"), ("b@x.org", "B")]
    assert repeated == [
        SpoiledRow(4, "the same address as in line 2", ("A@x.org", "Other")),
        SpoiledRow(5, "the same address as in line 2", ("a@x.org", "Third")),
    ]


def test_who_leaves_fills_a_transaction_sooner(desk: Desk) -> None:
    rows = [f"p{number}@example.org" for number in range(100)]
    desk.rows(*rows)
    form = read_form(desk.file)
    leaving = HEADER + "\n" + "\n".join(f"{row},,,,left" for row in rows) + "\n"
    desk.file.write_text(leaving, encoding="utf-8")
    with InOrder(Check(form, _NOBODY), CHUNK, lambda _: None) as gathered:
        for row in read_rows(desk.file, form, _NOBODY):
            assert isinstance(row, Row)
            gathered.add(row)
        sizes = [len(chunk) for chunk in gathered.chunks()]
    assert sum(sizes) == 100
    assert max(sizes) <= CHUNK / 20


def test_examples_and_remarks_are_those_which_stand_first_in_the_file(
    fresh_desk: Callable[[], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"p{number:02}@example.org,{number}" for number in range(30)]
    random.Random(3).shuffle(rows)
    rows[4:4] = ["nobody", rows[0], rows[1]]
    told = []
    for size in (CHUNK, 4):
        monkeypatch.setattr(import_csv, "CHUNK", size)
        desk = fresh_desk()
        desk.suppress("bounced", "p05@example.org")
        desk.suppress("bounced", "p06@example.org")
        told.append(replace(desk.rows(*rows), import_id=None))
    assert told[0] == told[1]
    assert [one.line for one in told[0].bad] == sorted(one.line for one in told[0].bad)


def test_a_short_file_keeps_its_order_and_a_long_one_has_that_of_its_addresses(
    fresh_desk: Callable[[], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ["c@example.org", "a@example.org", "b@example.org"]
    short, long = fresh_desk(), fresh_desk()
    short.rows(*rows)
    assert list(short.everybody()) == rows
    monkeypatch.setattr(import_csv, "CHUNK", 2)
    long.rows(*rows)
    assert list(long.everybody()) == sorted(rows)


def test_addresses_that_waited_on_disk_are_gone_after_an_import_that_failed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(import_csv, "CHUNK", 2)
    monkeypatch.setattr(
        import_order.AddressOrder, "rows", lambda _: (_ for _ in ()).throw(sqlite3.Error("disk"))
    )
    with pytest.raises(sqlite3.Error):
        desk.rows("a@example.org", "b@example.org", "c@example.org")
    assert list(tmp_path.glob("bypost-import-*")) == []
    assert desk.everybody() == {}


def test_an_import_that_reads_for_long_is_not_taken_for_broken_off(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_csv, "_SIGN", 3)
    monkeypatch.setattr(InOrder, "chunks", lambda _: pytest.fail("the power went"))
    ticks = iter(range(1, 10))
    importer = replace(desk.importer(), clock=lambda: desk.now + timedelta(minutes=next(ticks)))
    desk.file.write_text("email\n" + "".join(f"p{n}@example.org\n" for n in range(7)))
    with pytest.raises(pytest.fail.Exception):
        importer.run(desk.file, now=desk.now)
    with desk.store.read() as connection:
        (left,) = imports.page(connection)
    assert (left["state"], left["rows_read"]) == ("running", 0)
    assert left["seen_at"] == desk.now + timedelta(minutes=2)
