"""How much is to be measured, as the command line or a quick comparison asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

#: Takes a text that stands beside the figures, e.g. a plan of a query.
Tell = Callable[[str], None]


def silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Sizes; 0 stands for what the subject takes by itself, or has no use for.

    Attributes:
        people: Of a pass or a project.
        rows: Of a file to import.
        enrollments: Of the tick.
        database: ``sqlite`` or ``postgresql``, of the tick.
        folder: Keeps the filled project of the pages.
        of: Providers; none: all.
        tell: Is told what does not fit into a figure.
    """

    people: int = 0
    rows: int = 0
    enrollments: int = 0
    database: str = "sqlite"
    folder: Path | None = None
    of: tuple[str, ...] = ()
    tell: Tell = silent

    def over(self, usual: Asked) -> Asked:
        """Return these sizes where ``usual`` has one, and its own where none is asked for."""
        return replace(
            self,
            people=usual.people and (self.people or usual.people),
            rows=usual.rows and (self.rows or usual.rows),
            enrollments=usual.enrollments and (self.enrollments or usual.enrollments),
        )

    @property
    def words(self) -> str:
        """Return the sizes in words."""
        sizes = (("people", self.people), ("rows", self.rows), ("enrollments", self.enrollments))
        found = [f"{number:,} {name}" for name, number in sizes if number]
        return ", ".join([*found, *([self.database] if self.database != "sqlite" else [])])


#: Of whatever has no sizes.
NOTHING = Asked()
