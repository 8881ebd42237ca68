"""Taking an import back: what it did goes, what others built on it stays, nobody comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from bypost.errors import ByPostError
from bypost.people.undo_import import Undoing, Undone
from bypost.store import Connection, enrollments, erasure, imports, subscriptions
from bypost.store.schema import batches, contents, deliveries, metadata
from tests.people.desk import HEADER, Desk

_ROWS = st.lists(
    st.tuples(
        st.sampled_from([f"p{number}@example.org" for number in range(6)]),
        st.sampled_from(["", "Ana", "Åse"]),
        st.sampled_from(["", "Asia/Tokyo"]),
        st.sampled_from(["", "one;two"]),
        st.sampled_from(["", "confirmed", "unconfirmed"]),
        st.sampled_from(["", "said so"]),
        st.sampled_from(["", "alpha", "alpha;beta", ";"]),
        st.sampled_from(["", "gazette"]),
        st.sampled_from(["", "red", "blue"]),
    ).map(lambda cells: ",".join(f'"{cell}"' for cell in cells)),
    max_size=6,
    unique_by=lambda row: row.split(",")[0],
)
_WITH_COLOUR = f"{HEADER},colour"


def undo(desk: Desk, number: int, *, dry: bool = False, **options: Any) -> Undone:
    undoing = Undoing(store=desk.store, address_hash=desk.address_hash, dry=dry, **options)
    return undoing.run(number, by="eva", now=desk.now)


def owe_lesson(desk: Desk, email: str = "ana@example.org") -> None:
    """Write down that somebody is owed the first lesson of what they are on."""
    with desk.store.write() as connection:
        run = enrollments.of_subscribers(connection, [desk.person(email)["id"]])[0]
        owe(connection, run["subscriber_id"], enrollment_id=run["id"], kind="lesson")


def owe_issue(desk: Desk, email: str = "ana@example.org") -> None:
    with desk.store.write() as connection:
        letter = subscriptions.of_subscribers(connection, [desk.person(email)["id"]])[0]
        owe(connection, letter["subscriber_id"], subscription_id=letter["id"], kind="issue")


def owe(connection: Connection, subscriber_id: int, *, kind: str, **whose: int) -> None:
    nothing = {"state": "pending", "provider": "outbox", "collection": "x", "item": "one"}
    texts = dict.fromkeys(("lease_owner", "detail"), "")
    numbers = dict.fromkeys(
        ("fence", "attempts", "generation", "members", "accepted", "failed", "cancelled"), 0
    )
    at = Desk.__dataclass_fields__["now"].default
    connection.execute(
        insert(contents).values(
            hash="h", body=b"", kind=kind, collection="x", item="one", title="", created_at=at
        )
    )
    batch = connection.execute(
        insert(batches)
        .values(
            **nothing,
            **texts,
            **numbers,
            kind=kind,
            content_hash="h",
            size=1,
            due_at=at,
            next_try=at,
            ambiguous=False,
        )
        .returning(batches.c.id)
    ).scalar_one()
    row = {"batch_id": batch, "subscriber_id": subscriber_id, "kind": kind, "item": "one"}
    connection.execute(insert(deliveries).values(**row, copy=0, request="", **whose))


def without_imports(desk: Desk) -> dict[str, list[Any]]:
    """Return every row but those that tell of imports, and counts that are none."""
    return {
        name: [row for row in rows if name != "daily" or not row.endswith(", 0)")]
        for name, rows in desk.dump().items()
        if name not in {"imports", "import_changes"}
    }


@settings(max_examples=30, deadline=None)
@given(before=_ROWS, rows=_ROWS)
def test_what_an_import_did_is_gone_after_taking_it_back_and_the_counts_said_so(
    fresh_desk: Callable[[], Desk], before: list[str], rows: list[str]
) -> None:
    desk = fresh_desk()
    desk.rows(*before, header=_WITH_COLOUR)
    stood, people = without_imports(desk), desk.everybody()
    summary = desk.sync("\n".join((_WITH_COLOUR, *rows, "")), file="other.csv")
    if summary.import_id is None:
        return
    told = undo(desk, summary.import_id, dry=True)
    undone = undo(desk, summary.import_id)
    assert undone.numbers() == told.numbers()
    assert undone.stays.total() == 0
    assert undone.removed == summary.added
    assert desk.everybody() == people
    after = without_imports(desk)
    for table in ("enrollments", "subscriptions", "consents"):
        # Somebody whose zone goes back is looked at again by the next pass: only their hint moves.
        assert len(after[table]) == len(stood[table])
    if not undone.restored["time_zone"]:
        assert _without_unchanged_cells(after) == _without_unchanged_cells(stood)


def _without_unchanged_cells(tables: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Leave out people: of rows that changed nobody the cells stay known."""
    return {name: rows for name, rows in tables.items() if name != "subscribers"}


def test_the_same_file_can_be_taken_up_again_and_acts_again(desk: Desk) -> None:
    desk.rows("ana@example.org,Ana", "ben@example.org,Ben")
    file = desk.folder / "other.csv"
    summary = desk.sync("email,name\nana@example.org,Anna\nnew@example.org,New\n", file="other.csv")
    undo(desk, summary.import_id or 0)
    assert desk.person()["name"] == "Ana"
    from dataclasses import replace

    again = replace(desk.importer(), asked=True).run(file, now=desk.now)
    assert (again.added, again.changed) == (1, 1)
    assert desk.person()["name"] == "Anna"


def test_a_pass_does_not_repeat_what_was_taken_back(desk: Desk) -> None:
    summary = desk.rows("ana@example.org")
    undo(desk, summary.import_id or 0)
    assert desk.importer().run(desk.file, now=desk.now).skipped
    assert desk.person() is None


def test_to_whom_a_mail_went_stays(desk: Desk) -> None:
    summary = desk.rows("ana@example.org", "ben@example.org")
    owe_lesson(desk)
    undone = undo(desk, summary.import_id or 0)
    assert undone.numbers()["stays"] == {"mail was sent, or is on its way": 1}
    assert undone.removed == 1
    assert desk.person() is not None
    assert desk.on() == {"course:alpha": "active"}
    assert desk.person("ben@example.org") is None


def test_what_was_begun_and_had_a_mail_stays_and_the_rest_ends(desk: Desk) -> None:
    desk.rows("ana@example.org,,,,,,;,", "ben@example.org,,,,,,;,")
    rows = ("ana@example.org,alpha,gazette", "ben@example.org,alpha,gazette")
    text = "\n".join(("email,courses,newsletters", *rows, ""))
    summary = desk.sync(text, file="other.csv")
    owe_issue(desk)
    undone = undo(desk, summary.import_id or 0)
    assert undone.numbers()["ended"] == {"course:alpha": 2, "newsletter:gazette": 1}
    assert undone.stays == {"newsletter:gazette: mail was sent, or is on its way": 1}
    assert desk.on() == {"newsletter:gazette": "active"}
    assert desk.on("ben@example.org") == {}
    assert [one["purpose"] for one in desk.consents()] == ["newsletter:gazette"]


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (lambda desk: desk.leave_everything(), "nothing is sent to them any more"),
        (lambda desk: desk.leave("alpha"), "did something since"),
        (lambda desk: desk.change(own_choice=["time_zone"]), "did something since"),
        (lambda desk: desk.change(hour="07:30"), "did something since"),
        (lambda desk: desk.suppress("bounced"), "nothing is sent to them any more"),
        (lambda desk: desk.erase(), "erased since"),
        (
            lambda desk: desk.sync("email,name\nana@example.org,Anna\n", file="later.csv"),
            "changed by a later import",
        ),
    ],
)
def test_somebody_of_whom_more_is_known_since_stays(
    desk: Desk, happens: Callable[[Desk], None], reason: str
) -> None:
    summary = desk.rows("ana@example.org,Ana")
    happens(desk)
    stood = without_imports(desk)
    undone = undo(desk, summary.import_id or 0)
    assert undone.numbers()["stays"] == {reason: 1}
    assert undone.removed == 0
    assert without_imports(desk) == stood


def test_a_field_that_changed_again_since_stays(desk: Desk) -> None:
    desk.rows("ana@example.org,Ana,Asia/Tokyo,x")
    text = "email,name,time_zone,tags\nana@example.org,Anna,Europe/Oslo,y\n"
    summary = desk.sync(text, file="other.csv")
    desk.change(name="Annika", own_choice=["time_zone"])
    undone = undo(desk, summary.import_id or 0)
    person = desk.person()
    assert (person["name"], person["time_zone"], person["tags"]) == ("Annika", "Europe/Oslo", ["x"])
    assert undone.restored == {"tags": 1}
    assert undone.stays == {"name: changed since": 1, "time_zone: changed since": 1}


def test_nobody_whom_a_file_ended_is_brought_back(desk: Desk) -> None:
    desk.rows("ana@example.org")
    text = "email,status\nana@example.org,left\nnew@example.org,bounced\n"
    summary = desk.sync(text, file="other.csv")
    undone = undo(desk, summary.import_id or 0)
    assert desk.on() == {"course:alpha": "left"}
    assert desk.suppressed() == "left"
    assert desk.suppressed("new@example.org") == "bounced"
    assert undone.stays == {
        "ended by the file: nobody is brought back": 1,
        "nothing is sent to them any more": 1,
    }


def test_whoever_the_file_confirmed_is_unconfirmed_again(desk: Desk) -> None:
    desk.rows("ana@example.org,,,,unconfirmed")
    summary = desk.sync("email,status\nana@example.org,confirmed\n", file="other.csv")
    assert desk.on() == {"course:alpha": "active"}
    undo(desk, summary.import_id or 0)
    person = desk.person()
    assert (person["status"], person["confirmed_at"]) == ("unconfirmed", None)
    assert (desk.on(), desk.consents()) == ({}, [])


def test_an_import_is_taken_back_once_and_one_that_is_not_there_never(desk: Desk) -> None:
    summary = desk.rows("ana@example.org")
    number = summary.import_id or 0
    undo(desk, number)
    with pytest.raises(ByPostError, match="taken back already"):
        undo(desk, number)
    with pytest.raises(ByPostError, match="there is no import 99"):
        undo(desk, 99)


def test_an_import_that_runs_is_not_taken_back_and_one_that_broke_off_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr("bypost.people.import_csv.Importer._finish", broken)
        with pytest.raises(RuntimeError):
            desk.rows("ana@example.org")
    with pytest.raises(ByPostError, match="is under way"):
        undo(desk, 1)
    desk.now = desk.now.replace(day=desk.now.day + 1)
    assert undo(desk, 1).removed == 1


def test_it_is_written_down_who_took_it_back_and_what_that_did(desk: Desk) -> None:
    told: list[int] = []
    summary = desk.rows("ana@example.org")
    undo(desk, summary.import_id or 0, on_done=lambda _connection, one: told.append(one.removed))
    with desk.store.read() as connection:
        row = imports.by_id(connection, summary.import_id or 0)
    assert row is not None
    assert (row["state"], row["undone_by"], row["undone_at"]) == ("undone", "eva", desk.now)
    assert row["undone"]["removed"] == 1
    assert told == [1]


def test_erasing_forgets_what_imports_changed_in_a_person(desk: Desk) -> None:
    desk.rows("ana@example.org,Ana Secret")
    desk.sync("email,name\nana@example.org,Anna\n", file="other.csv")
    assert any("Ana Secret" in row for row in desk.dump()["import_changes"])
    with desk.store.write() as connection:
        erasure.blank(connection, desk.person()["id"], desk.now)
    assert not any("Ana" in row for rows in desk.dump().values() for row in rows)
    assert "import_changes" in metadata.tables
