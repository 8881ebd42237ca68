"""What is written without SQLAlchemy stands there as if it had been written with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bypost.people.link_ids import LinkIds
from bypost.store import (
    Connection,
    Store,
    consents,
    daily,
    enrollments,
    import_changes,
    imports,
    known_people,
    newcomers,
    subscribers,
    subscriptions,
    suppressions,
)
from bypost.store.schema.base import microseconds
from bypost.store.sheets import among, as_json

NOW = datetime(2026, 11, 23, 9, 30, 0, 123_456, tzinfo=UTC)
_AT = microseconds(NOW)
#: What JSON in a cell may hold: a NUL, the text of its escape, half a surrogate pair.
_ODD = {"n": "a\x00b", "t": "a\\u0000b", "ö": "ü😀"}


def person(number: int, *, name: str = "Ana", confirmed: bool = True) -> newcomers.Person:
    email = f"P{number}@example.org"
    status = "confirmed" if confirmed else "unconfirmed"
    told = as_json(["a"]), as_json(_ODD), as_json({"x.csv": {"email": email}})
    at = _AT if confirmed else None
    return number, email, email.lower(), name, "Europe/Berlin", status, *told, _AT, at


def as_dict(number: int, *, confirmed: bool = True) -> dict[str, Any]:
    return {
        "id": number,
        "email": "P1@example.org",
        "email_key": "p1@example.org",
        "name": "Ana",
        "time_zone": "Europe/Berlin",
        "hour": "",
        "status": "confirmed" if confirmed else "unconfirmed",
        "tags": ["a"],
        "attributes": _ODD,
        "own_choice": [],
        "csv_cells": {"x.csv": {"email": "P1@example.org"}},
        "created_at": NOW,
        "confirmed_at": NOW if confirmed else None,
    }


class ManyRowsContract:
    """For the store fixture of either database."""

    @pytest.mark.parametrize("confirmed", [True, False])
    def test_a_person_is_the_same_by_either_way(self, store: Store, confirmed: bool) -> None:
        with store.write() as connection:
            newcomers.add_people(connection, [person(1, confirmed=confirmed)])
            bare = dict(subscribers.by_id(connection, 1) or {})
            subscribers.change(connection, 1, {"email_key": "moved@example.org"})
            subscribers.add_all(connection, [as_dict(2, confirmed=confirmed)])
            usual = dict(subscribers.by_id(connection, 2) or {})
        assert bare == {**usual, "id": 1}

    def test_what_begins_is_the_same_by_either_way_and_counted_as_often(self, store: Store) -> None:
        first, second = LinkIds().take(), LinkIds().take()
        run = {"subscriber_id": 2, "course": "alpha", "started_at": NOW, "next_due": NOW}
        letter = {"subscriber_id": 2, "newsletter": "gazette", "started_at": NOW}
        consent = {"subscriber_id": 2, "purpose": "course:alpha", "source": "csv", "note": "said"}
        with store.write() as connection:
            newcomers.add_people(connection, [person(1), person(2)])
            newcomers.add_runs(connection, [(1, "alpha", _AT, _AT, first, "l2")], NOW)
            newcomers.add_letters(connection, [(1, "gazette", _AT, first)], NOW)
            newcomers.add_consents(connection, [(1, "course:alpha", "said", _AT, _AT)])
            counted = joined(connection)
            begins = {"link_id": bytes(second), "begins_with": "l2"}
            enrollments.add_all(connection, [{**run, **begins}])
            subscriptions.add_all(connection, [{**letter, "link_id": bytes(second)}])
            times = {"requested_at": NOW, "confirmed_at": NOW}
            consents.add_all(connection, [{**consent, **times}])
            again = joined(connection)
            for rows in (
                enrollments.of_subscribers(connection, [1, 2]),
                subscriptions.of_subscribers(connection, [1, 2]),
                consents.of_subscribers(connection, [1, 2]),
            ):
                bare, usual = (dict(row) for row in rows)
                own = {"id", "subscriber_id", "link_id"}
                assert {k: v for k, v in bare.items() if k not in own} == {
                    k: v for k, v in usual.items() if k not in own
                }
            assert enrollments.by_link(connection, bytes(first)) is not None
        assert {where: 2 * number for where, number in counted.items()} == again
        assert counted == {"course:alpha": 1, "newsletter:gazette": 1}

    def test_a_stop_stands_once_and_is_found_among_hashes_of_nobody(self, store: Store) -> None:
        stopped = b"\x00" * 15 + b"\x01"
        with store.write() as connection:
            for _ in range(2):
                newcomers.add_stops(connection, [(stopped, "bounced", _AT), (stopped, "left", _AT)])
            stands = suppressions.of_address(connection, stopped)
            found = known_people.with_stops(connection, [b"\x00" * 16, stopped])
        assert [(row["reason"], row["scope"], row["detail"]) for row in stands] == [
            ("bounced", "all", "csv"),
            ("left", "all", "csv"),
        ]
        assert found == [stopped]

    def test_each_of_many_is_changed_as_told_and_nobody_else(self, store: Store) -> None:
        later = NOW + timedelta(microseconds=1)
        with store.write() as connection:
            newcomers.add_people(connection, [person(n) for n in (1, 2, 3)])
            before = dict(subscribers.by_id(connection, 3) or {})
            subscribers.change_all(
                connection,
                [
                    (1, {"name": "Ö", "attributes": _ODD}),
                    (2, {"attributes": {"a": "b"}, "name": "B"}),
                    (1, {"status": "unconfirmed", "confirmed_at": None, "csv_cells": None}),
                    (2, {"confirmed_at": later}),
                ],
            )
            one, two, three = (dict(subscribers.by_id(connection, n) or {}) for n in (1, 2, 3))
        assert (one["name"], one["status"], one["confirmed_at"]) == ("Ö", "unconfirmed", None)
        assert one["csv_cells"] is None
        assert (two["name"], two["attributes"], two["confirmed_at"]) == ("B", {"a": "b"}, later)
        assert three == before

    def test_what_is_known_of_people_is_what_their_rows_say(self, store: Store) -> None:
        with store.write() as connection:
            newcomers.add_people(connection, [person(1), person(2)])
            subscribers.change(connection, 2, {"csv_cells": None, "own_choice": ["name"]})
            newcomers.add_runs(connection, [(2, "alpha", _AT, _AT, LinkIds().take(), "")], NOW)
            newcomers.add_letters(connection, [(1, "gazette", _AT, LinkIds().take())], NOW)
            keys = ["p1@example.org", "p2@example.org", "nobody@example.org", "P1@example.org"]
            known = known_people.by_keys(connection, keys)
            rows = subscribers.by_keys(connection, keys)
            runs = known_people.runs(connection, [1, 2])
            letters = known_people.letters(connection, [1, 2])
        assert {key: {name: rows[key][name] for name in one} for key, one in known.items()} == known
        assert set(known) == set(rows) == {"p1@example.org", "p2@example.org"}
        assert [tuple(row) for row in runs] == [(2, "alpha", "active")]
        assert [tuple(row) for row in letters] == [(1, "gazette", "active")]

    def test_changes_of_an_import_come_back_as_they_were(self, store: Store) -> None:
        rows = [
            {"what": "added", "first_id": 1, "last_id": 9, "before": None, "after": None},
            {"what": "changed", "first_id": 3, "last_id": 3, "before": {"a": None}, "after": {}},
        ]
        with store.write() as connection:
            number = imports.add(connection, path="x.csv", at=NOW)
            import_changes.add_all(connection, number, rows)
            import_changes.add_all(connection, number, [])
            found = import_changes.of_import(connection, number, after_id=0, limit=9)
        assert [{name: row[name] for name in rows[0]} for row in found] == rows

    def test_nothing_is_asked_or_written_where_there_is_nothing(self, store: Store) -> None:
        with store.write() as connection:
            newcomers.add_people(connection, [])
            newcomers.add_runs(connection, [], NOW)
            assert among(connection, "no query at all", []) == []

    def test_half_a_surrogate_pair_in_a_value_is_no_error(self, store: Store) -> None:
        assert as_json({"a": "\ud800"}) == '{"a": "\\ud800"}'


def joined(connection: Connection) -> dict[str, int]:
    sums = daily.sums(connection, kinds=[daily.Kind.JOINED], by=("collection",))
    return {row["collection"]: int(row["number"]) for row in sums}
