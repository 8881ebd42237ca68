"""Workers in processes of their own over a real PostgreSQL, and what a provider has seen of it."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from bypost.cluster import prepare
from bypost.store import Store, migrate
from bypost.testing import fault
from bypost.testing.fake_resend import FakeResend
from tests.acceptance.sends import Sends, accepted, each_once, eventually, finish, lines, stop
from tests.conftest import write_course, write_people
from tests.forks.child import Process
from tests.postgres.cluster import Cluster

PEOPLE = 400
HERE = Path(__file__).parent
#: Steps of a worker's batch, in their order.
STEPS = ("leased", "built", "intended", "answered", "recorded")
SHORT = {
    "BYPOST_SENDING__ENGINE": "procrastinate",
    "BYPOST_SENDING__TICK_SECONDS": "0.3",
    "BYPOST_SENDING__LEASE_SECONDS": "4",
    "BYPOST_SENDING__TIMEOUT_SECONDS": "2",
    "BYPOST_SENDING__RETRY_SECONDS": "0.2",
    "BYPOST_SITE__SECRET_KEYS": "a key of links",
    "BYPOST_SITE__ADDRESS_KEY": "a key of addresses, long enough for it",
}
#: What a worker writes of a batch; the clock counts it up later.
WRITTEN = (
    "SELECT id, state, fence, attempts, accepted, accepted_at, lease_until, detail FROM batches"
)

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("workers")]


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A server that these tests may stop; what it has committed is on its disk."""
    server = Cluster(durable=True)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def template(server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    name = server.make()
    store = Store(server.url(name), root=tmp_path_factory.mktemp("workers"))
    migrate.upgrade(store)
    prepare(store)
    store.close()
    return name


@dataclass
class Yard:
    """A project, its database, and the processes that work on it."""

    sends: Sends
    url: str

    def clock(self) -> Process:
        """Start passes that go on."""
        return self.sends.forever()

    def worker(self, *words: str) -> Process:
        """Start a worker."""
        return self.sends.start("-m", "bypost", "worker", *(words or ("--concurrency", "2")))

    def worker_at(self, how: signal.Signals, label: str) -> Process:
        """Start a worker that sends itself a signal at a step."""
        script = str(HERE / "die_at.py")
        return self.sends.start(script, how.name, label, "1", "worker", "--concurrency", "1")

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Return what the database answers."""
        store = Store(self.url, root=self.sends.root)
        with store.read() as connection:
            found = [dict(row) for row in connection.execute(text(sql)).mappings()]
        store.close()
        return found

    def is_settled(self, people: int) -> bool:
        """Tell whether so many are written down as accepted, and nothing is open."""
        row = self.ask(
            "SELECT coalesce(sum(accepted), 0) AS done,"
            " count(*) FILTER (WHERE state <> 'settled') AS open FROM batches"
        )[0]
        return bool(row["done"] == people and not row["open"])


@pytest.fixture
def make_yard(
    server: Cluster, template: str, empty_project: Path, sending: Callable[..., Sends]
) -> Iterator[Callable[[str, int], Yard]]:
    """Make a project with so many people that sends to a Resend at an address."""
    names: list[str] = []
    made: list[Yard] = []

    def make(provider: str, people: int) -> Yard:
        write_course(empty_project, delays=("at once", "1 day"))
        rows = (f"p{i}@example.org,Person {i},UTC" for i in range(people))
        write_people(empty_project, *rows)
        names.append(server.make(template=template))
        url = make_url(server.url(names[0])).render_as_string(hide_password=False)
        environ = {**SHORT, "BYPOST_DATABASE__URL": url}
        made.append(Yard(sending(empty_project, "resend", provider, **environ), url))
        return made[0]

    yield make
    for yard in made:
        yard.sends.__exit__()  # nobody may be connected any more
    for name in names:
        server.drop(name)


@pytest.fixture
def resend() -> Iterator[FakeResend]:
    with FakeResend() as fake:
        yield fake


def is_frozen(process: Process) -> bool:
    found = subprocess.run(
        ["ps", "-o", "state=", "-p", str(process.pid)], capture_output=True, check=False
    )
    return found.stdout.startswith(b"T")


def test_killed_at_every_step_with_two_clocks_and_a_database_that_crashes_everybody_has_one(
    make_yard: Callable[[str, int], Yard], server: Cluster, fake_resend: str, log: Path
) -> None:
    yard = make_yard(fake_resend, PEOPLE)
    clocks = [yard.clock(), yard.clock()]
    dying = [yard.worker_at(signal.SIGKILL, label) for label in STEPS]
    assert [finish(one, 60) for one in dying] == [-signal.SIGKILL] * len(STEPS)
    workers = [yard.worker(), yard.worker()]
    eventually(lambda: lines(log) > PEOPLE * 0.3)
    server.restart()
    eventually(lambda: lines(log) > PEOPLE * 0.5)
    workers[0].kill()
    assert finish(workers[0]) == -signal.SIGKILL
    workers[0] = yard.worker()
    eventually(lambda: yard.is_settled(PEOPLE), 60)
    each_once([to for _, to in accepted(log)], PEOPLE)
    stop([*workers, *clocks])
    assert {row["stopped_at"] is None for row in yard.ask("SELECT * FROM workers")} == {True, False}


@pytest.mark.parametrize("label", ["intended", "answered"])
def test_a_worker_that_stood_still_past_its_lease_neither_sends_nor_writes(
    make_yard: Callable[[str, int], Yard], resend: FakeResend, label: str
) -> None:
    yard = make_yard(resend.url, 5)
    clock, frozen = yard.clock(), yard.worker_at(signal.SIGSTOP, label)
    eventually(lambda: is_frozen(frozen))
    other = yard.worker()
    eventually(lambda: yard.is_settled(5))
    requests = len(resend.requests)
    before = yard.ask(WRITTEN)
    frozen.send_signal(signal.SIGCONT)
    # It goes on as a worker among others: the next day's lesson is owed to nobody yet.
    alive = "SELECT count(*) AS n FROM workers WHERE stopped_at IS NULL AND seen_at > started_at"
    eventually(lambda: yard.ask(alive)[0]["n"] == 2)
    stop([frozen, other, clock])
    assert yard.ask(WRITTEN) == before
    assert len(resend.requests) == requests
    assert sorted(resend.accepted.values()) == [1] * 5


def test_told_to_stop_a_worker_finishes_what_it_has_in_hand_and_begins_nothing(
    make_yard: Callable[[str, int], Yard], resend: FakeResend
) -> None:
    resend.script.add(*[fault.slow(1.0)] * 2)
    yard = make_yard(resend.url, 100)
    clock, worker = yard.clock(), yard.worker()
    eventually(lambda: len(resend.requests) >= 2)
    worker.send_signal(signal.SIGTERM)
    assert finish(worker, 20) == 0
    stop([clock])
    states = [row["state"] for row in yard.ask("SELECT state FROM batches")]
    assert set(states) == {"settled", "pending"}
    assert states.count("settled") == len(resend.requests) < len(states)
    assert {row["outcome"] for row in yard.ask("SELECT outcome FROM attempts")} == {"accepted"}


def test_told_twice_a_worker_leaves_at_once(make_yard: Callable[[str, int], Yard]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes requests and never answers
        yard = make_yard(f"http://127.0.0.1:{mute.getsockname()[1]}", 5)
        clock, worker = yard.clock(), yard.worker()
        sent = "SELECT count(*) AS n FROM batches WHERE state = 'sending'"
        eventually(lambda: yard.ask(sent)[0]["n"] == 1)
        worker.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert finish(worker, 1.5) == 130
        clock.kill()


def test_a_worker_waits_for_its_database_and_gives_up_in_the_end(
    make_yard: Callable[[str, int], Yard], server: Cluster, resend: FakeResend
) -> None:
    yard = make_yard(resend.url, 5)
    patient, brief = yard.worker(), yard.sends.start(str(HERE / "give_up.py"))
    eventually(lambda: yard.ask("SELECT count(*) AS n FROM workers")[0]["n"] == 2)
    server.halt()
    try:
        _, said = brief.communicate(timeout=30)
        assert brief.returncode == 1
        assert b"giving up" in said
        assert b"Traceback" not in said
        assert patient.poll() is None
    finally:
        server.resume()
    clock = yard.clock()
    eventually(lambda: yard.is_settled(5))
    stop([patient, clock])


def test_a_worker_refuses_a_database_that_belongs_elsewhere(
    make_yard: Callable[[str, int], Yard], resend: FakeResend
) -> None:
    yard = make_yard(resend.url, 5)
    code, _ = yard.sends.once()
    assert code == 0
    (yard.sends.root / "var" / "instance").unlink()
    worker = yard.worker()
    _, said = worker.communicate(timeout=30)
    assert worker.returncode == 2
    assert b"copied, moved or restored" in said
    assert not resend.requests
