"""The matrix of old state and ``status``: nobody comes back, and the docs show it as it is."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.conftest import CHECKOUT
from tests.people import import_matrix
from tests.people.desk import Desk


@pytest.fixture(scope="module")
def rows(fresh_desk: Callable[[], Desk]) -> list[list[str]]:
    found = import_matrix.table(fresh_desk)
    sys.stdout.write(f"\n{import_matrix.as_markdown(found)}\n")
    return found


def test_nobody_who_is_gone_gets_mail_again_whatever_the_row_says(rows: list[list[str]]) -> None:
    for state, *outcomes in rows[1:]:
        if state in import_matrix.GONE:
            assert not [one for one in outcomes if one.startswith(("on the course", "confirmed"))]


def test_the_docs_have_the_matrix_as_it_is(rows: list[list[str]]) -> None:
    text = (CHECKOUT / "docs" / "imports.md").read_text(encoding="utf-8")
    assert import_matrix.as_markdown(rows) in text


@pytest.mark.parametrize("junk", ["false", "yes", "1", "subscribed", "confirmed!", "none"])
@pytest.mark.parametrize("state", import_matrix.STATES)
def test_every_word_that_is_not_known_does_what_true_does(
    desk: Desk, rows: list[list[str]], state: str, junk: str
) -> None:
    (expected,) = (row[-1] for row in rows[1:] if row[0] == state)
    assert import_matrix.outcome(desk, state, junk) == expected
