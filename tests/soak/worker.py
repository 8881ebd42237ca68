"""A process over the project: passes until it is killed, which at times it does itself.

It is forked from the supervisor, which has imported everything: a start costs little, and a kill
is a kill all the same.
"""

from __future__ import annotations

import ctypes
import faulthandler
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NoReturn

from bypost.cli import main as command
from bypost.cli.opening import open_to_send
from bypost.delivery.publish import Publisher
from bypost.delivery.run import Pass, importer
from bypost.errors import ByPostError
from bypost.project import open_project
from bypost.providers import registry
from bypost.providers.postmark import Postmark
from tests.soak.plan import REST, Subject

#: Labels that a batch comes by.
_LABELS = ("leased", "built", "intended", "answered", "recorded")
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where processes work, and with what settings.

    Attributes:
        log: What they print.
    """

    root: Path
    environ: Mapping[str, str]
    subject: Subject
    log: Path


@dataclass(frozen=True, slots=True)
class Mischief:
    """What a worker does to itself at the steps of its batches.

    Attributes:
        kills: Share of batches at which it kills itself.
        stops: Share of batches at which it stops itself.
    """

    seed: str
    kills: float
    stops: float


def fork(place: Place, task: Callable[[], object]) -> int:
    """Start a process that does ``task`` and ends; return its number."""
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        _child(place, task)
    return pid


def _child(place: Place, task: Callable[[], object]) -> NoReturn:
    code = 1
    try:
        if sys.platform == "linux":  # no orphans, even of a supervisor that was killed
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        log = os.open(place.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        faulthandler.enable()
        os.environ.update(place.environ)
        _declare(place.subject)
        task()
        code = 0
    except ByPostError as error:
        sys.stderr.write(f"{error}\n")
    except BaseException:  # noqa: BLE001 - the supervisor must hear of whatever it was
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def prepare(root: Path) -> None:
    """Take up content and people, so that everything is due when the workers start."""
    with open_project(root) as context:
        published = Publisher(context).take_over(patient=False)
        path = root / "subscribers.csv"
        importer(context, published).run(path, now=context.clock.now())


def passes(root: Path, mischief: Mischief | None) -> None:
    """Make passes without end, as ``bypost send --forever`` does."""
    if mischief:
        _listen(mischief)
    with open_to_send(root, allow_local=True, patient=True) as context:
        one = Pass(context, patient=True)
        while True:
            try:
                one.run()
            except ByPostError as error:
                sys.stderr.write(f"{error}\n")
            time.sleep(REST)


def jobs(root: Path, mischief: Mischief | None) -> None:
    """Run ``bypost worker``: bring the batches that others hand over."""
    if mischief:
        _listen(mischief)
    command(["worker", "--allow-local", "--project", str(root)])


def pages(root: Path, port: int) -> None:
    """Run ``bypost serve``: the pages, and passes behind them."""
    command(["serve", "--port", str(port), "--allow-local", "--project", str(root)])


def _declare(subject: Subject) -> None:
    """Let the adapter declare the send class on trial; the product has no such switch."""
    wanted = subject.send_class
    if wanted is None:
        return

    declaring = type("Declaring", (Postmark,), {"send_class": wanted})
    registry.BUILDERS = {
        **registry.BUILDERS,
        "postmark": lambda *, http, clock, **options: declaring(http=http, clock=clock, **options),
    }


class _Hand(logging.Handler):
    """Kills or stops this process when it comes by a label and chance will have it."""

    def __init__(self, mischief: Mischief) -> None:
        super().__init__()
        self._rng = Random(mischief.seed)
        self._kill = mischief.kills / len(_LABELS)
        self._stop = self._kill + mischief.stops / len(_LABELS)
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        with self._guard:
            draw = self._rng.random()
        if draw < self._kill:
            os.kill(os.getpid(), signal.SIGKILL)
        elif draw < self._stop:
            os.kill(os.getpid(), signal.SIGSTOP)


def _listen(mischief: Mischief) -> None:
    """Listen to the debug lines of the steps, as ``tests/acceptance/die_at.py`` does."""
    logger = logging.getLogger("bypost.delivery.steps")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(_Hand(mischief))
