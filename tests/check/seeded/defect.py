"""A mistake that an author can make in the shipped project, and what has to be said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

COURSE = "lessons/after-the-interview"
WELCOME = f"{COURSE}/00-welcome.md"
COMPARISON = f"{COURSE}/01-comparison.md"
DECIDE = f"{COURSE}/02-what-teams-decide.md"
VAGUE = f"{COURSE}/03-vague-feedback.md"
BURNOUT = f"{COURSE}/04-burnout.md"
LAST = f"{COURSE}/05-next-steps.md"
SETTINGS = f"{COURSE}/course.toml"
ISSUE = "newsletters/clarity-notes/2026-12-01-following-up.md"
LATER_ISSUE = "newsletters/clarity-notes/2026-12-15-the-week-after-a-final-round.md"
MAILS = "templates/email"

#: Changes files below a project's folder.
Step = Callable[[Path], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One mistake.

    Attributes:
        name: What the author did.
        rule: The rule that has to find it.
        path: The file that the finding has to name.
        steps: How it comes about.
        at: A text on the line that the finding has to name; empty where it names the file alone.
        also: Rules that have good reason to complain as well.
    """

    name: str
    rule: str
    path: str
    steps: tuple[Step, ...]
    at: str = ""
    also: frozenset[str] = field(default_factory=frozenset)


def edited(
    name: str,
    rule: str,
    path: str,
    old: str,
    new: str,
    at: str | None = None,
    also: str = "",
    found: str = "",
) -> Defect:
    """Return the mistake of writing ``new`` for ``old``, to be found on that very line.

    Args:
        at: A text on another line that is to be named; "" for none.
        found: The file that is to be named, if it is another.
    """
    shown = new.strip().partition("\n")[0] if at is None else at
    return Defect(
        name=name,
        rule=rule,
        path=found or path,
        steps=(write(path, old, new),),
        at=shown,
        also=frozenset(also.split()),
    )


def write(path: str, old: str, new: str) -> Step:
    """Return the step of writing ``new`` for the first ``old``."""

    def step(root: Path) -> None:
        file = root / path
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{path} has no {old!r} any more"
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return step


def cut(path: str, start: str, end: str) -> Step:
    """Return the step of taking out everything from ``start`` up to ``end``."""

    def step(root: Path) -> None:
        file = root / path
        before, found, rest = file.read_text(encoding="utf-8").partition(start)
        assert found, f"{path} has no {start!r} any more"
        gone, found, after = rest.partition(end)
        assert found, f"{path} has no {end!r} after {gone[:40]!r} any more"
        file.write_text(f"{before}{end}{after}", encoding="utf-8")

    return step


def rename(path: str, name: str) -> Step:
    """Return the step of giving a file another name in its folder."""

    def step(root: Path) -> None:
        (root / path).rename((root / path).with_name(name))

    return step


def add(path: str, content: str | bytes) -> Step:
    """Return the step of writing a new file."""

    def step(root: Path) -> None:
        data = content.encode() if isinstance(content, str) else content
        (root / path).write_bytes(data)

    return step


def remove(path: str) -> Step:
    """Return the step of deleting a file."""
    return lambda root: (root / path).unlink()
