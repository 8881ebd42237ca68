"""The services of :mod:`tests.bench.sink` in C: fast enough not to be what is measured.

A sink shares the machine with what sends to it: what it costs is missing there. Where it cannot be
compiled (no C compiler, no Linux) the service in Python stands in, and :func:`note` says so.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import orjson

from tests.bench.cache import cache_folder
from tests.bench.sink import SERVICES, Service, Taken, serve, taken

SOURCE = Path(__file__).with_suffix(".c")
#: In place of ids, to see what stands around them.
_ONE, _OTHER = "<one id>", "<other id>"

#: Besides the services: SendGrid's answer, and no look at what comes.
EMPTY = replace(SERVICES["sendgrid"], mark=b"")


@contextmanager
def fast_sink(kind: str | Service, delay_ms: int = 0) -> Iterator[str]:
    """Start a service and yield its URL; it ends with the block.

    Args:
        kind: A name of :data:`SERVICES`, ``empty202``, or a service of one's own.
        delay_ms: Milliseconds from a request's last byte to its answer.
    """
    service = kind if isinstance(kind, Service) else {**SERVICES, "empty202": EMPTY}[kind]
    program = compiled()
    command = [program] if program else [sys.executable, "-m", "tests.bench.fast_sink"]
    process = subprocess.Popen(
        [*command, str(service.status), str(delay_ms), service.mark, *_around_ids(service)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().decode().strip()
    finally:
        process.terminate()
        process.communicate(timeout=10)


def count(url: str) -> Taken:
    """Ask a sink what came."""
    return taken(url)


def note() -> str:
    """Return what a reader of a figure has to know of the sink; mostly nothing."""
    return "" if compiled() else "the sink is a slow one in Python: the fast one was not compiled"


@cache
def compiled() -> Path | None:
    """Return the program, compiled now or in an earlier run; None where that cannot be."""
    mark = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    program = cache_folder() / f"fast-sink-{mark}"
    if not program.exists():
        compiler = shutil.which("cc")
        if compiler is None:
            return None
        with tempfile.TemporaryDirectory(dir=program.parent) as folder:
            made = Path(folder, "made")
            done = subprocess.run(
                [compiler, "-O2", "-o", made, SOURCE], capture_output=True, check=False
            )
            if done.returncode:
                return None
            made.replace(program)  # at once: others may be about to run it
    return program if os.access(program, os.X_OK) else None  # a folder may forbid programs


def _around_ids(service: Service) -> tuple[str, str, str]:
    """Return what stands in an answer before the ids, between two of them, and after them.

    Nothing stands between them where an answer has one id for all; a service without ids has
    nothing anywhere.
    """
    told = service.answer([_ONE, _OTHER])
    if told is None:
        return "", "", ""
    before, _, rest = orjson.dumps(told).decode().partition(_ONE)
    between, other, after = rest.partition(_OTHER)
    return (before, between, after) if other else (before, "", rest)


def _as_told(status: str, delay_ms: str, mark: str, *around: str) -> Service:
    """Return the service that a command line of the program speaks of."""
    before, between, after = around

    def answer(ids: Sequence[str]) -> object:
        time.sleep(int(delay_ms) / 1000)
        if not before:
            return None
        return orjson.Fragment(before + between.join(ids if between else ids[:1]) + after)

    return Service(mark.encode() or b"\0", answer, int(status))  # no text has a NUL


if __name__ == "__main__":
    serve(_as_told(*sys.argv[1:]))
