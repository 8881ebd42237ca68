"""What differs between two plain texts, word by word: for eyes, not for patches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import pairwise

from bypost.render.width import COLUMNS, width

#: Paragraphs shown around a change.
CONTEXT = 1

_PARAGRAPHS = re.compile(r"\n\s*\n")
#: The line under a heading.
_UNDERLINE = re.compile(r"(?<=\n)[=-]{3,}(?:\n|$)")
#: Columns beside each other: a table, or code.
_COLUMNS = re.compile(r"\S {2,}\S")
_TOKENS = re.compile(r"\n\n|\n|[^\S\n]+|\w+|[^\w\s]")


class Mark(StrEnum):
    """What became of a run of words."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Run:
    """Words with one fate."""

    mark: Mark
    text: str


#: Runs of one passage; a number stands for so many paragraphs left out because nothing changed.
Passage = tuple[Run, ...] | int


def passages(before: str, after: str) -> tuple[Passage, ...]:
    """Return two plain-text mails as one text with marks; empty where they say the same.

    Where a line of a paragraph was merely broken does not count.
    """
    old, new = _paragraphs(before), _paragraphs(after)
    found: list[Passage] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    groups = list(matcher.get_grouped_opcodes(CONTEXT))
    at = 0
    for group in groups:
        if skipped := group[0][1] - at:
            found.append(skipped)
        for operation, *span in group:
            here, there = old[span[0] : span[1]], new[span[2] : span[3]]
            if operation == "equal":
                found += [(Run(Mark.SAME, paragraph),) for paragraph in here]
            else:
                found += _parted(words("\n\n".join(here), "\n\n".join(there)))
        at = group[-1][2]
    if groups and (skipped := len(old) - at):
        found.append(skipped)
    return tuple(found)


def words(before: str, after: str) -> Iterator[Run]:
    """Yield two texts as one, word by word; what is gone stands before what is new."""
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    steps = _readable(list(matcher.get_opcodes()), old)
    for operation, *span in steps:
        here, there = "".join(old[span[0] : span[1]]), "".join(new[span[2] : span[3]])
        if operation == "equal":
            yield Run(Mark.SAME, here)
            continue
        if here:
            yield Run(Mark.GONE, here)
        if there:
            yield Run(Mark.NEW, there)


def _parted(runs: Iterable[Run]) -> Iterator[tuple[Run, ...]]:
    """Yield the runs paragraph by paragraph; where several went and came, none shares one."""
    passage: list[Run] = []
    for run in runs:
        several = "\n\n" in run.text and run.mark is not Mark.SAME
        if passage and several and passage[-1].mark is Mark.GONE and run.mark is Mark.NEW:
            yield tuple(passage)
            passage = []
        first, *further = run.text.split("\n\n")
        passage += [Run(run.mark, first)] if first else []
        for text in further:
            if passage:
                yield tuple(passage)
            passage = [Run(run.mark, text)] if text else []
    if passage:
        yield tuple(passage)


_Step = tuple[str, int, int, int, int]


def _readable(steps: Sequence[_Step], old: Sequence[str]) -> list[_Step]:
    """Join changes with nothing but a space between: a sentence is read whole, not in crumbs."""
    joined: list[_Step] = []
    for at, step in enumerate(steps):
        crumb = step[0] == "equal" and not "".join(old[step[1] : step[2]]).strip(" ")
        between = 0 < at < len(steps) - 1
        if joined and joined[-1][0] != "equal" and ((crumb and between) or step[0] != "equal"):
            _, a, _, c, _ = joined[-1]
            joined[-1] = ("replace", a, step[2], c, step[4])
        else:
            joined.append(step)
    return joined


def _paragraphs(text: str) -> list[str]:
    return [_unbroken(part) for part in _PARAGRAPHS.split(text.strip("\n"))]


def is_table(text: str) -> bool:
    """Tell whether a text has columns, which stand below each other in a fixed width alone."""
    return bool(_COLUMNS.search(text))


def _unbroken(paragraph: str) -> str:
    """Take back the breaks that wrapping made: those after which the next word had no room."""
    paragraph = _UNDERLINE.sub("", paragraph).rstrip("\n")
    if is_table(paragraph):
        return paragraph
    lines = [line.rstrip() for line in paragraph.split("\n")]
    text = lines[0]
    for before, line in pairwise(lines):
        first = line.split(maxsplit=1)[0] if line.strip() else ""
        full = width(before) + 1 + width(first) > COLUMNS
        text += f" {line.lstrip()}" if full else f"\n{line}"
    return text
