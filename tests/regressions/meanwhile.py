"""Something that happens while a pass is at a step."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bypost.delivery import steps


class _Once(logging.Handler):
    def __init__(self, label: str, act: Callable[[], object]) -> None:
        super().__init__()
        self._label = label
        self._act = act

    def createLock(self) -> None:  # noqa: N802 - the base's name
        """Have none: what is done here may log from other threads."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == self._label:
            self._label = ""  # so that a pass within it is left alone
            self._act()


@contextmanager
def once_at(label: str, act: Callable[[], object]) -> Iterator[None]:
    """Do something when a step is reached for the first time within the block."""
    logger, handler = logging.getLogger(steps.__name__), _Once(label, act)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
