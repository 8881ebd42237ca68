"""Texts that stand in more than one mail of a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bypost.check.sample import Sample, Series


def repeats(series: Series, text: Callable[[Sample], str]) -> Iterator[tuple[Sample, Sample]]:
    """Yield each sample whose ``text`` an earlier one has, and the first that has it.

    Case and spacing make no difference; empty texts are not compared.
    """
    firsts: dict[str, Sample] = {}
    for sample in series.samples:
        key = " ".join(text(sample).casefold().split())
        if key and firsts.setdefault(key, sample) is not sample:
            yield sample, firsts[key]
