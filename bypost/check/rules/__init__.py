"""The rules, in the order in which they are asked.

To add one: write a function that takes a ``Sample`` (one mail) or a ``Series`` (the mails of one
folder) and yields findings, and name it here. Scripts rely on a rule's id: it does not change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bypost.check.finding import Finding
from bypost.check.rules.preheader import preheader_dup, preheader_length, preheader_missing
from bypost.check.rules.size import size_clip
from bypost.check.rules.subject import subject_dup, subject_length, subject_missing
from bypost.check.rules.text import heading_order, words
from bypost.check.sample import Sample, Series

SampleRule = Callable[[Sample], Iterator[Finding]]
SeriesRule = Callable[[Series], Iterator[Finding]]

SAMPLE_RULES: tuple[SampleRule, ...] = (
    subject_missing,
    subject_length,
    preheader_missing,
    preheader_length,
    size_clip,
    words,
    heading_order,
)

SERIES_RULES: tuple[SeriesRule, ...] = (
    subject_dup,
    preheader_dup,
)
