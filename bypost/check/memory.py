"""What an earlier look made, so that the next one compiles only what changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from bypost.content.watch import Stamp, signature

T = TypeVar("T")


class Memory:
    """Kept by a preview over many saves; a single check does without. For one thread at a time.

    Every mail has one place, which holds what was made of it last and from what. Everything that
    mails share (templates, pictures, who they come from) is the ground: where it changes, all is
    forgotten.
    """

    def __init__(self) -> None:
        self._ground: object = None
        self._kept: dict[tuple[str, str], tuple[object, Any]] = {}

    def stand_on(self, root: Path, *shared: object) -> None:
        """Forget everything unless the project's other files and ``shared`` are as they were."""
        ground = (root, shared, _other_files(root))
        if ground != self._ground:
            self._kept.clear()
            self._ground = ground

    def recall(self, what: str, place: str, made_from: object, make: Callable[[], T]) -> T:
        """Return what ``make`` makes, or made before from something equal.

        Args:
            what: What kind of thing is made.
            place: The mail, by its file's path.
            made_from: All that the result depends on, beside the ground.
        """
        before = self._kept.get((what, place))
        if before is not None and before[0] == made_from:
            kept: T = before[1]
            return kept
        made = make()
        self._kept[what, place] = made_from, made
        return made


def _other_files(root: Path) -> Mapping[str, tuple[Stamp, ...]]:
    """Return folder -> its files that are not Markdown: those are compared by their text."""
    return {
        folder: tuple(stamp for stamp in stamps if not stamp[0].endswith(".md"))
        for folder, stamps in signature(root).items()
    }
