"""The comparison as one HTML file: nothing in it comes from anywhere else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from bypost.check.compare.changes import Change, What
from bypost.check.compare.pictures import Camera, NoPicture, Picture
from bypost.check.compare.revision import Revision
from bypost.check.compare.words import Passage, Run, is_table, passages, words
from bypost.content.personas import Persona
from bypost.errors import Problem

#: Mails with pictures, and bytes of pictures: a pull request takes attachments of 25 MB (GitHub,
#: 2026-11), and base64 makes three bytes four.
MOST_MAILS = 24
MOST_BYTES = 12_000_000

Show = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change, as it is shown.

    Attributes:
        number: Its place on the page, counting from 1.
        passages: The plain text with marks; empty where it says the same.
        pictures: Before and after; None for a side that is not there.
        without: Why there are no pictures; empty where there are.
    """

    number: int
    change: Change
    subject: tuple[Run, ...]
    preheader: tuple[Run, ...]
    passages: tuple[Passage, ...]
    pictures: tuple[Picture | None, Picture | None] = (None, None)
    without: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that the page says.

    Attributes:
        revision: What the working tree is compared with.
        broken: What is wrong before, and after.
        readable: Whether both sides could be read at all.
    """

    project: str
    revision: Revision
    now: datetime
    persona: Persona
    entries: tuple[Entry, ...]
    broken: tuple[tuple[Problem, ...], tuple[Problem, ...]]
    readable: bool = True

    @property
    def summary(self) -> str:
        """Return how many mails differ, e.g. ``3 mails differ``."""
        count = len(self.entries)
        if not self.readable:
            return "nothing could be compared"
        return f"{count or 'no'} {'mail differs' if count == 1 else 'mails differ'}"

    @property
    def counts(self) -> str:
        """Return how they do, e.g. ``1 added, 2 changed``; empty where none does."""
        counts = Counter(entry.change.what for entry in self.entries)
        return ", ".join(f"{counts[what]} {what}" for what in What if counts[what])

    @property
    def without_pictures(self) -> str:
        """Return why pictures were left out; empty where none was."""
        reasons = dict.fromkeys(entry.without for entry in self.entries if entry.without)
        return "; ".join(reasons)


def entries(changes: Sequence[Change]) -> tuple[Entry, ...]:
    """Return the changes with their texts compared, and without pictures."""
    return tuple(
        Entry(
            number=number,
            change=change,
            subject=_line(change, "subject"),
            preheader=_line(change, "preheader"),
            passages=_passages(change),
        )
        for number, change in enumerate(changes, start=1)
    )


def pictured(entries: Sequence[Entry], show: Show) -> tuple[Entry, ...]:
    """Return the entries with pictures, as far as Chromium and the bounds allow.

    Args:
        show: Told what is done, how many are, and of how many.
    """
    try:
        camera = Camera()
    except NoPicture as error:
        return tuple(replace(entry, without=str(error)) for entry in entries)
    taken: list[Entry] = []
    size = 0
    for entry in entries:
        show("pictures", len(taken), len(entries))
        one = _pictured(entry, camera, size)
        size += sum(len(picture.data) for picture in one.pictures if picture)
        taken.append(one)
    return tuple(taken)


def page(comparison: Comparison) -> str:
    """Return the comparison as HTML."""
    return _template().render(it=comparison, sides=("Before", "After"))


def _pictured(entry: Entry, camera: Camera, size: int) -> Entry:
    if entry.number > MOST_MAILS:
        return replace(entry, without=f"only the first {MOST_MAILS} mails have pictures")
    if size > MOST_BYTES:
        return replace(entry, without=f"the pictures before it have {size / 1e6:.0f} MB already")
    sides = (entry.change.before, entry.change.after)
    try:
        taken = iter(camera.take(*(mail.shown for mail in sides if mail)))
    except NoPicture as error:
        return replace(entry, without=str(error))
    before, after = (next(taken) if mail else None for mail in sides)
    return replace(entry, pictures=(before, after))


def _line(change: Change, name: str) -> tuple[Run, ...]:
    before, after = (getattr(mail, name) if mail else "" for mail in (change.before, change.after))
    if change.before and change.after:
        return tuple(words(before, after))
    return tuple(words(before or after, before or after))


def _passages(change: Change) -> tuple[Passage, ...]:
    if change.before and change.after:
        return passages(change.before.text, change.after.text)
    return ()


def _is_table(passage: Sequence[Run]) -> bool:
    return any(is_table(run.text) for run in passage)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["table"] = _is_table
    return environment.get_template("page.html")
