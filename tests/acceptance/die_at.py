"""Run ``bypost send`` and die (or freeze) when a labelled step is reached for the n-th time.

    python die_at.py SIGKILL|SIGSTOP LABEL N [another verb] [arguments ...]

It listens to the debug lines of ``bypost.delivery.steps`` with an ordinary logging handler; the
product knows nothing of it.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading


class _Killer(logging.Handler):
    def __init__(self, how: signal.Signals, label: str, times: int) -> None:
        super().__init__()
        self._how = how
        self._label = label
        self._left = times
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() != self._label:
            return
        with self._guard:
            self._left -= 1
            if self._left == 0:
                # To this thread: to the process, it might arrive some instructions later.
                signal.pthread_kill(threading.get_ident(), self._how)


def main() -> int:
    how, label, times, *rest = sys.argv[1:]
    logger = logging.getLogger("bypost.delivery.steps")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(_Killer(signal.Signals[how], label, int(times)))
    from bypost.cli import main as command

    has_verb = bool(rest) and not rest[0].startswith("-")
    return command(rest if has_verb else ["send", *rest])


if __name__ == "__main__":
    sys.exit(main())
