"""What every database must do for the API: tokens, replies and pages of lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bypost.store import Connection, Store, listing, replies, tokens
from bypost.store.schema import batches
from bypost.store.schema import deliveries as mails
from tests.contracts.store import NOON, add_people, lessons, owe, statements

SECOND = timedelta(seconds=1)


def add_token(connection: Connection, name: str = "shop") -> tuple[int, bytes]:
    """Add a token that may read; return its number and hash."""
    hashed = tokens.hash_of(tokens.make())
    assert tokens.add(connection, name, hashed, scopes=["read"], now=NOON)
    row = tokens.find(connection, hashed)
    assert row is not None
    return row["id"], hashed


class TokenContract:
    """The rules of tokens, replies and pages."""

    def plan(self, connection: Connection, sql: str, parameters: Any) -> str:
        """Return the database's own words on how it would answer a query."""
        raise NotImplementedError

    def test_a_token_is_found_by_its_hash_and_is_itself_nowhere(self, store: Store) -> None:
        token = tokens.make()
        with store.write() as connection:
            tokens.add(
                connection, "shop", tokens.hash_of(token), scopes=["write", "read"], now=NOON
            )
            row = tokens.find(connection, tokens.hash_of(token))
        assert row is not None
        assert (row["name"], row["scopes"], row["last_used_at"]) == (
            "shop",
            ["read", "write"],
            None,
        )
        assert token.removeprefix(tokens.PREFIX) not in repr(dict(row))

    def test_two_tokens_are_never_alike_and_each_has_256_random_bits(self, store: Store) -> None:
        made = {tokens.make() for _ in range(100)}
        assert len(made) == 100
        assert all(len(one) == len(tokens.PREFIX) + 43 for one in made)

    def test_a_revoked_token_opens_nothing_and_frees_its_name(self, store: Store) -> None:
        with store.write() as connection:
            _, hashed = add_token(connection)
            assert not tokens.add(connection, "shop", b"2" * 32, scopes=[], now=NOON)
            assert tokens.revoke(connection, "shop", NOON)
            assert tokens.find(connection, hashed) is None
            assert not tokens.revoke(connection, "shop", NOON)
            assert tokens.add(connection, "shop", b"2" * 32, scopes=[], now=NOON)
            assert [row["revoked_at"] for row in tokens.every(connection)] == [NOON, None]

    def test_a_revoked_token_cannot_be_made_again(self, store: Store) -> None:
        with store.write() as connection:
            _, hashed = add_token(connection)
            tokens.revoke(connection, "shop", NOON)
            assert not tokens.add(connection, "other", hashed, scopes=["write"], now=NOON)

    @pytest.mark.parametrize(
        ("after", "noted"),
        [
            (timedelta(0), False),
            (timedelta(seconds=59), False),
            (timedelta(seconds=60), True),
            (timedelta(seconds=-1), True),  # the clock was set back
        ],
    )
    def test_a_use_is_noted_at_most_once_a_minute(
        self, store: Store, after: timedelta, noted: bool
    ) -> None:
        with store.write() as connection:
            number, hashed = add_token(connection)
            assert tokens.touch(connection, number, NOON)
            row = tokens.find(connection, hashed)
            assert row is not None
            assert tokens.stale(row, NOON + after) is noted
            assert tokens.touch(connection, number, NOON + after) is noted

    def test_a_key_is_claimed_once_for_each_token_and_gives_the_answer_again(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            one, other = add_token(connection)[0], add_token(connection, "other")[0]
            assert self._claim(connection, one) is None
            replies.keep(connection, one, "k", status=201, body="{}", location="/x")
            kept = self._claim(connection, one, b"2" * 32)
            assert kept is not None
            assert (kept["request"], kept["status"], kept["location"]) == (b"1" * 32, 201, "/x")
            assert self._claim(connection, other) is None
            assert self._claim(connection, one, key="k2") is None

    def test_a_key_is_free_again_after_a_day_or_where_nothing_was_done(self, store: Store) -> None:
        with store.write() as connection:
            number, _ = add_token(connection)
            assert self._claim(connection, number) is None
            assert self._claim(connection, number, after=replies.KEPT - SECOND) is not None
            assert self._claim(connection, number, after=replies.KEPT) is None
            replies.drop(connection, number, "k")
            assert self._claim(connection, number) is None

    def test_a_claim_goes_with_the_transaction_that_failed(self, store: Store) -> None:
        with store.write() as connection:
            number, _ = add_token(connection)

        def fail() -> None:
            with store.write() as connection:
                self._claim(connection, number)
                raise LookupError

        with pytest.raises(LookupError):
            fail()
        with store.write() as connection:
            assert self._claim(connection, number) is None

    def test_answers_about_a_person_can_be_forgotten(self, store: Store) -> None:
        with store.write() as connection:
            number, _ = add_token(connection)
            add_people(connection, 2)
            for person in (1, 2):
                self._claim(connection, number, key=f"k{person}")
                replies.keep(
                    connection, number, f"k{person}", status=200, body="{}", subscriber_id=person
                )
            replies.forget_of(connection, 1)
            assert self._claim(connection, number, key="k1") is None
            assert self._claim(connection, number, key="k2") is not None

    @pytest.mark.parametrize("state", ["accepted", "failed", "cancelled", "unknown", "pending"])
    def test_deliveries_are_found_by_how_they_stand(self, store: Store, state: str) -> None:
        own = {"failed": "failed", "cancelled": "cancelled"}
        with store.write() as connection:
            runs = lessons(connection, add_people(connection, 4))
            shared = {"accepted": "settled", "failed": "settled", "cancelled": "settled"}
            meant = owe(connection, runs[:2], item="one")
            other = owe(connection, runs[2:], item="two")
            self._set(connection, meant, shared.get(state, state), own.get(state))
            self._set(connection, other, "pending" if state != "pending" else "settled", None)
            found = listing.mails(connection, after=0, limit=9, state=state)
            assert [row["batch_id"] for row in found] == [meant, meant]

    def test_a_delivery_with_a_state_of_its_own_is_not_found_under_its_batchs(
        self, store: Store
    ) -> None:
        with store.write() as connection:
            batch = owe(connection, lessons(connection, add_people(connection, 1)))
            self._set(connection, batch, "unknown", "accepted")
            assert listing.mails(connection, after=0, limit=9, state="unknown") == []
            assert len(listing.mails(connection, after=0, limit=9, state="accepted")) == 1

    @pytest.mark.parametrize("state", ["pending", "sending", "unknown"])
    def test_the_few_open_and_unknown_deliveries_are_found_by_an_index(
        self, store: Store, state: str
    ) -> None:
        with store.write() as connection:
            runs = lessons(connection, add_people(connection, 300))
            numbers = [owe(connection, [run]) for run in runs]
            connection.execute(update(batches).values(state="settled"))
            self._set(connection, numbers[150], state, None)
        with store.read() as connection:
            with statements(connection) as asked:
                found = listing.mails(connection, after=0, limit=9, state=state)
            assert [row["batch_id"] for row in found] == [numbers[150]]
            plan = self.plan(connection, *asked[-1])
        name = "ix_batches_unknown" if state == "unknown" else "ix_batches_open"
        assert name in plan
        assert "ix_deliveries_batch_id" in plan

    def test_deliveries_are_found_since_an_instant(self, store: Store) -> None:
        with store.write() as connection:
            runs = lessons(connection, add_people(connection, 2))
            owe(connection, runs[:1], item="one", due_at=NOON - SECOND)
            late = owe(connection, runs[1:], item="two", due_at=NOON)
            found = listing.mails(connection, after=0, limit=9, since=NOON)
            assert [row["batch_id"] for row in found] == [late]

    def _claim(
        self,
        connection: Connection,
        number: int,
        request: bytes = b"1" * 32,
        *,
        key: str = "k",
        after: timedelta = timedelta(0),
    ) -> Any:
        return replies.claim(connection, number, key, request=request, now=NOON + after)

    def _set(self, connection: Connection, batch: int, shared: str, own: str | None) -> None:
        connection.execute(update(batches).where(batches.c.id == batch).values(state=shared))
        connection.execute(update(mails).where(mails.c.batch_id == batch).values(state=own))
        query = select(mails.c.id).where(mails.c.batch_id == batch)
        assert connection.execute(query).first() is not None
