"""What docs/audiences.md shows can be written, and each term of the language is shown there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bypost.audience import BadAudience, parse
from bypost.audience.saved import terms
from bypost.audience.words import SOURCES, TERMS

PAGE = (Path(__file__).parents[2] / "docs" / "audiences.md").read_text(encoding="utf-8")
TABLE = re.findall(r"^\| `(.+?)` \|", PAGE, re.MULTILINE)
EXAMPLES = PAGE.split("```")[1].strip().splitlines()


@pytest.mark.parametrize("text", [*TABLE, *EXAMPLES, *TERMS.values()])
def test_what_is_shown_can_be_written(text: str) -> None:
    parse(text)


def test_each_kind_of_term_and_each_word_for_a_source_is_shown() -> None:
    shown = {type(term) for text in TABLE for term in terms(parse(text))}
    known = {type(term) for text in TERMS.values() for term in terms(parse(text))}
    assert shown >= known
    assert {text.split()[0] for text in TABLE} >= set(TERMS) - {"zone"}
    assert all(f"`{source}`" in PAGE for source in SOURCES)


def test_the_mistake_that_is_shown_is_told_so() -> None:
    told = PAGE.partition("A mistake is pointed at:")[2].split("```")[1]
    expression = told.strip().splitlines()[1].strip()
    with pytest.raises(BadAudience) as caught:
        parse(expression)
    assert str(caught.value) == told.strip()
