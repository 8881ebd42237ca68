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

from rich.table import Table

from bypost.cli.engine import with_engine
from bypost.delivery.owe import owe_lessons
from bypost.delivery.publish import Publisher
from bypost.delivery.run import importer
from bypost.project import open_project
from bypost.store import Store, counts
from tests.bench.sink import resend_at, sink, taken
from tests.conftest import CHECKOUT
from tests.postgres.cluster import Cluster

_COMMAND = (sys.executable, "-m", "bypost")
#: Seconds after which a send is given up.
_PATIENCE = 900


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


def measure(table: Table, people: int) -> None:
    """Send with passes over SQLite, and with workers over PostgreSQL."""
    cluster = Cluster(durable=True)
    try:
        alone = _send(people, {}, ["send"], killed=False)
        _add(table, "passes over SQLite", people, alone, alone)
        for workers, killed in ((1, False), (2, False), (4, False), (2, True)):
            environ = {
                "BYPOST_DATABASE__URL": cluster.url(cluster.make()),
                "BYPOST_SENDING__ENGINE": "procrastinate",
                "BYPOST_SITE__SECRET_KEYS": json.dumps(["bench-" * 8]),
                "BYPOST_SITE__ADDRESS_KEY": "bench-" * 8,
            }
            sent = _send(people, environ, ["worker"] * workers, killed=killed)
            what = f"{workers} worker{'s' * (workers > 1)} over PostgreSQL"
            _add(table, what + (", one killed half way" if killed else ""), people, sent, alone)
    finally:
        cluster.stop()


def _add(table: Table, what: str, people: int, sent: Sent, alone: Sent) -> None:
    ratio = alone.seconds / sent.seconds
    table.add_row(f"{what}: people a second", f"{people / sent.seconds:,.0f}", f"{ratio:.2f}")
    counted = f"{sent.accepted:,} accepted, {sent.unknown:,} unknown, {sent.mails:,} posted"
    table.add_row(f"  of {people:,}: {counted}", "", "")


def _send(people: int, environ: Mapping[str, str], verbs: list[str], *, killed: bool) -> Sent:
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as name, sink("resend") as url:
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
        return Sent(seconds, taken(url).mails, found.accepted, found.unknown)


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
