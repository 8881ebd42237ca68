"""Bad rows are set aside with line and reason, and go in once they are mended."""

from __future__ import annotations

import csv
import stat
from dataclasses import replace
from pathlib import Path

from bypost.people.columns import Reading
from bypost.people.import_csv import Summary
from tests.people.desk import Desk


def take_up(desk: Desk, text: str | bytes, name: str = "people.csv") -> Summary:
    path = desk.folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return replace(desk.importer(), set_aside=desk.folder).run(path, now=desk.now)


def rows_of(desk: Desk, summary: Summary) -> list[dict[str, str]]:
    with (desk.folder / summary.quarantine).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_bad_row_is_set_aside_with_its_line_and_reason_for_this_user_alone(desk: Desk) -> None:
    summary = take_up(desk, "email,name\na@example.org,A\nnobody,B\nc@example.org,C\n")
    path = desk.folder / summary.quarantine
    assert path == desk.folder / "var" / "imports" / f"{summary.import_id}-quarantine.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (row,) = rows_of(desk, summary)
    assert row["quarantine_line"] == "3"
    assert "not a usable address" in row["quarantine_reason"]
    assert (row["email"], row["name"]) == ("nobody", "B")


def test_mended_rows_go_in_and_what_stands_beside_them_is_no_attribute(desk: Desk) -> None:
    summary = take_up(desk, "email,courses,motto\na@example.org,alhpa,=x\nnobody,alpha,y\n")
    text = (desk.folder / summary.quarantine).read_text(encoding="utf-8")
    assert "'=x" in text, "no cell is a formula to a spreadsheet"
    mended = text.replace("alhpa", "alpha").replace("nobody", "b@example.org")
    again = take_up(desk, mended, Path(summary.quarantine).name)
    assert (again.added, again.rejected, again.quarantine) == (2, 0, "")
    assert desk.person("a@example.org")["attributes"] == {"motto": "=x"}
    assert desk.on("b@example.org") == {"course:alpha": "active"}


def test_rows_that_cannot_be_taken_apart_are_kept_as_they_stood(desk: Desk) -> None:
    summary = take_up(desk, 'email,name\na@example.org,A,surplus\nb@example.org,"B\n')
    first, second = rows_of(desk, summary)
    assert first["quarantine_text"] == "a@example.org,A,surplus"
    assert (first["email"], first["name"]) == ("a@example.org", "A")
    assert second["quarantine_text"] == 'b@example.org,"B'


def test_bytes_that_were_no_text_are_marked(desk: Desk) -> None:
    summary = take_up(desk, b"email,name\na@example.org,Jos\xe9\n")
    assert rows_of(desk, summary)[0]["name"] == "Jos\ufffd"


def test_whoever_is_refused_for_good_is_not_set_aside(desk: Desk) -> None:
    desk.suppress("bounced", "a@example.org")
    summary = take_up(desk, "email\na@example.org\n")
    assert (summary.rejected, summary.spoiled, summary.quarantine) == (1, 0, "")


def test_a_named_encoding_reads_what_is_no_utf_8(desk: Desk) -> None:
    path = desk.folder / "people.csv"
    path.write_bytes("email,name\na@example.org,José €\n".encode("windows-1252"))
    importer = replace(desk.importer(), reading=Reading(encoding="windows-1252"))
    assert importer.run(path, now=desk.now).added == 1
    assert desk.person("a@example.org")["name"] == "José €"


def test_a_column_can_be_read_as_another_or_left_out(desk: Desk) -> None:
    path = desk.folder / "people.csv"
    path.write_text("E-Mail,Vorname,Notiz\na@example.org,Ana,x\n", encoding="utf-8")
    columns = {"E-Mail": "email", "vorname": "name", "NOTIZ": ""}
    importer = replace(desk.importer(), reading=Reading(columns=columns))
    assert importer.run(path, now=desk.now).added == 1
    person = desk.person("a@example.org")
    assert (person["name"], person["attributes"]) == ("Ana", {})
