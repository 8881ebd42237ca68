"""Rows that wait on disk come back by address; where there is no room, words say what to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypost.errors import StoreError
from bypost.store.address_order import AddressOrder, Kept

_ROWS = st.lists(
    st.tuples(
        st.text(st.characters(codec="utf-8"), max_size=3),
        st.integers(2, 1_000_000),
        st.none() | st.text(st.characters(codec="utf-8"), max_size=3),
        st.text(st.characters(codec="utf-8"), max_size=9),
    ),
    max_size=30,
    unique_by=lambda row: row[1],
)


@given(rows=_ROWS, cut=st.integers(0, 30))
def test_rows_come_back_as_they_were_by_address_and_line(rows: list[Kept], cut: int) -> None:
    with AddressOrder() as order:
        order.add(rows[:cut])
        order.add(rows[cut:])
        found = list(order.rows())
    assert found == sorted(rows, key=lambda row: (row[0].encode(), row[1]))


def test_where_there_is_no_room_it_says_so_and_what_to_do() -> None:
    with AddressOrder() as order:
        order._database.execute("PRAGMA max_page_count = 3")
        with pytest.raises(StoreError, match=r"disk is full\n .* TMPDIR"):
            order.add([(f"p{n}@example.org", n, None, "x" * 500) for n in range(100)])
