"""The rules, in the order in which they are asked.

To add one: in a module here, describe it as a ``Rule`` in a tuple ``RULES``, and write a function
that takes a ``Sample`` (one mail), a ``Series`` (the mails of one folder) or a ``Whole`` (all of
the project) and yields findings; name it in ``SAMPLE_CHECKS``, ``SERIES_CHECKS`` or
``PROJECT_CHECKS``. A check of one mail looks at nothing of the other mails, because a preview keeps
what it found until that mail changes. A new module is named in ``MODULES`` below. Scripts rely on
a rule's id: it does not change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bypost.check.finding import Finding
from bypost.check.rule import Rule
from bypost.check.rules import (
    audiences,
    compatibility,
    compiler,
    contrast,
    darkness,
    expressions,
    frames,
    images,
    imprint,
    leaving,
    legibility,
    lengths,
    lesson_links,
    links,
    loading,
    markup,
    numbering,
    parts,
    phrases,
    pictures,
    preheader,
    promises,
    rhythm,
    sender,
    size,
    structure,
    subject,
    tables,
    text,
    theme,
    unused,
    width,
    wording,
)
from bypost.check.sample import Sample, Series, Whole

SampleCheck = Callable[[Sample], Iterator[Finding]]
SeriesCheck = Callable[[Series], Iterator[Finding]]
ProjectCheck = Callable[[Whole], Iterator[Finding]]

MODULES = (
    loading,
    compiler,
    frames,
    subject,
    preheader,
    size,
    pictures,
    text,
    tables,
    theme,
    wording,
    phrases,
    expressions,
    numbering,
    promises,
    lesson_links,
    lengths,
    rhythm,
    leaving,
    imprint,
    parts,
    sender,
    unused,
    images,
    links,
    contrast,
    legibility,
    structure,
    markup,
    darkness,
    width,
    compatibility,
    audiences,
)


def _all(name: str) -> tuple[Any, ...]:
    return tuple(one for module in MODULES for one in getattr(module, name, ()))


RULES: tuple[Rule, ...] = _all("RULES")
SAMPLE_CHECKS: tuple[SampleCheck, ...] = _all("SAMPLE_CHECKS")
SERIES_CHECKS: tuple[SeriesCheck, ...] = _all("SERIES_CHECKS")
PROJECT_CHECKS: tuple[ProjectCheck, ...] = _all("PROJECT_CHECKS")
