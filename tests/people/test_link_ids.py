"""Ids of those who begin together: as long as others, all different, and near each other."""

from __future__ import annotations

from bypost.links import LINK_ID_BYTES
from bypost.people.link_ids import LinkIds


def test_ids_have_their_length_and_are_all_different() -> None:
    links = LinkIds()
    ids = [bytes(links.take()) for _ in range(2_000)]
    assert {len(one) for one in ids} == {LINK_ID_BYTES}
    assert len({one[1:] for one in ids}) == len(ids)


def test_those_of_one_transaction_stand_together_and_those_of_many_everywhere() -> None:
    firsts = [links.take()[0] for links in [LinkIds() for _ in range(2_000)]]
    links = LinkIds()
    assert len({links.take()[0] for _ in range(600)}) == 1
    assert len(set(firsts)) > 200
