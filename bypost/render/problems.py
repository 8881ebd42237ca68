"""A list that collects what is wrong with one mail, so that an author sees all of it at once."""

from __future__ import annotations

from bypost.errors import ContentError, Problem
from bypost.render.words import Place


class Problems:
    """Problems in the order in which they were found, each once."""

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}

    def add(self, place: Place, rule: str, message: str, fix: str = "") -> None:
        """Note one problem."""
        problem = Problem(path=place.path, line=place.line, message=message, fix=fix, rule=rule)
        self._found[problem] = None

    def extend(self, error: ContentError) -> None:
        """Take over what ``error`` carries."""
        self._found.update(dict.fromkeys(error.problems))

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_if_any(self) -> None:
        """Raise ContentError with everything found, in the order of the files' lines."""
        if self._found:
            raise ContentError(
                *sorted(self._found, key=lambda found: (found.path, found.line or 0))
            )
