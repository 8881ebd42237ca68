"""Imports at the desk: looked at first, applied with a word on consent, taken back.

The project's own file is import 1, what is put here is import 2.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from bypost.delivery.context import Context
from bypost.people import import_files
from bypost.store import Row, audit, consents, imports, subscribers
from tests.web.desk.conftest import HOSTILE, Signed

FILE = "email,name\na@example.org,Ana\nnobody,x\n"
NOTE = "asked for it on paper in October"


def put(who: Signed, content: str | bytes, name: str = "people.csv", **fields: str) -> Any:
    data = content if isinstance(content, bytes) else content.encode()
    return who.post("/imports", fields, files={"file": (name, data, "text/csv")})


def settled(context: Context) -> Row:
    """Return the last import once nothing is under way any more."""
    for _ in range(200):
        with context.store.read() as connection:
            row = imports.page(connection, limit=1)[0]
        reading = row["state"] == "uploaded" and not row["trouble"]
        if not reading and row["state"] not in {"running", "undoing"}:
            return row
        time.sleep(0.02)
    raise AssertionError("it never came to an end")


def person(context: Context, email: str = "a@example.org") -> Row | None:
    with context.store.read() as connection:
        return subscribers.by_keys(connection, [email]).get(email)


@pytest.fixture
def reviewed(operator: Signed, context: Context) -> Row:
    put(operator, FILE)
    return settled(context)


def test_a_file_is_looked_at_and_nobody_is_changed(operator: Signed, context: Context) -> None:
    answer = put(operator, FILE)
    assert answer.status_code == 303
    row = settled(context)
    assert (row["state"], row["path"], row["actor"]) == ("reviewed", "desk/people.csv", "olga")
    assert person(context) is None
    page = operator.get("/imports/2").text
    assert "What would happen" in page
    assert "a@example.org" in page
    assert "is not a usable address" in page


def test_it_is_applied_with_the_statement_as_evidence(
    operator: Signed, context: Context, reviewed: Row
) -> None:
    operator.post("/imports/2/apply", {"note": NOTE})
    row = settled(context)
    assert (row["state"], row["summary"]) == ("done", reviewed["review"])
    found = person(context)
    assert found is not None
    with context.store.read() as connection:
        notes = {one["note"] for one in consents.of_subscriber(connection, found["id"])}
        (newest, *_) = audit.newest(connection, limit=1, action="import.apply")
    assert notes <= {NOTE}
    assert (newest["who"], newest["subject"]) == ("olga", "import:2")
    assert "What happened" in operator.get("/imports/2").text
    assert not import_files.uploaded(context.root, 2).exists(), "addresses do not lie about"


@pytest.mark.parametrize("note", ["", "   ", "yes"])
def test_nothing_is_applied_without_a_statement(
    operator: Signed, context: Context, reviewed: Row, note: str
) -> None:
    answer = operator.post("/imports/2/apply", {"note": note})
    assert answer.status_code == 400
    assert "How did they agree?" in answer.text
    assert settled(context)["state"] == "reviewed"
    assert reviewed["state"] == "reviewed"


def test_bad_rows_can_be_had_as_a_file(operator: Signed, context: Context, reviewed: Row) -> None:
    assert operator.get("/imports/2/bad-rows.csv").status_code == 404, "nothing was written yet"
    operator.post("/imports/2/apply", {"note": NOTE})
    settled(context)
    answer = operator.get("/imports/2/bad-rows.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.text.startswith("quarantine_line,quarantine_reason")
    assert reviewed["review"]["bad_rows"] == 1


def test_it_is_taken_back_after_the_counts_were_shown(
    operator: Signed, context: Context, reviewed: Row
) -> None:
    operator.post("/imports/2/apply", {"note": NOTE})
    settled(context)
    operator.post("/imports/2/count-undo")
    settled(context)
    page = operator.get("/imports/2").text
    assert "What taking it back would do" in page
    assert person(context) is not None
    assert operator.post("/imports/2/undo", {"typed": "undo"}).status_code == 400
    assert person(context) is not None
    operator.post("/imports/2/undo", {"typed": "undo 2"})
    row = settled(context)
    assert (row["state"], row["undone_by"], row["undone"]["removed"]) == ("undone", "olga", 1)
    assert person(context) is None
    with context.store.read() as connection:
        (newest, *_) = audit.newest(connection, limit=1, action="import.undo")
    assert (newest["who"], newest["subject"]) == ("olga", "import:2")
    assert reviewed["review"]["added"] == 1


def test_a_header_that_is_not_understood_can_be_explained(
    operator: Signed, context: Context
) -> None:
    put(operator, "Adresse,Vorname,Notiz\na@example.org,José,x\n".encode("windows-1252"))
    row = settled(context)
    assert (row["state"], "no column `email`" in row["trouble"]) == ("uploaded", True)
    assert "Vorname".casefold() in operator.get("/imports/2").text
    fields = {"encoding": "windows-1252", "column-0": "email", "column-1": "name", "column-2": "-"}
    operator.post("/imports/2/reading", fields)
    row = settled(context)
    assert (row["state"], row["review"]["added"]) == ("reviewed", 1)
    operator.post("/imports/2/apply", {"note": NOTE})
    settled(context)
    found = person(context)
    assert found is not None
    assert (found["name"], found["attributes"]) == ("José", {})


def test_a_file_can_be_discarded(operator: Signed, context: Context, reviewed: Row) -> None:
    operator.post("/imports/2/discard")
    assert operator.get("/imports/2").status_code == 404
    assert list(import_files.folder(context.root).iterdir()) == []
    assert reviewed["id"] == 2


def test_an_export_of_another_program_is_named_with_what_it_lacks(
    operator: Signed, context: Context
) -> None:
    at = "2026-11-23 12:00:00 +0000 UTC"
    put(
        operator,
        "uuid,email,name,attributes,status,created_at,updated_at\n"
        f"x,a@example.org,Ana,{{}},enabled,{at},{at}\n",
    )
    assert settled(context)["dialect"] == "listmonk"
    page = operator.get("/imports/2").text
    assert "an export of listmonk" in page
    assert "left one of them" in page


def test_what_stands_in_a_file_is_text_and_nothing_else(operator: Signed, context: Context) -> None:
    quoted = [one.replace('"', '""') for one in HOSTILE]
    rows = "".join(f'a{n}@example.org,"{one}"\n' for n, one in enumerate(quoted))
    put(operator, f'email,"<b>x</b>"\n{rows}', name='"><script>alert(1)</script>.csv')
    settled(context)
    page = operator.get("/imports/2").text + operator.get("/imports").text
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "..\\evil.csv", "/etc/passwd", "\x00", "a\nb.csv"]
)
def test_a_name_is_a_name_and_no_path(operator: Signed, context: Context, name: str) -> None:
    put(operator, FILE, name=name)
    folder = import_files.folder(context.root)
    for path in context.root.rglob("*evil*"):
        raise AssertionError(path)
    assert {path.name for path in folder.iterdir()} <= {"2.csv", "2-review.json"}
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    sign_in: Callable[..., Signed], context: Context
) -> None:
    answer = put(sign_in("olga"), b"x" * (context.settings.import_.most_mb * 1_000_000 + 100_000))
    assert answer.status_code == 413
    assert not import_files.folder(context.root).exists()


def test_a_viewer_looks_and_does_not_act(
    viewer: Signed, operator: Signed, context: Context, reviewed: Row
) -> None:
    page = viewer.get("/imports/2").text
    assert "What would happen" in page
    assert "Apply this import" not in page
    for path in ("apply", "discard", "undo", "count-undo", "reading"):
        assert viewer.post(f"/imports/2/{path}", {"note": NOTE}).status_code == 403
    assert put(viewer, FILE).status_code == 403
    assert settled(context) == reviewed
    assert "Apply this import" in operator.get("/imports/2").text


def test_one_that_broke_off_says_so_and_goes_on(
    operator: Signed, context: Context, reviewed: Row
) -> None:
    long_ago = reviewed["at"].replace(year=2025)
    with context.store.write() as connection:
        imports.change(connection, 2, state="running", seen_at=long_ago, note=NOTE)
    page = operator.get("/imports/2").text
    assert "broken off" in page
    assert "Go on" in page
    operator.post("/imports/2/apply")
    row = settled(context)
    assert (row["state"], row["note"], row["summary"]["added"]) == ("done", NOTE, 1)


def test_while_it_runs_the_page_asks_for_its_state_alone(
    operator: Signed, context: Context, reviewed: Row
) -> None:
    with context.store.write() as connection:
        now = context.clock.now()
        imports.change(connection, 2, state="running", seen_at=now, rows_read=1)
    page = operator.get("/imports/2").text
    assert 'hx-get="/desk/imports/2"' in page
    part = operator.get("/imports/2", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "1 of 2 rows" in part
    assert reviewed["id"] == 2


def test_the_list_names_each_import_and_pages_by_number(operator: Signed, context: Context) -> None:
    with context.store.write() as connection:
        for number in range(30):
            imports.record(
                connection,
                path=f"{number}.csv",
                digest="",
                signature="",
                at=context.clock.now(),
                summary={"added": number},
            )
    first = operator.get("/imports").text
    assert ">29.csv</a>" in first
    assert ">4.csv</a>" not in first
    assert ">4.csv</a>" in operator.get("/imports?before=7").text


def test_a_path_in_the_address_leads_nowhere(operator: Signed) -> None:
    for path in ("/imports/x", "/imports/99", "/imports/-1", "/imports/1/bad-rows.csv"):
        assert operator.get(path).status_code == 404
