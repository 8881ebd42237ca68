"""A process forked from one that has imported everything, as its user sees it."""

from __future__ import annotations

import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

from tests.forks.parent import NUMBER, Request

_CHECKOUT = Path(__file__).resolve().parent.parent.parent


class Process(Protocol):
    """What tests do with a process, however it was started: a part of ``subprocess.Popen``."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def kill(self) -> None: ...
    def send_signal(self, sig: int, /) -> None: ...
    def communicate(self, *, timeout: float | None = None) -> tuple[bytes, bytes]: ...


class Child:
    """A forked process; its output goes to files, which are read when it has ended.

    Args:
        words: A script and its arguments, or ``-m``, a module and its arguments.
        environ: Its whole environment.
    """

    def __init__(self, words: Sequence[str], *, cwd: Path, environ: Mapping[str, str]) -> None:
        self._out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - read at its end
        self._err: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        request = Request(words=words, cwd=str(cwd), environ=dict(environ))
        self.returncode: int | None = None
        self.pid, self._status = _fork(request, (self._out, self._err))

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: It goes on.
        """
        code = self._wait(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def send_signal(self, sig: int, /) -> None:
        """Send a signal; nothing happens if it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """Kill it: a true ``kill -9``."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, *, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Wait for its end and return what it wrote to its output and its errors."""
        self.wait(timeout)
        return _content(self._out), _content(self._err)

    def _wait(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], timeout)[0]:
            with open(self._status, "rb") as status:  # noqa: PTH123 - a number, not a path
                (self.returncode,) = NUMBER.unpack(status.read())
        return self.returncode


def _content(file: IO[bytes]) -> bytes:
    if file.closed:
        return b""
    with file:
        file.seek(0)
        return file.read()


class _Line:
    """The line to the parent, which is started when the first child is wanted."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._open: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def ask(self, request: Request, files: Sequence[int]) -> int:
        content = pickle.dumps(request)
        with self._guard:
            _, line = self._open = self._open or self._begin()
            socket.send_fds(line, [NUMBER.pack(len(content))], list(files))
            line.sendall(content)
            (pid,) = NUMBER.unpack(line.recv(NUMBER.size))
        return int(pid)

    def close(self) -> None:
        if self._open:
            parent, line = self._open
            line.close()
            parent.wait(20)
            self._open = None

    def _begin(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair()
        with theirs:
            parent = subprocess.Popen(
                [sys.executable, "-m", "tests.forks", str(theirs.fileno())],
                cwd=_CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the tests; it ends when they do
            )
        return parent, ours


_LINE = _Line()


def _fork(request: Request, outputs: Sequence[IO[bytes]]) -> tuple[int, int]:
    """Return the number of a new process, and where its exit code comes from."""
    status, teller = os.pipe()
    try:
        return _LINE.ask(request, [teller, *(file.fileno() for file in outputs)]), status
    finally:
        os.close(teller)


def end_parent() -> None:
    """End the process that forks."""
    _LINE.close()
