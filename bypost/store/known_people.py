"""What is known of the people whom a part of a file names: only what an import looks at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from bypost.store.engine import Connection
from bypost.store.sheets import among

_PERSON = """SELECT email_key, id, name, time_zone, status, CAST(tags AS TEXT),
    CAST(attributes AS TEXT), CAST(own_choice AS TEXT), CAST(csv_cells AS TEXT)
    FROM subscribers WHERE email_key"""
_RUNS = "SELECT subscriber_id, course, status FROM enrollments WHERE subscriber_id"
_LETTERS = "SELECT subscriber_id, newsletter, status FROM subscriptions WHERE subscriber_id"
_STOPS = "SELECT DISTINCT address_hash FROM suppressions WHERE address_hash"

#: Whose, on what, in which state.
Membership = tuple[int, str, str]


def by_keys(connection: Connection, email_keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return columns of the people who have these case-folded addresses, by address."""
    found = {}
    for key, number, name, zone, status, *told in among(connection, _PERSON, email_keys):
        tags, attributes, own, cells = (orjson.loads(text) if text else None for text in told)
        found[key] = {
            "id": number,
            "name": name,
            "time_zone": zone,
            "status": status,
            "tags": tags,
            "attributes": attributes,
            "own_choice": own,
            "csv_cells": cells,
        }
    return found


def runs(connection: Connection, ids: Sequence[int]) -> Sequence[Membership]:
    """Return the course and state of each run of these people."""
    return among(connection, _RUNS, ids)


def letters(connection: Connection, ids: Sequence[int]) -> Sequence[Membership]:
    """Return the newsletter and state of each subscription of these people."""
    return among(connection, _LETTERS, ids)


def with_stops(connection: Connection, hashes: Sequence[bytes]) -> list[bytes]:
    """Return the hashes of addresses against which anything stands."""
    # For `bytes` Python's SQLite looks for an adapter, which takes longer than the query.
    given = [bytearray(one) for one in hashes]
    return [found for (found,) in among(connection, _STOPS, given)]
