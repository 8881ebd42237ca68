"""Dirty files: every row that can be used is, every other one is named with its line."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.errors import ByPostError
from bypost.people.columns import clean, protect, read_form
from bypost.people.csv_rows import BadRow, Known, Row, read_rows
from tests.people.desk import Desk

KNOWN = Known(frozenset({"alpha", "beta"}), frozenset({"gazette"}))


def read(path: Path, content: str | bytes) -> tuple[list[Row], dict[int, str]]:
    """Return the usable rows of a file, and the reason for each other line."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    form = read_form(path)
    assert form.problem == ""
    rows = list(read_rows(path, form, KNOWN))
    bad = {row.line: row.reason for row in rows if isinstance(row, BadRow)}
    return [row for row in rows if isinstance(row, Row)], bad


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_first_line(file: Path, delimiter: str) -> None:
    lines = (("email", "name", "courses"), ("ana@example.org", "Ana", "alpha"))
    rows, bad = read(file, "\n".join(delimiter.join(line) for line in lines))
    assert bad == {}
    assert (rows[0].email, rows[0].name, rows[0].courses) == ("ana@example.org", "Ana", ("alpha",))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_with_a_mark_and_plain_utf_8_read_alike(file: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding in {"utf-16-le", "utf-16-be"} else ""
    rows, bad = read(file, f"{mark}email,name\r\nana@example.org,Åse Müller\r\n".encode(encoding))
    assert bad == {}
    assert [(row.line, row.email, row.name) for row in rows] == [
        (2, "ana@example.org", "Åse Müller")
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_numbers_are_right_for_every_kind_of_line_end(file: Path, ending: str) -> None:
    rows, bad = read(file, ending.join(["email", "a@example.org", "", "nobody", "b@example.org"]))
    assert [row.line for row in rows] == [2, 5]
    assert list(bad) == [4]


def test_what_copying_leaves_at_the_ends_of_a_cell_is_taken_off(file: Path) -> None:
    rows, _ = read(file, "\u200b EMAIL\u00a0,Name\n\u00a0\ufeffana@example.org\u200b ,\u2003Ana\n")
    assert (rows[0].email, rows[0].name) == ("ana@example.org", "Ana")


def test_capitals_name_the_same_person_and_the_typed_local_part_is_kept(file: Path) -> None:
    rows, _ = read(file, "E-Mail,email\n,Ana.Berg@Example.ORG\n")
    assert rows[0].email == "Ana.Berg@example.org"
    assert rows[0].key == "ana.berg@example.org"


def test_quotes_hold_delimiters_quotes_and_line_breaks(file: Path) -> None:
    text = 'email,name,motto\na@example.org,"Berg, ""Ana""","one\ntwo"\nnobody,x,y\n'
    rows, bad = read(file, text)
    assert rows[0].name == 'Berg, "Ana"'
    assert rows[0].attributes == {"motto": "one\ntwo"}
    assert list(bad) == [4], "the line breaks inside the quotes count as lines of the file"


def test_a_header_may_have_a_line_break_inside_quotes(file: Path) -> None:
    rows, bad = read(file, 'email,"favourite\ncolour"\nana@example.org,red\nnobody,x\n')
    assert rows[0].attributes == {"favourite colour": "red"}
    assert list(bad) == [4]


def test_a_quote_that_is_never_closed_is_told_and_not_read_as_one_long_cell(file: Path) -> None:
    text = 'email,motto\na@example.org,x\nb@example.org,"y\nc@example.org,z\n'
    rows, bad = read(file, text)
    assert [row.email for row in rows] == ["a@example.org"]
    assert "never closed" in bad[3]


def test_text_behind_a_closing_quote_is_bad_in_its_own_row_alone(file: Path) -> None:
    rows, bad = read(file, 'email,name\na@example.org,"Ana" Berg\nb@example.org,B\n')
    assert [row.email for row in rows] == ["b@example.org"]
    assert "closing quote" in bad[2]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("nobody", "is not a usable address"),
        ("", "the address is missing"),
        ("a@example.org,,Europe/Berln", "did you mean `Europe/Berlin`?"),
        ("a@example.org,,CET+27", "not known"),
        ("a@example.org,,,maybe", "status `maybe` is not one of confirmed, unconfirmed, left"),
        ("a@example.org,,,,alhpa", "there is no course `alhpa`; did you mean `alpha`?"),
        ("a@example.org,,,,zzzz", "there is no course `zzzz`; known: alpha, beta"),
        ("a@example.org,,,,,gazete", "there is no newsletter `gazete`; did you mean `gazette`?"),
        ("a@example.org,x,,,,,surplus", "7 cells, but the first line names 6 columns"),
        ("a@example.org,A\x00B", "control character"),
        ("a@example.org,A\x1bB", "control character"),
        ('a@example.org,"A\nB"', "line break"),
        ("a@localhost.localdomain.test", "special-use"),
    ],
)
def test_a_bad_row_is_told_with_its_line_while_the_rest_goes_in(
    file: Path, row: str, reason: str
) -> None:
    row = row or ",no address"
    text = f"email,name,time_zone,status,courses,newsletters\nx@example.org\n{row}\ny@example.org\n"
    rows, bad = read(file, text)
    assert [r.email for r in rows] == ["x@example.org", "y@example.org"]
    assert list(bad) == [3]
    assert reason in bad[3]


def test_bytes_that_are_no_utf_8_spoil_their_own_row_alone(file: Path) -> None:
    rows, bad = read(file, b"email,name\na@example.org,Jos\xe9\nb@example.org,Jos\xc3\xa9\n")
    assert [row.name for row in rows] == ["José"]
    assert "not UTF-8" in bad[2]


def test_broken_utf_16_spoils_its_own_row_alone(file: Path) -> None:
    good = "\ufeffemail,name\na@example.org,A\nb@example.org,B".encode("utf-16-le")
    broken = good + b"\x00\xd8" + "\nc@example.org,C\n".encode("utf-16-le")
    rows, bad = read(file, broken)
    assert [row.email for row in rows] == ["a@example.org", "c@example.org"]
    assert list(bad) == [3]


def test_a_huge_cell_is_bad_in_its_own_row_alone(file: Path) -> None:
    rows, bad = read(file, f"email,name\na@example.org,{'x' * 200_000}\nb@example.org,B\n")
    assert [row.email for row in rows] == ["b@example.org"]
    assert "longer than 131,072 characters" in bad[2]


def test_empty_cells_at_the_end_of_a_row_are_no_surplus(file: Path) -> None:
    rows, bad = read(file, "email,name\na@example.org,A,,,\n")
    assert (len(rows), bad) == (1, {})


def test_lines_of_spaces_and_delimiters_alone_are_no_rows(file: Path) -> None:
    rows, bad = read(file, "email,name\n \n,\n  ,\u00a0,,\na@example.org,A\n\n")
    assert ([row.line for row in rows], bad) == ([5], {})


def test_a_zone_in_other_capitals_is_understood(file: Path) -> None:
    rows, _ = read(file, "email,time_zone\na@example.org,europe/berlin\n")
    assert rows[0].time_zone == "Europe/Berlin"


def test_a_semicolon_alone_is_an_empty_list_and_a_blank_cell_is_none(file: Path) -> None:
    rows, _ = read(file, "email,courses,newsletters\na@example.org,;,\n")
    assert rows[0].courses == ()
    assert rows[0].newsletters is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name,courses\nx,y\n", "there is no column `email`; the first line has: name, courses"),
        ("", "there is no column `email`; the first line has: nothing"),
        ("email,name,Name\n", "the column `name` stands there twice"),
        ('email,"name\n', "not readable as CSV"),
        ("email,na\x00me\n", "save the file as UTF-8"),
        ("email,name\n".encode("utf-16-le"), "save the file as UTF-8"),
        (b"email,pr\xe9nom\n", "save the file as UTF-8"),
    ],
)
def test_a_first_line_that_cannot_be_used_stops_the_file_with_a_reason(
    desk: Desk, text: str | bytes, problem: str
) -> None:
    with pytest.raises(ByPostError) as caught:
        desk.sync(text)
    assert str(caught.value).startswith("subscribers.csv:1: ")
    assert problem in str(caught.value)
    assert "see docs/subscribers.md" in str(caught.value)


def test_a_file_that_cannot_be_opened_is_told_without_a_traceback(desk: Desk) -> None:
    with pytest.raises(ByPostError, match="cannot read it: Is a directory"):
        desk.importer().run(desk.folder, now=desk.now)


@given(cell=st.text(max_size=12))
def test_a_protected_cell_is_no_formula_and_comes_back_as_it_was(cell: str) -> None:
    value = clean(clean(cell))
    protected = protect(value)
    assert not protected.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert clean(protected) == value


@pytest.mark.parametrize("value", ["=1+1", "'=1+1", "''=x", "-5", "@x", "+x", "'", "'a", "＝x"])
def test_apostrophes_typed_by_people_survive_the_round_trip(value: str) -> None:
    assert clean(protect(value)) == value


@settings(max_examples=150)
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.text(alphabet='ae@.org",;\t|\n\r\x00\ufeffé\u200b', max_size=120).map(str.encode),
        st.text(max_size=80).map(lambda text: b"email,name,tags\n" + text.encode("utf-16")),
        st.binary(max_size=80).map(lambda raw: b"email,name,courses\n" + raw),
        st.binary(max_size=80).map(lambda raw: "\ufeffemail,x\n".encode("utf-16-le") + raw),
    )
)
def test_no_content_whatever_raises_anything_but_our_own_error(
    fresh_desk_of_module: Desk, content: bytes
) -> None:
    desk = fresh_desk_of_module
    try:
        summary = desk.sync(content)
    except ByPostError:
        return
    assert summary.skipped or summary.rows == (
        summary.added + summary.changed + summary.unchanged + summary.rejected
    )
    assert all(bad.line >= 2 and bad.reason for bad in summary.bad)


@settings(max_examples=40)
@given(
    names=st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=6),
)
def test_the_same_rows_come_out_with_and_without_a_byte_order_mark(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["email", "motto"])
    writer.writerows([f"p{number}@example.org", name] for number, name in enumerate(names))
    file = tmp_path_factory.getbasetemp() / "marked.csv"
    plain = read(file, text.getvalue().encode())
    assert read(file, text.getvalue().encode("utf-8-sig")) == plain
    assert read(file, text.getvalue().encode("utf-16")) == plain


def test_memory_does_not_grow_with_the_file(file: Path, desk: Desk) -> None:
    def peak(rows: int) -> int:
        with file.open("w", encoding="utf-8") as text:
            text.write("email,name,status\n")
            text.writelines(
                f"p{number}@example.org,Name {number},unconfirmed\n" for number in range(rows)
            )
        tracemalloc.start()
        form = read_form(file)
        last = 0
        for row in read_rows(file, form, KNOWN):
            last = row.line
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert last == rows + 1
        return used

    peak(100)
    assert peak(40_000) < 1.5 * peak(2_000)
