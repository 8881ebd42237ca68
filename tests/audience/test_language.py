"""The language: what it reads, what it writes, and what it says of mistakes."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.audience import BadAudience, Expression, expand, is_name, parse, write
from bypost.audience import expression as tree
from bypost.audience.expression import How, Standing, When
from bypost.audience.words import RESERVED
from tests.audience.trees import expressions

TAG = tree.Tag("a")


@settings(max_examples=300, deadline=None)
@given(expressions)
def test_what_is_written_is_read_as_the_same(expression: Expression) -> None:
    assert parse(write(expression)) == expression


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=150)
)
def test_every_text_can_be_asked_for_in_quotes(text: str) -> None:
    normal = unicodedata.normalize("NFC", text)
    if normal.strip() and len(normal) <= 200:
        assert parse(write(tree.Tag(normal))) == tree.Tag(normal)


@settings(max_examples=500, deadline=None)
@given(
    st.text(max_size=80)
    | st.lists(
        st.sampled_from([*RESERVED, "(", ")", '"', "x/y", "2026-10-01", "3"]), max_size=12
    ).map(" ".join)
)
def test_whatever_is_typed_is_read_or_refused_at_a_place_inside_of_it(text: str) -> None:
    place = _place_of_mistake(text)
    assert place is None or 0 <= place <= len(text)


def _place_of_mistake(text: str) -> int | None:
    try:
        parse(text)
    except BadAudience as error:
        return error.place
    return None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('tag "a"', TAG),
        ("TAG a", TAG),
        ("tag “a”", TAG),
        ("((tag a))", TAG),
        ("tag 'a'", TAG),
        ("tag a and paused", tree.All((TAG, tree.Paused()))),
        (
            "tag a and (paused or everyone)",
            tree.All((TAG, tree.Any((tree.Paused(), tree.Everyone())))),
        ),
        ("not tag a and paused", tree.All((tree.Not(TAG), tree.Paused()))),
        ("attribute City is not Berlin", tree.Not(tree.Attribute("city", How.IS, "Berlin"))),
        ("attribute city unknown", tree.Not(tree.Attribute("city", How.KNOWN))),
        ("address at @Example.ORG", tree.Address("example.org")),
        (
            "course rejected left before 2026-10-01 after lesson thank-you",
            tree.Course(
                "rejected",
                Standing.LEFT,
                tree.Day(When.BEFORE, date(2026, 10, 1)),
                "thank-you",
            ),
        ),
        (
            "course rejected left after lesson rejected/thank-you",
            tree.Course("rejected", Standing.LEFT, None, "thank-you"),
        ),
        ("lesson rejected/x not had", tree.Not(tree.Had("lesson", "rejected", "x"))),
        ("joined in the last 1 day", tree.Since(Standing.JOINED, tree.Lately(1))),
        ("alumni", tree.Saved("alumni")),
        ('audience "alumni" and tag a', tree.All((tree.Saved("alumni"), TAG))),
    ],
)
def test_what_reads_like_a_sentence_means_that(text: str, meant: Expression) -> None:
    assert parse(text) == meant


@pytest.mark.parametrize(
    ("text", "pointed", "said"),
    [
        ('tga "alumni"', "tga", "did you mean `tag`?"),
        ('tag "a" adn paused', "adn", "`and` or `or`"),
        ("course rejected finishd", "finishd", "did you mean `finished`?"),
        ("source cvs", "cvs", "did you mean `csv`?"),
        ("joined before 2026-13-01", "2026-13-01", "year, month and day"),
        ("joined in the last 0 days", "0", "a number from 1"),
        ("tag and", "and", 'put it in quotes: `"and"`'),
        ("tag a and tag b or tag c", "or", "brackets"),
        ("(tag a", "(", "not closed"),
        ("tag a)", ")", "closes nothing"),
        ('tag "a', '"', "not closed"),
        ('tag ""', '""', "nothing in these quotes"),
        ("lesson rejected had", "rejected", "COURSE/LESSON"),
        ("course a left after lesson b/one", "b/one", "not one of the course"),
        ("address at a@b.c", "a@b.c", "not a domain"),
        ("t\u0430g a", "t\u0430g", "cyrillic small letter a"),
        ("tag a and\u200b paused", "\u200b", "U+200B"),
        ("status gone", "gone", "confirmed, unconfirmed"),
        ('"alumni" and paused', '"alumni"', "what this text is about"),
    ],
)
def test_a_mistake_is_pointed_at_and_what_to_do_is_said(text: str, pointed: str, said: str) -> None:
    with pytest.raises(BadAudience) as caught:
        parse(text)
    error = caught.value
    assert text[error.place : error.place + error.length] == pointed
    assert said in str(error)
    line, carets = error.pointed()
    assert len(carets.strip()) == len(pointed)
    assert carets.index("^") == line.index(pointed if pointed.isprintable() else "\ufffd")


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_nothing_is_no_audience(text: str) -> None:
    with pytest.raises(BadAudience, match="empty"):
        parse(text)


def test_a_mistake_in_a_long_line_is_shown_with_its_surroundings_only() -> None:
    text = " and ".join(['tag "x"'] * 20 + ["oops"] + ['tag "y"'] * 20)
    with pytest.raises(BadAudience) as caught:
        parse(text)
    line, carets = caught.value.pointed()
    assert len(line) < 100
    assert line[carets.index("^") :].startswith("oops")


# Bounds


@pytest.mark.parametrize("opening", ["(", "not "])
def test_what_is_nested_too_deep_is_refused(opening: str) -> None:
    parse(opening * 20 + "paused" + ")" * 20 * (opening == "("))
    with pytest.raises(BadAudience, match="nested more than 20"):
        parse(opening * 400 + "paused")


def test_an_audience_has_bounds_in_characters_and_terms() -> None:
    parse(" or ".join(["paused"] * 50))
    with pytest.raises(BadAudience, match="at most 50 terms"):
        parse(" or ".join(["paused"] * 51))
    with pytest.raises(BadAudience, match="at most 2000 characters"):
        parse("(" * 1_000_000)
    with pytest.raises(BadAudience, match="at most 200 characters"):
        parse(f'tag "{"x" * 201}"')


@pytest.mark.parametrize("text", ["a\0b", "a\x1bb", "a\ud800b", "a\u2028b", "a\nb"])
def test_control_characters_are_refused_even_in_quotes(text: str) -> None:
    with pytest.raises(BadAudience, match="cannot be seen"):
        parse(f'tag "{text}"')


def test_letters_that_only_look_alike_are_other_letters() -> None:
    assert parse('tag "\u0430lumni"') != parse('tag "alumni"')
    assert parse('tag "u\u0308"') == parse('tag "\u00fc"'), "two ways to write one letter"


# Names


@pytest.mark.parametrize("name", ["alumni", "a", "2026-autumn", "x" * 64])
def test_a_name_has_small_letters_digits_and_hyphens(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a-", "x" * 65, "tag", "and", "ä", "a\n"])
def test_anything_else_is_no_name(name: str) -> None:
    assert not is_name(name)


def test_names_stand_for_what_they_were_saved_as() -> None:
    saved = {
        "a": parse("tag x"),
        "b": parse("not audience a-or-c"),
        "a-or-c": parse("audience a or paused"),
    }
    found = expand(parse("audience b and everyone"), saved.get)
    assert write(found) == 'not (tag "x" or paused) and everyone'


def test_an_audience_that_is_part_of_itself_is_refused() -> None:
    saved = {"a": parse("tag x or audience b"), "b": parse("not audience a")}
    with pytest.raises(BadAudience, match="`a` is part of itself"):
        expand(parse("a"), saved.get)


def test_a_name_that_is_not_there_is_said_with_the_nearest() -> None:
    with pytest.raises(BadAudience, match="did you mean `alumni`"):
        expand(parse("alumi"), {}.get, ["alumni"])
    with pytest.raises(BadAudience, match="did you mean `paused`"):
        expand(parse("paussed"), {}.get, ["alumni"])


def test_audiences_that_name_one_another_have_bounds() -> None:
    wide = parse(" or ".join(["audience a"] * 40))
    with pytest.raises(BadAudience, match="more than 200 terms"):
        expand(wide, {"a": parse(" or ".join(["paused"] * 6))}.get)
    chain = {f"n{i}": parse(f"audience n{i + 1}") for i in range(9)}
    with pytest.raises(BadAudience, match="in a row"):
        expand(parse("n0"), chain.get)
