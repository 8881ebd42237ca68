"""The ledger added up by blocks is the ledger counted one by one, whatever is written when."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update

from bypost.store import Connection, Store, counts, migrate, sums
from bypost.store.binding import FRESH
from bypost.store.counts import Counts
from bypost.store.schema import batch_sums, batches, contents
from tests.conftest import MONDAY

STATES = ("pending", "sending", "settled", "unknown", "dissolved")
#: Numbers of batches so far apart that a few of them fill many blocks.
APART = sums.BLOCK // 2


@pytest.fixture
def store(tmp_path: Path, empty_database: Path) -> Iterator[Store]:
    path = tmp_path / "sums.db"
    path.write_bytes(empty_database.read_bytes())
    store = Store("sqlite:///sums.db", root=tmp_path)
    migrate.upgrade(store)
    with store.write() as connection:
        connection.execute(
            insert(contents).values(
                hash="h",
                kind="issue",
                collection="",
                item="i",
                title="",
                body=b"",
                created_at=MONDAY,
            )
        )
    yield store
    store.close()


def batch(number: int, state: str, provider: str = "outbox", size: int = 5) -> dict[str, object]:
    return {
        **FRESH,
        "id": number,
        "provider": provider,
        "kind": "issue",
        "collection": "",
        "item": "i",
        "content_hash": "h",
        "due_at": MONDAY,
        "next_try": MONDAY,
        "size": size,
        "state": state,
        "members": 2 if state == "unknown" else 0,
        "accepted": 3 if state == "settled" else 0,
        "failed": 1 if state == "settled" else 0,
        "cancelled": 1 if state == "settled" else 0,
    }


def one_by_one(connection: Connection) -> Counts:
    owed, accepted, failed, cancelled, unknown = connection.exec_driver_sql(
        "SELECT coalesce(sum(size), 0), coalesce(sum(accepted), 0), coalesce(sum(failed), 0),"
        " coalesce(sum(cancelled), 0),"
        " coalesce(sum(CASE WHEN state = 'unknown' THEN members ELSE 0 END), 0)"
        " FROM batches"
    ).one()
    pending = owed - accepted - failed - cancelled - unknown
    return Counts(
        owed=owed,
        accepted=accepted,
        failed=failed,
        cancelled=cancelled,
        unknown=unknown,
        pending=pending,
    )


def add_up(store: Store) -> int:
    """Add up whatever can be; return how many blocks."""
    done, block = 0, -1
    while True:
        with store.read() as connection:
            found = sums.next_block(connection, block)
        if found is None:
            return done
        with store.write() as connection:
            sums.add_up(connection, found)
        done, block = done + 1, found


def blocks(store: Store) -> list[int]:
    with store.read() as connection:
        return [row.block for row in connection.execute(batch_sums.select())]


def test_an_empty_ledger_counts_nothing(store: Store) -> None:
    with store.read() as connection:
        assert counts.count(connection) == Counts()
    assert add_up(store) == 0


def test_a_block_is_added_up_once_nothing_in_it_is_open(store: Store) -> None:
    with store.write() as connection:
        states = ["settled", "pending", "settled", "unknown", *["settled"] * 6]
        rows = [batch(1 + number * APART, state) for number, state in enumerate(states)]
        connection.execute(insert(batches), rows)
    assert add_up(store) == 2
    assert blocks(store) == [1, 2]  # 0 has an open batch, and those at the end are still written to
    with store.write() as connection:
        connection.execute(update(batches).where(batches.c.id == 1 + APART).values(state="settled"))
    assert add_up(store) == 1
    assert add_up(store) == 0


def test_numbers_are_kept_by_provider(store: Store) -> None:
    with store.write() as connection:
        rows = [
            batch(1, "settled"),
            batch(2, "settled", "resend"),
            batch(5 * sums.BLOCK, "settled"),
        ]
        connection.execute(insert(batches), rows)
    before = [sums_of(store)]
    assert add_up(store) == 1
    assert [sums_of(store)] == before
    assert before[0]["resend"]["accepted"] == 3


def sums_of(store: Store) -> dict[str, dict[str, int]]:
    with store.read() as connection:
        return sums.by_provider(connection)


def test_what_is_folded_away_stays_in_the_numbers(store: Store) -> None:
    with store.write() as connection:
        rows = [batch(number, "settled") for number in (1, 2, 5 * sums.BLOCK)]
        connection.execute(insert(batches), rows)
    add_up(store)
    with store.write() as connection:
        before = counts.count(connection)
        gone = {"owed": 5, "accepted": 3, "failed": 1, "cancelled": 1}
        for number in (1, 2):
            sums.fold(connection, "outbox", gone)
            connection.execute(delete(batches).where(batches.c.id == number))
            assert counts.count(connection) == before


@pytest.mark.parametrize("seed", range(12))
def test_sums_are_right_after_whatever_happens(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    known: list[int] = []
    for _ in range(60):
        with store.write() as connection:
            what = chance.choice(["add", "add", "change", "change", "remove", "fill a gap"])
            if what == "add":
                number = (max(known, default=0)) + chance.randint(1, APART)
                connection.execute(insert(batches).values(batch(number, chance.choice(STATES))))
                known.append(number)
            elif what == "fill a gap" and known:
                number = chance.randint(1, max(known))
                if number not in known:
                    connection.execute(insert(batches).values(batch(number, "settled")))
                    known.append(number)
            elif what == "change" and known:
                values = batch(
                    chance.choice(known), chance.choice(STATES), size=chance.randint(5, 9)
                )
                number = values.pop("id")
                values["provider"] = chance.choice(["outbox", "resend"])
                connection.execute(update(batches).where(batches.c.id == number).values(values))
            elif what == "remove" and known:
                number = known.pop(chance.randrange(len(known)))
                connection.execute(delete(batches).where(batches.c.id == number))
        if chance.random() < 0.4:
            add_up(store)
        with store.read() as connection:
            assert counts.count(connection) == one_by_one(connection)


def test_a_write_that_is_taken_back_takes_nothing_from_the_sums(store: Store) -> None:
    with store.write() as connection:
        rows = [batch(1, "settled"), batch(5 * sums.BLOCK, "settled")]
        connection.execute(insert(batches), rows)
    add_up(store)
    with pytest.raises(RuntimeError):
        _break_off(store)
    assert blocks(store) == [0]


def _break_off(store: Store) -> None:
    with store.write() as connection:
        connection.execute(update(batches).where(batches.c.id == 1).values(accepted=0))
        raise RuntimeError
