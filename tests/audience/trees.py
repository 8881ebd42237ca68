"""Random expressions, over few enough names that people are in some of them."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from bypost.audience import expression as tree
from bypost.audience.expression import Expression, Field, How, Standing, Status, When
from bypost.audience.words import SOURCES

TAGS = ["alumni", "VIP", "%", "a_b", "'; DROP TABLE subscribers; --", "and", 'say "hi"', "ü"]
TEXTS = ["Berlin", "berlin", "Ber", "%", "_", "\\", "O'Hara", "Ω", "🙂", "<b>"]
NAMES = ["city", "size", 'with "quotes"', "it's", "a.b", "$"]
COURSES = ["letters", "baking"]
LESSONS = ["one", "two"]
ZONES = ["Europe/Berlin", "Europe/", "Asia/Tokyo"]
DAYS = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 20)]
DOMAINS = ["example.org", "mail.example.org", "bücher.example"]

days = st.builds(tree.Day, st.sampled_from(When), st.sampled_from(DAYS))
spans = days | st.builds(tree.Lately, st.sampled_from([1, 3, 30]))
maybe = st.none() | spans


def _compared(texts: list[str]) -> st.SearchStrategy[tuple[How, str]]:
    by_text = st.tuples(st.sampled_from([How.IS, How.CONTAINS, How.BEGINS]), st.sampled_from(texts))
    return by_text | st.just((How.KNOWN, ""))


terms: st.SearchStrategy[Expression] = st.one_of(
    st.just(tree.Everyone()),
    st.just(tree.Paused()),
    st.builds(tree.Tag, st.sampled_from(TAGS)),
    _compared(TEXTS).map(lambda it: tree.Text(Field.NAME, *it)),
    _compared(ZONES).map(lambda it: tree.Text(Field.TIME_ZONE, *it)),
    st.tuples(st.sampled_from(NAMES), _compared(TEXTS)).map(
        lambda it: tree.Attribute(it[0], *it[1])
    ),
    st.builds(tree.Address, st.sampled_from(DOMAINS)),
    st.builds(tree.Having, st.sampled_from(Status)),
    st.builds(tree.Source, st.sampled_from(SOURCES)),
    st.builds(tree.Form, st.sampled_from(["footer", "%"])),
    st.builds(tree.Since, st.sampled_from([Standing.JOINED, Status.CONFIRMED]), spans),
    st.builds(
        tree.Course,
        st.sampled_from(COURSES),
        st.sampled_from(Standing),
        maybe,
        st.just("") | st.sampled_from(LESSONS),
    ),
    st.builds(
        tree.Newsletter,
        st.just("news"),
        st.sampled_from([Standing.JOINED, Standing.ACTIVE, Standing.LEFT]),
        maybe,
    ),
    st.builds(
        tree.Had, st.just("lesson"), st.sampled_from(COURSES), st.sampled_from(LESSONS), maybe
    ),
    st.builds(tree.Had, st.just("issue"), st.just("news"), st.sampled_from(LESSONS), maybe),
)

expressions: st.SearchStrategy[Expression] = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.builds(tree.Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda of: tree.All(tuple(of))),
        st.lists(inner, min_size=2, max_size=3).map(lambda of: tree.Any(tuple(of))),
    ),
    max_leaves=8,
)
