"""The lines of a file, handed out to a CSV reader, and kept for telling what a bad row was."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

#: Lines read at a time; what is told of a row that could not be read is never longer.
_BATCH = 1000
#: Characters of a row that could not be read which are kept for mending it.
_LONGEST_TEXT = 10_000
#: The batch in which a row begins, and the next: more of it is not told.
_KEPT = 2


class Lines:
    """Hands out lines batch by batch: a call for each would cost as much as reading it.

    Attributes:
        first: Line on which the row begins that is being read, counting from 1.
    """

    def __init__(self, file: Iterator[str]) -> None:
        self.first = 1
        self._file = file
        self._batches: list[tuple[int, list[str]]] = []

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._read())

    def _read(self) -> Iterator[list[str]]:
        number = 1
        while batch := list(islice(self._file, _BATCH)):
            open_ones = [one for one in self._batches if one[0] + len(one[1]) > self.first]
            # The newest stays whatever comes: the row behind a very long one begins in it.
            self._batches = [*open_ones[:_KEPT], (number, batch)]
            yield batch
            number += len(batch)

    def text(self, last: int) -> str:
        """Return the row that is being read as it stands, up to a line; at most some of it."""
        found: list[str] = []
        for number, batch in self._batches:
            found += batch[max(0, self.first - number) : max(0, last + 1 - number)]
        return "".join(found[:_BATCH])[:_LONGEST_TEXT]
