"""Very many rows on PostgreSQL, as far as it is its own matter."""

from __future__ import annotations

from bypost.store import Store, consents, newcomers
from bypost.store.schema.base import microseconds
from tests.contracts.many_rows import NOW, person


def test_a_nul_in_a_statement_of_consent_is_marked(store: Store) -> None:
    at = microseconds(NOW)
    with store.write() as connection:
        newcomers.add_people(connection, [person(1)])
        newcomers.add_consents(connection, [(1, "course:alpha", "a\x00b", at, at)])
        (row,) = consents.of_subscriber(connection, 1)
    assert row["note"] == "a\ufffdb"
