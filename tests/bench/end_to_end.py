"""End to end: one lesson to very many people through a service with variables, and its floors."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.crowd import crowd
from tests.bench.fast_sink import fast_sink as service
from tests.bench.figure import Figure
from tests.bench.machine import flushes
from tests.bench.one_pass import INSTANT, Took, one_pass, settings_of
from tests.bench.rounds import ROUNDS, compared, measured

METHOD = """\
The first lesson of the shipped course to people whom the database knows (SQLite,
`synchronous=FULL`), through the adapter of SendGrid to a sink on loopback that answers at once; no
pace is kept. One pass in a process of its own owes, claims, personalises, posts and records. In
requests of 1,000 (`sending.batch_without_key = 1000`) and of 100, which is the default: without an
idempotency key that many are unknown when an answer is lost.

The floors, in the same round: *ledger alone* is the same pass to a provider in the process that
accepts at once, with empty bodies; *the bytes* are as many requests with as many bytes from one
raw socket to the same sink; *the flushes* are as many appends with `fdatasync` as the pass made
transactions, each with its share of the bytes that it wrote to files. *latency* is a sink that
answers after 100 ms, at 8 threads (`sending.threads`)."""

_NAME = "sendgrid"
_LATENCY_MS = 100
#: People up to whom there are several rounds.
_MANY = 100_000
_RATE, _MEMORY, _GROWTH, _COST, _LATENCY = 30_000, 170, 1.3, 1.5, 0.85
#: How much smaller the crowds are that memory and cost are compared with.
_SMALL, _FEW = 5, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round found.

    Attributes:
        large: In requests of 1,000.
        usual: In requests of 100.
        ledger: Without HTTP and bodies.
        late: In requests of 1,000, each answered late.
        wire: Seconds for the bytes alone.
        disk: Seconds for the flushes alone.
    """

    large: Took
    usual: Took
    ledger: Took
    late: Took
    wire: float
    disk: float


def figures(people: int = 1_000_000) -> list[Figure]:
    """Return all of it; one round where there are very many people."""
    count = 1 if people > _MANY else 3
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as name:
        parent = Path(name)
        root = crowd(parent, people)
        rounds = [_round(root) for _ in range(count)]
        small = [_pass(crowd(parent, people // _SMALL))]
        few = crowd(parent, people // _FEW)
        costs = [_pass(few) for _ in range(ROUNDS)]
    return [*_rates(rounds), *_sizes(rounds, small, costs)]


def _round(root: Path) -> Round:
    with service(_NAME) as url:
        large = one_pass(root, _settings(url, 1000))
        wire = _post(url, large.requests, large.bytes // large.requests)
        usual = one_pass(root, _settings(url, 100))
    with service(_NAME, _LATENCY_MS) as url:
        late = one_pass(root, _settings(url, 1000))
    ledger = one_pass(root, _settings("", 1000, INSTANT))
    disk = sum(flushes(large.commits, large.written // large.commits, root))
    return Round(large=large, usual=usual, ledger=ledger, late=late, wire=wire, disk=disk)


def _pass(root: Path) -> Took:
    with service(_NAME) as url:
        return one_pass(root, _settings(url, 1000))


def _settings(url: str, batch: int, name: str = _NAME) -> Mapping[str, str]:
    return {**settings_of(name, url), "BYPOST_SENDING__BATCH_WITHOUT_KEY": str(batch)}


def _rates(rounds: Sequence[Round]) -> list[Figure]:
    large, ledger = ([getattr(one, name).seconds for one in rounds] for name in ("large", "ledger"))
    rates = [one.large.rate for one in rounds]
    took = rounds[-1].large
    each = f"{took.bytes / took.people:,.0f} bytes and {1e6 * took.cpu / took.people:.0f} µs each"
    told = f"{took.requests:,} requests, {took.commits:,} transactions; {each} of the processor"
    usual = [one.usual.rate for one in rounds]
    late = [one.late.rate for one in rounds]
    return [
        measured("end.rate", "1,000 in a request", "people/s", rates, goal=_RATE, note=told),
        compared("end.rate_100", "100 in a request", "people/s", usual, rates, "1,000 in one"),
        compared(
            "end.ledger",
            "1,000 in a request, by the clock",
            "s",
            large,
            ledger,
            "the ledger alone",
            at_most=True,
        ),
        compared(
            "end.wire",
            "1,000 in a request, by the clock",
            "s",
            large,
            [one.wire for one in rounds],
            "the bytes",
            at_most=True,
        ),
        compared(
            "end.disk",
            "1,000 in a request, by the clock",
            "s",
            large,
            [one.disk for one in rounds],
            "the flushes",
            at_most=True,
        ),
        compared(
            "end.latency",
            "answers after 100 ms, 8 threads",
            "people/s",
            late,
            rates,
            "answers at once",
            goal=_LATENCY,
        ),
    ]


def _sizes(rounds: Sequence[Round], small: Sequence[Took], few: Sequence[Took]) -> list[Figure]:
    """Return what must not grow with the people: memory, and the cost of each."""
    took = rounds[0].large
    peaks = [one.large.peak for one in rounds]
    fewer = f"{small[0].people:,} people"
    costs = [1e6 * one.seconds / one.people for one in few]
    now = [1e6 * took.seconds / took.people] * len(costs)
    return [
        measured("end.memory", "memory at most", "MB", peaks, goal=_MEMORY, at_most=True),
        compared(
            "end.growth",
            "memory at most, to fewer people",
            "MB",
            [max(peaks)],
            [small[0].peak],
            fewer,
            goal=_GROWTH,
            at_most=True,
        ),
        compared(
            "end.cost",
            "cost of each person",
            "µs",
            now,
            costs,
            f"{few[0].people:,} people",
            goal=_COST,
            at_most=True,
            note="by the clock, with what a pass costs however few they are",
        ),
    ]


def _post(url: str, requests: int, size: int) -> float:
    """Return the seconds for posting so many bodies of ``size`` bytes from one raw socket."""
    place = urlsplit(url)
    head = f"POST /v3/mail/send HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
    request = head + bytes(size)
    with socket.create_connection((place.hostname, place.port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        for _ in range(requests):
            line.sendall(request)
            answer = line.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 2"), answer
        return time.perf_counter() - began
