"""How much is to be measured, as the command line or a quick comparison asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: Takes a text that stands beside the figures, e.g. a plan of a query.
Tell = Callable[[str], None]


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Sizes; None stands for what the subject takes by itself.

    Attributes:
        people: Of a pass or a project.
        rows: Of a file to import, or of people to schedule.
        enrollments: Of the tick.
        database: ``sqlite`` or ``postgresql``, of the tick.
        folder: Keeps the filled project of the pages.
        of: Providers; none: all.
        tell: Is told what does not fit into a figure.
    """

    people: int | None = None
    rows: int | None = None
    enrollments: int | None = None
    database: str = "sqlite"
    folder: Path | None = None
    of: tuple[str, ...] = ()
    tell: Tell = _silent

    @property
    def words(self) -> str:
        """Return the sizes that were asked for, in words."""
        sizes = (("people", self.people), ("rows", self.rows), ("enrollments", self.enrollments))
        found = [f"{number:,} {name}" for name, number in sizes if number is not None]
        return ", ".join([*found, *([self.database] if self.database != "sqlite" else [])])
