"""Two texts as one: every word of both is there, and what changed is small enough to read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypost.check.compare.words import Mark, Passage, is_table, passages, words
from bypost.render.width import wrap


def told(found: tuple[Passage, ...]) -> list[str]:
    """Write passages as text: ``[-gone-]``, ``{+new+}``, and ``...3`` for what is left out."""
    forms = {Mark.SAME: "{}", Mark.GONE: "[-{}-]", Mark.NEW: "{{+{}+}}"}
    return [
        f"...{one}" if isinstance(one, int) else "".join(forms[r.mark].format(r.text) for r in one)
        for one in found
    ]


def test_a_changed_word_stands_in_its_sentence() -> None:
    found = passages("You bake the bread.", "You bake a loaf of bread.")
    assert told(found) == ["You bake [-the-]{+a loaf of+} bread."]


def test_the_same_text_has_no_passages() -> None:
    assert passages("One.\n\nTwo.", "One.\n\nTwo.") == ()


def test_a_line_broken_elsewhere_is_no_change() -> None:
    text = "Flour, water, salt and time are all there is to it, and time does most of the work."
    before = "\n".join(wrap(f"{text} {text}", 72))
    after = "\n".join(wrap(f"{text} {text} More.", 72))
    assert passages(before, before) == ()
    assert told(passages(before, after)) == [f"{text} {text}{{+ More.+}}"]


def test_a_line_that_the_author_ended_stays_one() -> None:
    assert told(passages("- one\n- two", "- one\n- three")) == ["- one\n- [-two-]{+three+}"]


def test_paragraphs_far_from_a_change_are_counted_not_shown() -> None:
    before = "\n\n".join("abcdefg")
    found = passages(before, before.replace("d", "X"))
    assert told(found) == ["...2", "c", "[-d-]{+X+}", "e", "...2"]


def test_a_paragraph_that_went_stands_alone() -> None:
    found = passages("First.\n\nSecond one.\n\nThird.", "First.\n\nThird.")
    assert told(found) == ["First.", "[-Second one.-]", "Third."]


def test_several_paragraphs_for_several_do_not_share_one() -> None:
    found = passages("aa bb\n\ncc dd", "ee ff\n\ngg hh")
    assert all("[-" not in one or "{+" not in one or "\n\n" not in one for one in told(found))
    assert "".join(told(found)).count("[-") >= 2


def test_a_table_keeps_its_lines() -> None:
    table = "You           They\n------------  ----\nPrepare well  Compare"
    assert is_table(table)
    (found,) = passages(table, table.replace("Compare", "Choose"))
    assert isinstance(found, tuple)
    assert "".join(run.text for run in found if run.mark is not Mark.NEW) == table


def test_the_line_under_a_heading_is_not_shown() -> None:
    found = passages("Rye\n===\n\nOne.", "Rye\n===\n\nTwo.")
    assert told(found) == ["Rye", "[-One-]{+Two+}."]


@given(st.text("ab .\n", max_size=40), st.text("ab .\n", max_size=40))
def test_no_word_of_either_text_is_lost_or_made_up(before: str, after: str) -> None:
    runs = list(words(before, after))
    assert "".join(run.text for run in runs if run.mark is not Mark.NEW) == before
    assert "".join(run.text for run in runs if run.mark is not Mark.GONE) == after


@pytest.mark.parametrize(("before", "after"), [("", "a"), ("a", ""), ("", "")])
def test_an_empty_side_is_no_trouble(before: str, after: str) -> None:
    assert "".join(run.text for run in words(before, after)) == before + after
