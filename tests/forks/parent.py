"""A process that has imported everything, and whose forks each run one command.

Half of what a short command costs is importing. A fork of this process has done that before; from
there on it is a process like any other, with an environment, a working directory, files and a
number of its own. This one never opens a database and never starts a thread.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import pkgutil
import runpy
import selectors
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Of other people's packages, what commands import only when they need it.
_ALSO = (
    "alembic.autogenerate",
    "alembic.command",
    "alembic.runtime.environment",
    "disposable_email_domains",
    "encodings.idna",
    "hypothesis",
    "pytest",
    "sqlalchemy.dialects.sqlite",
    "uvicorn.lifespan.on",
    "uvicorn.logging",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
)
#: Length of a request; process number; exit code.
NUMBER = struct.Struct("i")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A command to run.

    Attributes:
        words: A script and its arguments, or ``-m``, a module and its arguments.
        environ: The whole environment.
    """

    words: Sequence[str]
    cwd: str
    environ: Mapping[str, str]

    def run(self) -> None:
        """Do in this process what the interpreter does with a command line."""
        os.chdir(self.cwd)
        os.environ.clear()
        os.environ.update(self.environ)
        time.tzset()
        first, *rest = self.words
        if first == "-m":
            sys.path[0] = self.cwd
            sys.argv = rest
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.path[0] = str(Path(first).parent)
            sys.argv = [first, *rest]
            runpy.run_path(first, run_name="__main__")


@dataclass(frozen=True, slots=True)
class _Parent:
    """Forks on demand, and tells how each fork ended.

    Attributes:
        statuses: Number of a child -> where its exit code is written to.
    """

    line: socket.socket
    statuses: dict[int, int] = field(default_factory=dict)

    def serve(self) -> Request | None:
        """Work until the other end hangs up; in a child, return what it is to run."""
        awake, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        request: object = None
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.line, selectors.EVENT_READ)
            waiting.register(awake, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in waiting.select()}
                if awake in ready:
                    os.read(awake, 4096)
                    self._bury()
                if self.line.fileno() in ready:
                    head, files, *_ = socket.recv_fds(self.line, NUMBER.size, 4)
                    if not head:
                        self._leave_nobody()
                        return None
                    request = pickle.loads(self._exactly(*NUMBER.unpack(head)))
                    if self._fork(files):
                        break
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in (awake, wake):
            os.close(end)
        assert isinstance(request, Request)
        return request

    def _fork(self, files: Sequence[int]) -> bool:
        """Return whether this is the child; it has the given output, and nothing of the parent."""
        status, *outputs = files
        if pid := os.fork():
            for one in outputs:
                os.close(one)
            self.statuses[pid] = status
            self.line.sendall(NUMBER.pack(pid))
            return False
        self.line.close()
        for one in (status, *self.statuses.values()):
            os.close(one)
        for target, one in enumerate(outputs, start=1):
            os.dup2(one, target)
            os.close(one)
        return True

    def _exactly(self, length: int) -> bytes:
        content = b""
        while len(content) < length:
            content += self.line.recv(length - len(content))
        return content

    def _leave_nobody(self) -> None:
        """Kill the children that a test run which broke off has left."""
        for pid in self.statuses:
            os.kill(pid, signal.SIGKILL)

    def _bury(self) -> None:
        """Tell of every child that has ended."""
        while self.statuses:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            teller = self.statuses.pop(pid)
            try:
                os.write(teller, NUMBER.pack(os.waitstatus_to_exitcode(status)))
            except BrokenPipeError:  # nobody wants to know any more
                pass
            finally:
                os.close(teller)


def _import_everything() -> None:
    import bypost

    for found in pkgutil.walk_packages(bypost.__path__, "bypost."):
        if not found.name.endswith("__main__") and ".migrations" not in found.name:
            importlib.import_module(found.name)
    for name in _ALSO:
        importlib.import_module(name)
    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()  # the collector of a child leaves alone what it shares with its parent


def work(line: int) -> None:
    """Serve; a child goes on from here as if it had been started with its command line.

    Args:
        line: Number of the socket that requests come from.
    """
    _import_everything()
    request = _Parent(socket.socket(fileno=line)).serve()
    if request:
        request.run()
