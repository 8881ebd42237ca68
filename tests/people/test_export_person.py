"""Everything about one person: nothing is left out, and nothing of anybody else is in it."""

from __future__ import annotations

import orjson
import pytest
from sqlalchemy import select

from bypost.people import export_person as exporting
from bypost.people.erase import erase
from bypost.store import Connection, schema, signups, subscribers
from tests.people.desk import HEADER, NOON, Desk

#: Tables that tell of a person, and where the export has them.
TOLD = {
    "enrollments": "courses",
    "subscriptions": "newsletters",
    "signups": "requests",
    "address_changes": "address_changes",
    "consents": "consents",
    "deliveries": "mails",
    "holds": "pauses",
}
#: What names a person too: answers to programs hold the same once more, for a day.
REPEATED = {"replies"}


def export(desk: Desk, connection: Connection, number: int) -> dict[str, object]:
    return exporting.export_person(
        connection, number, address_hash=desk.address_hash, reference=str, now=NOON
    )


@pytest.fixture
def ana(desk: Desk) -> Desk:
    desk.sync(
        f"{HEADER},colour\n"
        "ana@example.org,Ana,Europe/Berlin,vip,,by phone,alpha,gazette,blue\n"
        "bo@example.org,Bo,,,,by post,alpha,,red\n"
    )
    with desk.store.write() as connection:
        values = {
            "course": "beta",
            "newsletters": [],
            "name": "",
            "time_zone": "",
            "hour": "",
            "form": "page:beta",
            "wording": "Send it",
            "language": "en",
            "network": "n",
            "link_id": b"x" * 16,
            "subscriber_id": 1,
            **dict.fromkeys(("requested_at", "mailed_at", "expires_at"), NOON),
        }
        signups.add(connection, values)
    return desk


def test_every_table_that_names_a_person_is_in_it() -> None:
    naming = {t.name for t in schema.metadata.sorted_tables if "subscriber_id" in t.columns}
    assert naming - REPEATED == set(TOLD)


def test_it_holds_what_stands_in_the_tables(ana: Desk) -> None:
    with ana.store.read() as connection:
        told = export(ana, connection, 1)
        for table, name in TOLD.items():
            own = getattr(schema, table)
            rows = connection.execute(select(own).where(own.c.subscriber_id == 1)).all()
            part = told[name]
            assert isinstance(part, list)
            assert len(part) == len(rows), name
    assert told["person"]["attributes"] == {"colour": "blue"}  # type: ignore[index]
    assert told["person"]["tags"] == ["vip"]  # type: ignore[index]
    assert [row["wording"] for row in told["requests"]] == ["Send it"]  # type: ignore[attr-defined]
    assert {row["note"] for row in told["consents"]} == {"by phone"}  # type: ignore[attr-defined]


def test_it_is_json_and_tells_of_nobody_else_and_no_link(ana: Desk) -> None:
    with ana.store.read() as connection:
        text = orjson.dumps(export(ana, connection, 1)).decode()
    assert "bo@" not in text
    assert "by post" not in text
    assert "link_id" not in text


def test_of_an_erased_person_the_rows_are_told_without_them(ana: Desk) -> None:
    with ana.store.write() as connection:
        person = subscribers.by_id(connection, 1)
        assert person is not None
        erase(connection, person, ana.address_hash, now=NOON)
        text = orjson.dumps(export(ana, connection, 1)).decode()
    assert "erased" in text
    for word in ("ana@", '"Ana"', "blue", "by phone", "vip"):
        assert word not in text
