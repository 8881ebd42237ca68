"""Workers on PostgreSQL: a lesson to many people through 1, 2 and 4 of them, and with one killed.

The same is sent by passes over SQLite first, in the same run: what many machines cost is that
ratio. Owing comes before the watch starts in all of them; a process's start counts.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bypost.cli.engine import with_engine
from bypost.delivery.owe import owe_lessons
from bypost.delivery.publish import Publisher
from bypost.delivery.run import importer
from bypost.project import open_project
from bypost.store import Store, counts
from tests.bench.fast_sink import count, fast_sink
from tests.bench.figure import Figure
from tests.bench.rounds import compared, measured
from tests.bench.sink import resend_at
from tests.conftest import CHECKOUT
from tests.postgres.cluster import Cluster

METHOD = """\
The first lesson of the shipped course, owed before the watch starts, through HTTP to a sink on
loopback that answers as Resend does: by passes over SQLite (`synchronous=FULL`), and by workers
and a clock over PostgreSQL, whose commits reach the disk. The server shares the cores with them. A
process's start counts. Nothing is pending at the end; a worker that is killed half way leaves
leases behind, which the others take over when they end."""

_COMMAND = (sys.executable, "-m", "bypost")
#: Seconds after which a send is given up.
_PATIENCE = 900
#: What two workers must reach of SQLite's rate.
_GOAL = 0.5


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a send.

    Attributes:
        seconds: From the first process's start until nothing was pending.
        mails: At the provider, each request's counted.
        accepted: In the ledger.
        unknown: In the ledger.
    """

    seconds: float
    mails: int
    accepted: int
    unknown: int


def figures(people: int = 100_000) -> list[Figure]:
    """Return the rates of passes over SQLite and of workers over PostgreSQL; one round."""
    cluster = Cluster(durable=True)
    try:
        alone = _send(people, {}, ["send"], killed=False)
        rate = people / alone.seconds
        found = [measured("workers.sqlite", "passes over SQLite", "people/s", [rate])]
        for workers, killed in ((1, False), (2, False), (4, False), (2, True)):
            environ = {
                "BYPOST_DATABASE__URL": cluster.url(cluster.make()),
                "BYPOST_SENDING__ENGINE": "procrastinate",
                "BYPOST_SITE__SECRET_KEYS": json.dumps(["bench-" * 8]),
                "BYPOST_SITE__ADDRESS_KEY": "bench-" * 8,
            }
            sent = _send(people, environ, ["worker"] * workers, killed=killed)
            found.append(_of(workers, people, sent, rate, killed=killed))
        return found
    finally:
        cluster.stop()


def _of(workers: int, people: int, sent: Sent, alone: float, *, killed: bool) -> Figure:
    what = f"{workers} worker{'s' * (workers > 1)} over PostgreSQL"
    counted = f"{sent.accepted:,} accepted, {sent.unknown:,} unknown, {sent.mails:,} posted"
    return compared(
        f"workers.{workers}" + (".killed" if killed else ""),
        what + (", one killed half way" if killed else ""),
        "people/s",
        [people / sent.seconds],
        [alone],
        "SQLite",
        goal=_GOAL if workers == 2 and not killed else None,
        note=f"of {people:,}: {counted}",
    )


def _send(people: int, environ: Mapping[str, str], verbs: list[str], *, killed: bool) -> Sent:
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as name, fast_sink("resend") as url:
        root = Path(name)
        settings = {**os.environ, **resend_at(url), **environ}
        _prepare(root, people, settings)
        store = Store(settings.get("BYPOST_DATABASE__URL", "sqlite:///var/bypost.db"), root=root)
        started = time.perf_counter()
        if environ:
            verbs = [*verbs, "clock"]
        processes = [_start(root, verb, settings) for verb in verbs]
        if killed:
            _until(lambda: _counts(store).accepted >= people // 2)
            processes[0].kill()
        _until(lambda: not _counts(store).pending)
        seconds = time.perf_counter() - started
        found = _counts(store)
        store.close()
        for process in processes:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
        return Sent(seconds, count(url).mails, found.accepted, found.unknown)


def _prepare(root: Path, people: int, settings: Mapping[str, str]) -> None:
    """Make a project whose first lesson is owed to everybody, in a process of its own."""
    for folder in ("templates", "lessons"):
        shutil.copytree(CHECKOUT / folder, root / folder)
    shutil.copy(CHECKOUT / "bypost.toml", root)
    with (root / "subscribers.csv").open("w", encoding="utf-8") as file:
        file.write("email,name,time_zone\n")
        file.writelines(f"p{i}@example.com,Person {i},Europe/Berlin\n" for i in range(people))
    subprocess.run(
        [sys.executable, "-m", "tests.bench.workers", str(root)], env=settings, check=True
    )


def _start(root: Path, verb: str, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    words = {"send": ["send"], "clock": ["send", "--forever"], "worker": ["worker"]}[verb]
    return subprocess.Popen(
        [*_COMMAND, *words, "--allow-local"],
        cwd=root,
        env={**settings, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _counts(store: Store) -> counts.Counts:
    with store.read() as connection:
        return counts.count(connection)


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the send did not come to its end")
        time.sleep(0.2)


def _owe(root: Path) -> None:
    """Take people and content up, and owe the first lesson; send nothing."""
    with open_project(root) as context:
        context = with_engine(context)
        published = Publisher(context).take_over(patient=False)
        importer(context, published).run(root / "subscribers.csv", now=context.clock.now())
        owe_lessons(context, published.shapes)


if __name__ == "__main__":
    _owe(Path(sys.argv[1]))
