"""One round: fresh deliveries, a storm until nothing waits, a calm until all is settled."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

from bypost.store import Store
from bypost.store.counts import Counts
from tests.conftest import CHECKOUT
from tests.postgres.cluster import Cluster
from tests.soak import books, folder, worker
from tests.soak.crew import Crew, Start
from tests.soak.outcome import Outcome
from tests.soak.plan import LAG, LATE, Plan, Subject
from tests.soak.service import Service
from tests.soak.worker import Mischief, Place

#: Seconds between two looks at the ledger, and between two lines of progress.
_LOOK, _TELL = 0.5, 10.0
#: Deliveries a second that any machine manages: a storm that takes longer is given up.
_SLOWEST = 10
#: Seconds for the first batches of a storm, and for all of a calm.
_START, _CALM = 60.0, 900.0


class Round:
    """A round of one send class, in a folder of its own."""

    def __init__(
        self, given: Plan, subject: Subject, number: int, root: Path, cluster: Cluster | None
    ) -> None:
        self._given = given
        self._cluster = cluster
        self._database = cluster.url(cluster.make()) if cluster else given.database
        self._subject = subject
        self._seed = f"{given.seed}:{subject.name}:{number}"
        self._root = root
        self._name = f"{subject.name} {number}"
        self._expected = 2 * given.people
        self._began = time.monotonic()
        self._told = self._began
        seed = Random(self._seed).randrange(2**32)
        self._provider = Service(subject, seed)
        self._place = Place(
            root=root,
            environ=folder.secrets(subject),
            subject=subject,
            log=root / "workers.log",
        )

    def run(self) -> Outcome:
        """Send everything, and compare."""
        try:
            folder.make(
                self._root,
                self._given,
                self._subject,
                self._provider.url,
                database=self._database,
            )
            self._prepare()
            with self._crew() as crew:
                done = self._wait(crew, self._nothing_waits, _START + self._expected / _SLOWEST)
                self._provider.ask("calm")
                crew.calm()
                done &= self._wait(crew, self._all_is_settled, _CALM)
                self._wait(crew, lambda: False, LATE + LAG)  # nothing more may come
            return self._compare(crew.counts, unsettled=not done)
        finally:
            self._provider.close()

    def _prepare(self) -> None:
        pid = worker.fork(self._place, partial(worker.prepare, self._root))
        _, status = os.waitpid(pid, 0)
        if status:
            raise RuntimeError(f"the project cannot be used; the reason is in {self._place.log}")
        soon = timedelta(seconds=1 + self._given.people / 2500)
        folder.add_issue(self._root, datetime.now(UTC) + soon)

    @contextmanager
    def _crew(self) -> Iterator[Crew]:
        """Start the workers, and pages where events are posted to."""
        starts: list[Start] = [self._send] * self._given.workers
        if self._given.jobs:
            starts = [self._clock, *[self._work] * self._given.workers]
        if self._subject.name == "events":
            port = _free_port()
            starts.append(partial(self._serve, port))
            self._provider.ask(f"tell http://127.0.0.1:{port}/hooks/postmark")
        rng = Random(f"{self._seed}:crew")
        crew = Crew(
            starts,
            rng,
            kill_every=self._given.kill_every,
            restart=self._cluster.restart if self._cluster else lambda: None,
            restart_every=self._given.restart_every,
        )
        try:
            yield crew
        finally:
            crew.close()

    def _send(self, number: int, peaceful: bool) -> int:
        mischief = self._mischief(number, peaceful)
        return worker.fork(self._place, partial(worker.passes, self._root, mischief))

    def _work(self, number: int, peaceful: bool) -> int:
        mischief = self._mischief(number, peaceful)
        return worker.fork(self._place, partial(worker.jobs, self._root, mischief))

    def _clock(self, _number: int, _peaceful: bool) -> int:
        return worker.fork(self._place, partial(worker.passes, self._root, None))

    def _mischief(self, number: int, peaceful: bool) -> Mischief | None:
        share = self._given.step_kills
        return None if peaceful else Mischief(f"{self._seed}:{number}", share, share / 2)

    def _serve(self, port: int, _number: int, _peaceful: bool) -> int:
        return worker.fork(self._place, partial(worker.pages, self._root, port))

    def _wait(self, crew: Crew, is_over: Callable[[], bool], seconds: float) -> bool:
        """Look after the crew until something is so; False if it does not come to pass."""
        until, look_at = time.monotonic() + seconds, 0.0
        while (now := time.monotonic()) < until:
            crew.turn()
            if now >= look_at:
                if is_over():
                    return True
                look_at = time.monotonic() + _LOOK
            if now - self._told >= _TELL:
                self._told = now
                self._tell(crew)
            time.sleep(0.01)
        return False

    def _nothing_waits(self) -> bool:
        counts = self._counts()
        return counts.owed >= self._expected and not counts.pending

    def _all_is_settled(self) -> bool:
        """Tell whether nothing can change any more but by somebody's word."""
        if not self._nothing_waits():
            return False
        if self._subject.settles:
            return not self._counts().unknown
        return not self._provider.ask("count")["untold"]

    def _counts(self) -> Counts:
        with _opened(self._database, self._root) as store:
            return books.summary(store)

    def _tell(self, crew: Crew) -> None:
        """Print a line of progress."""
        seen, counts = self._provider.ask("count"), self._counts()
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        faults = sum(seen["faults"].values())
        kills = crew.counts["killed"] + crew.counts["died"]
        sys.stdout.write(
            f"{minutes:02d}:{seconds:02d} {self._name}: {seen['distinct']:,} of "
            f"{self._expected:,} accepted, {seen['repeated']:,} twice, {counts.pending:,} waiting, "
            f"{counts.unknown:,} unknown; {faults:,} faults in {seen['requests']:,} requests; "
            f"{kills} kills, {crew.counts['stopped']} stops\n"
        )
        sys.stdout.flush()

    def _compare(self, crew: Counter[str], *, unsettled: bool) -> Outcome:
        """Compare the ledger, and what ``bypost status`` says, with the provider's log."""
        truth, seen = self._provider.ask("truth"), self._provider.ask("count")
        with _opened(self._database, self._root) as store:
            rows = books.rows(store)
        verdict = books.compare(
            rows,
            self._status(),
            truth["accepted"],
            frozenset(truth["told"]),
            expected=self._expected,
        )
        return Outcome(
            verdict=verdict,
            rounds=1,
            deliveries=self._expected,
            seconds=time.monotonic() - self._began,
            requests=seen["requests"],
            crew=crew,
            faults=Counter(seen["faults"]),
            told=len(truth["told"]),
            unsettled=int(unsettled),
        )

    def _status(self) -> Counts:
        done = subprocess.run(
            [sys.executable, "-m", "bypost", "status", "--json", "--project", str(self._root)],
            cwd=CHECKOUT,
            env={**os.environ, **self._place.environ},
            capture_output=True,
            check=False,
        )
        told: Mapping[str, int] = json.loads(done.stdout)
        return Counts(**{name: told[name] for name in Counts.__slots__})


@contextmanager
def _opened(database: str, root: Path) -> Iterator[Store]:
    """Open the database for a look; nothing stays open when a worker is forked."""
    store = Store(database, root=root)
    try:
        yield store
    finally:
        store.close()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
