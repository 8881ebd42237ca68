"""A worker that stops at every step of the protocol until it is told to go on, or dies there."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Self

from bypost.delivery.context import Context
from bypost.delivery.deliver import deliver
from tests.delivery.stage import Crash

_STEPS = logging.getLogger("bypost.delivery.steps")


class Worker:
    """Brings one batch to its provider, step by step, in a thread that never runs by itself.

    Attributes:
        name: Its name as an owner of leases.
        at: The step at which it stands; empty once it is done.
    """

    def __init__(self, crew: Crew, context: Context, batch_id: int, name: str) -> None:
        self.name = name
        self.at = "start"
        self._dying = False
        self._go = threading.Semaphore(0)
        self._stands = threading.Semaphore(0)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, args=(context, batch_id), name=name)
        crew.workers.append(self)
        self._thread.start()

    def step(self) -> str:
        """Go on to the next step; return it, empty once all is done.

        Raises:
            BaseException: what the worker itself raised.
        """
        if self.at:
            self._go.release()
            self._stands.acquire()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return self.at

    def finish(self) -> None:
        """Go on to the end."""
        while self.step():
            pass
        self._thread.join()

    def die(self) -> None:
        """Die at this step: nothing more is written or sent."""
        self._dying = True
        self.finish()

    def is_me(self) -> bool:
        """Tell whether this is called from the worker's own thread."""
        return threading.current_thread() is self._thread

    def pause(self, label: str) -> None:
        """Stand at a step; called in the worker's own thread."""
        self.at = label
        self._stands.release()
        self._go.acquire()
        if self._dying:
            raise Crash(label)

    def _work(self, context: Context, batch_id: int) -> None:
        self._go.acquire()
        try:
            if not self._dying:
                deliver(context, batch_id)
        except Crash:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to whoever steps
            self._failure = error
        finally:
            self.at = ""
            self._stands.release()


class Crew(logging.Handler):
    """The workers of one stage; each stops where the product says that it reached a step.

    Attributes:
        workers: All that were ever started.
        dead: Names of those that are known to have died, as owners of leases.
        passes: Passes that were made so far; each is a process of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.workers: list[Worker] = []
        self.dead: set[str] = set()
        self.passes = 0

    def __enter__(self) -> Self:
        _STEPS.setLevel(logging.DEBUG)
        _STEPS.addHandler(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self.standing():
            worker.die()
        _STEPS.removeHandler(self)
        _STEPS.setLevel(logging.NOTSET)

    def createLock(self) -> None:  # noqa: N802 - the base's name
        """Have no lock: whoever stands here would keep the others out."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Let the worker that speaks stand there; anybody else goes on."""
        for worker in self.workers:
            if worker.is_me():
                worker.pause(record.getMessage())

    def start(self, context: Context, batch_id: int) -> Worker:
        """Start a worker on a batch; it stands before its first step."""
        return Worker(self, context, batch_id, f"machine/worker-{len(self.workers)}")

    def standing(self) -> list[Worker]:
        """Return the workers that are in the middle of something."""
        return [worker for worker in self.workers if worker.at]

    # What the product is told of owners

    def current(self) -> str:
        """Return who is asking, for ``owner.current``."""
        mine = [worker.name for worker in self.workers if worker.is_me()]
        return mine[0] if mine else f"machine/pass-{self.passes}"

    def is_gone(self, name: str) -> bool:
        """Tell whether an owner has died, for ``owner.is_gone``."""
        return name in self.dead
