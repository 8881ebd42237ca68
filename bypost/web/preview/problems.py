"""What the checks say, by mail: counts for the list, and each finding with its rule's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.content.loader import NOTICES
from bypost.web.preview.session import Session
from bypost.web.preview.shelf import Entry

WORDS = {Level.ERROR: "Error", Level.WARNING: "Warning", Level.INFO: "Note"}
_WEIGHT = {level: weight for weight, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class Count:
    """How many errors and warnings; notes do not count as problems."""

    errors: int = 0
    warnings: int = 0

    @property
    def total(self) -> int:
        """Return both together."""
        return self.errors + self.warnings

    @property
    def words(self) -> str:
        """Return "1 error, 2 warnings"; "no problems" for none."""
        parts = [
            f"{number} {word}{'s' if number > 1 else ''}"
            for number, word in ((self.errors, "error"), (self.warnings, "warning"))
            if number
        ]
        return ", ".join(parts) or "no problems"


@dataclass(frozen=True, slots=True)
class Told:
    """One finding, with the words of its rule where it has some."""

    finding: Finding
    rule: Rule | None

    @property
    def word(self) -> str:
        """Return its level for people."""
        return WORDS[self.finding.level]


def count(findings: Iterable[Finding]) -> Count:
    """Return how many errors and warnings there are."""
    levels = [finding.level for finding in findings]
    return Count(levels.count(Level.ERROR), levels.count(Level.WARNING))


def counts(findings: Sequence[Finding]) -> Mapping[str, Count]:
    """Return path -> its problems, files and folders as the findings name them."""
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        by_path.setdefault(finding.path, []).append(finding)
    return {path: count(found) for path, found in by_path.items()}


def of_mail(session: Session, entry: Entry) -> list[Told]:
    """Return what is said of one mail, the heaviest first."""
    found = (one for one in session.told() if one.path == entry.path)
    return told(found, explained=session.checked > 0)


def around(session: Session, entry: Entry) -> list[Told]:
    """Return what is said of no mail, but concerns this one: its folder, templates, settings."""
    mails = {other.path for other in session.shelf.entries}
    others = {folder.path for folder in session.shelf.folders} - {entry.path.rpartition("/")[0]}
    found = (
        one
        for one in session.told()
        if one.path not in mails and not any(_lies_in(one.path, folder) for folder in others)
    )
    return told(found, explained=session.checked > 0)


def _lies_in(path: str, folder: str) -> bool:
    # What is wrong with the templates concerns every mail, not only the notices beside them.
    return folder != NOTICES and (path == folder or path.startswith(f"{folder}/"))


def told(findings: Iterable[Finding], *, explained: bool = True) -> list[Told]:
    """Return findings with the words of their rules, the heaviest first.

    Args:
        explained: Whether there is time to load the rules; before the first check there is not.
    """
    ordered = sorted(findings, key=lambda it: (_WEIGHT[it.level], it.path, it.line or 0))
    return [Told(finding, _rule(finding.rule) if explained else None) for finding in ordered]


def _rule(name: str) -> Rule | None:
    from bypost.check.catalogue import CATALOGUE

    return CATALOGUE.get(name)
