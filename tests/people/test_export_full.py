"""A complete export, taken up by an empty database, gives the same database."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.links import AddressHash
from bypost.people.export_full import FullExport, attribute_columns, header
from bypost.store import enrollments, subscribers, suppressions
from bypost.store.schema import metadata
from tests.people.desk import HEADER, NOON, Desk
from tests.people.test_import_undo import owe_lesson

_HOSTILE = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.sampled_from(
        [
            "=1+1",
            "'=1+1",
            "-x",
            "@x",
            "+x",
            "\t=x",
            '"',
            "a,b;c",
            " x ",
            "\u202egnp",
            "a\nb",
            "\x00",
        ]
    ),
)
_PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "name": _HOSTILE,
            "time_zone": st.sampled_from(["", "Asia/Tokyo"]),
            "hour": st.sampled_from(["", "07:30"]),
            "status": st.sampled_from(["confirmed", "unconfirmed"]),
            "tags": st.lists(_HOSTILE, max_size=2),
            "attributes": st.dictionaries(
                st.one_of(_HOSTILE, st.sampled_from(["motto", "Motto", "name", "bypost"])),
                _HOSTILE,
                max_size=2,
            ),
            "own_choice": st.sampled_from([[], ["time_zone"], ["hour", "name"]]),
            "courses": st.sampled_from([(), ("alpha",), ("alpha", "beta")]),
            "newsletters": st.sampled_from([(), ("gazette",)]),
            "happens": st.lists(
                st.sampled_from(
                    [
                        *("left alpha", "left everything", "finished", "bounced", "complained"),
                        *("erased", "paused", "course stopped", "left gazette"),
                    ]
                ),
                max_size=2,
            ),
        }
    ),
    max_size=4,
)
#: Tables a complete export carries, and what of a row it does not: numbers that count up.
_CARRIED = ("subscribers", "enrollments", "subscriptions", "consents", "suppressions")


def exported(desk: Desk, lessons: dict[str, list[str]] | None = None) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    with desk.store.read() as connection:
        names = attribute_columns(connection)
        writer.writerow(header(names))
        full = FullExport(
            connection=connection,
            address_hash=desk.address_hash,
            attributes=names,
            newsletters=desk.newsletters,
            lessons=lessons or {},
        )
        writer.writerows(full.rows())
    return text.getvalue()


def live(desk: Desk, number: int, one: dict[str, Any]) -> None:
    """Put somebody into a database as life would have, with whatever it holds."""
    email = f"p{number}@example.org"
    courses, letters = ";".join(one["courses"]) or ";", ";".join(one["newsletters"]) or ";"
    desk.sync(f"{HEADER}\n{email},x,,,{one['status']},said so,{courses},{letters}\n")
    kept = ("name", "time_zone", "hour", "tags", "attributes", "own_choice")
    desk.change_of(desk.person(email)["id"], **{name: one[name] for name in kept})
    for what in one["happens"]:
        happen(desk, email, what)


def happen(desk: Desk, email: str, what: str) -> None:
    on = desk.on(email)
    if desk.person(email) is None:
        return
    if what in {"bounced", "complained"}:
        desk.suppress(what, email)
    elif what == "erased":
        desk.erase(email)
    elif what == "left everything":
        desk.leave_everything(email)
    elif what == "course stopped":
        address = desk.address_hash(email)
        with desk.store.write() as connection:
            suppressions.add(
                connection, address, reason="left", scope="course:alpha", now=desk.now, detail="=x"
            )
    elif what.startswith("left") and any(name.endswith(what.split()[1]) for name in on):
        desk.leave(what.split()[1], email)
    elif "course:alpha" in on:
        with desk.store.write() as connection:
            run = enrollments.of_subscribers(connection, [desk.person(email)["id"]])[0]
            if what == "finished":
                enrollments.finish(connection, [run["id"]], desk.now)
            else:
                values = {"paused_until": desk.now + timedelta(days=9), "pace": "3 days"}
                enrollments.change(connection, run["id"], values)


def carried(desk: Desk) -> dict[str, list[Any]]:
    """Return what an export carries, people by address instead of by number."""
    with desk.store.read() as connection:
        emails = {p["id"]: p["email_key"] for p in subscribers.every(connection)}
        found: dict[str, list[Any]] = {}
        for name in _CARRIED:
            rows = connection.execute(metadata.tables[name].select()).mappings().all()
            found[name] = sorted(
                repr(sorted(_plain(dict(row), emails).items()))
                for row in rows
                if "subscriber_id" not in row or row["subscriber_id"] in emails
                if name != "subscribers" or row["email_key"] is not None
            )
    return found


def _plain(row: dict[str, Any], emails: dict[int, str]) -> dict[str, Any]:
    row.pop("id")
    if "subscriber_id" in row:
        row["subscriber_id"] = emails[row["subscriber_id"]]
    return {
        name: sorted(value.items()) if isinstance(value, dict) else value
        for name, value in row.items()
    }


@settings(max_examples=60, deadline=None)
@given(people=_PEOPLE)
def test_a_complete_export_into_an_empty_database_gives_the_same_database(
    fresh_desk: Callable[[], Desk], people: list[dict[str, Any]]
) -> None:
    old, new = fresh_desk(), fresh_desk()
    old.now = new.now = NOON
    for number, one in enumerate(people):
        live(old, number, one)
    text = exported(old)
    summary = new.sync(text, file="all.csv")
    assert summary.bad == []
    assert carried(new) == carried(old)
    assert exported(new) == text
    for row in csv.reader(io.StringIO(text)):
        assert not any(re.match(r"[=+\-@\t\r\n]", cell) for cell in row)


def test_a_course_under_way_goes_on_with_the_next_lesson(
    desk: Desk, fresh_desk: Callable[[], Desk]
) -> None:
    desk.rows("ana@example.org")
    owe_lesson(desk)
    other = fresh_desk()
    other.sync(exported(desk, {"alpha": ["one", "two", "three"]}), file="all.csv")
    (run,) = other.runs()
    assert (run["status"], run["begins_with"]) == ("active", "two")
    assert run["counts_from"] is not None


def test_a_course_of_which_nothing_is_left_is_finished(
    desk: Desk, fresh_desk: Callable[[], Desk]
) -> None:
    desk.rows("ana@example.org")
    owe_lesson(desk)
    other = fresh_desk()
    other.sync(exported(desk, {"alpha": ["one"]}), file="all.csv")
    (run,) = other.runs()
    assert (run["status"], run["next_due"]) == ("finished", None)


def test_whoever_was_erased_is_refused_where_their_hash_was_taken_up(
    desk: Desk, fresh_desk: Callable[[], Desk]
) -> None:
    desk.rows("ana@example.org")
    desk.erase()
    assert "ana" not in exported(desk)
    other = fresh_desk()
    other.sync(exported(desk), file="all.csv")
    assert other.rows("ana@example.org").refused == {"erased": 1}


def test_hashes_made_with_another_key_are_told_and_not_taken_up(
    desk: Desk, fresh_desk: Callable[[], Desk]
) -> None:
    desk.rows("ana@example.org")
    desk.erase()
    other = fresh_desk()
    other.address_hash = AddressHash("another key")
    (bad,) = other.sync(exported(desk), file="all.csv").bad
    assert "made with another key" in bad.reason


def test_of_somebody_who_is_there_a_complete_row_only_stops_mail(
    desk: Desk, fresh_desk: Callable[[], Desk]
) -> None:
    desk.rows("ana@example.org,Ana,,,,,beta")
    desk.change(hour="07:30")
    desk.suppress("complained")
    other = fresh_desk()
    other.rows("ana@example.org,Ana,,,,,alpha")
    other.sync(exported(desk), file="all.csv")
    assert other.suppressed() == "complained"
    assert other.person()["hour"] == ""
    assert "course:beta" not in other.on()


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("{", "is not as an export writes it"),
        ("[]", "is not as an export writes it"),
        ('{"status":"erased"}', "status"),
        ('{"colour":"red"}', "colour"),
        ('{"hour":"7"}', "hour"),
        ('{"runs":[{"course":"alpha"}]}', "runs.0.run"),
        ('{"address":"xyz"}', "address"),
    ],
)
def test_a_record_that_is_none_is_a_bad_row(desk: Desk, cell: str, reason: str) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["email", "bypost"], ["ana@example.org", cell]])
    (bad,) = desk.sync(text.getvalue()).bad
    assert reason in bad.reason
    assert desk.count() == 0
