"""Mistakes seeded into copies of the shipped project: each is found, on its line, by its rule."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bypost.check import Finding
from bypost.check.memory import Memory
from bypost.check.run import examine_project
from bypost.settings import load_settings
from tests.check.seeded import frames, heads, lessons, surroundings
from tests.check.seeded.defect import (
    BURNOUT,
    DECIDE,
    LAST,
    LATER_ISSUE,
    VAGUE,
    Defect,
    rename,
)

# In one process: what an edit leaves as it is, is compiled once.
pytestmark = pytest.mark.xdist_group("seeded")

CHECKOUT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SHIPPED = ("templates", "lessons", "newsletters", "bypost.toml", "personas.toml", "subscribers.csv")
DEFECTS = (*heads.DEFECTS, *lessons.DEFECTS, *surroundings.DEFECTS, *frames.DEFECTS)
CONTENT = pytest.mark.parametrize(
    "defect",
    [*heads.DEFECTS, *lessons.DEFECTS, *surroundings.DEFECTS],
    ids=lambda it: it.name.replace(" ", "-"),
)
FRAMES = pytest.mark.parametrize("defect", frames.DEFECTS, ids=lambda it: it.name.replace(" ", "-"))
#: So many findings at most for one mistake: more would bury it.
MOST = 3


@dataclass(frozen=True)
class Copy:
    """A copy of the shipped project that is damaged and mended again.

    Attributes:
        memory: Of the mails as shipped.
    """

    root: Path
    memory: Memory

    def look(self, memory: Memory | None = None) -> tuple[Finding, ...]:
        settings = load_settings(self.root, {})
        return examine_project(self.root, settings, now=NOW, memory=memory).findings

    @contextmanager
    def damaged(self, defect: Defect) -> Iterator[Memory | None]:
        """Yield what may be remembered of the sound mails: nothing where all are made anew."""
        before = {path: _state(path) for path in _files(self.root)}
        try:
            for step in defect.steps:
                step(self.root)
            after = {path: _state(path) for path in _files(self.root)}
            changed = [path for path, _ in before.items() ^ after.items()]
            assert changed
            yield self.memory if all(path.suffix == ".md" for path in changed) else None
        finally:
            _put_back(self.root, before)


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def _state(path: Path) -> tuple[bytes, int]:
    return path.read_bytes(), path.stat().st_mtime_ns


def _put_back(root: Path, before: dict[Path, tuple[bytes, int]]) -> None:
    """Restore every file, its age too: it is by that that the memory knows it."""
    for path in _files(root):
        if path not in before:
            path.unlink()
    for path, (data, changed) in before.items():
        if not path.exists() or _state(path) != (data, changed):
            path.write_bytes(data)
            os.utime(path, ns=(changed, changed))


def _line(root: Path, defect: Defect) -> int | None:
    """Return the first line of the damaged file that has the text to be named."""
    if not defect.at:
        return None
    text = (root / defect.path).read_text(encoding="utf-8", errors="replace")
    before, found, _ = text.partition(defect.at)
    assert found, f"{defect.path} has no {defect.at!r}"
    return before.count("\n") + 1


def _copied(root: Path) -> Copy:
    for name in SHIPPED:
        source = CHECKOUT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, root / name)
    return Copy(root, Memory())


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """All that is shipped."""
    return _copied(tmp_path_factory.mktemp("seeded"))


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The same with three lessons and one issue: each change of a template makes all mails anew."""
    copy = _copied(tmp_path_factory.mktemp("short"))
    for path in (DECIDE, VAGUE, BURNOUT, LATER_ISSUE):
        (copy.root / path).unlink()
    rename(LAST, "02-next-steps.md")(copy.root)
    return copy


def test_the_undamaged_copies_are_clean(copy: Copy, short: Copy) -> None:
    assert copy.look(copy.memory) == ()
    assert copy.look(copy.memory) == ()
    assert short.look() == ()


def test_there_are_more_than_forty_and_no_two_are_alike() -> None:
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS) > 40
    assert len({defect.rule for defect in DEFECTS}) > 40


def _check(copy: Copy, defect: Defect) -> None:
    with copy.damaged(defect) as memory:
        found = copy.look(memory)
        line = _line(copy.root, defect)
    places = [(it.path, it.line) for it in found if it.rule == defect.rule]
    assert (defect.path, line) in places, found
    assert {it.rule for it in found} <= {defect.rule, *defect.also}, found
    assert len(found) <= MOST, found


@CONTENT
def test_a_mistake_in_content_is_found_on_its_line_and_nothing_else_is(
    copy: Copy, defect: Defect
) -> None:
    _check(copy, defect)


@FRAMES
def test_a_mistake_in_a_template_is_found_on_its_line_and_nothing_else_is(
    short: Copy, defect: Defect
) -> None:
    _check(short, defect)


def test_the_mended_copy_is_clean_again(copy: Copy) -> None:
    assert copy.look(copy.memory) == ()
