"""Others who send the shipped course's first lesson, beside ours, into the same fast sink.

    python -m tests.bench.peers [--people 50000] [--seconds 3] [--rounds 5]

Ours is the whole pass: who is due is asked of a database that knows them, and each mail is owed,
bound to its request, sent and recorded with ``synchronous=FULL``. A peer does what it does: see its
``does``. Each runs in a process of its own, in an environment that the bench installs once; where
that cannot be, the figure says so. Rounds alternate, and a ratio is of one round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench.crowd import NAMES, crowd
from tests.bench.environment import NotInstalled, python_with
from tests.bench.fast_sink import count, fast_sink, note
from tests.bench.figure import Figure
from tests.bench.notation import lesson, written
from tests.bench.peer import PEERS, Peer
from tests.bench.providers import send
from tests.bench.rendering import SENDER, values

_RUNS = Path(__file__).with_name("peer_runs")
#: SendGrid takes so many in a request; without more words ours are 100 (``batch_without_key``).
_BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What so many mails took: seconds of the clock, and of the processor."""

    mails: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Return people a second."""
        return self.mails / self.seconds

    @property
    def cost(self) -> float:
        """Return µs of the processor for each mail."""
        return 1e6 * self.cpu / self.mails


def figures(people: int = 50_000, seconds: float = 3.0, rounds: int = 5) -> list[Figure]:
    """Send as each does, and return how many times as fast ours is.

    Args:
        people: Who is sent to in each run of ours.
        seconds: How long a peer sends in each run of it.
        rounds: How often everything runs.
    """
    pythons, missing = _installed()
    ours: dict[str, list[Run]] = {peer.beside: [] for peer in PEERS}
    theirs: dict[str, list[Run]] = {peer.name: [] for peer in PEERS}
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as folder:
        root = crowd(Path(folder), people)
        for _ in range(rounds):
            for name, runs in ours.items():
                runs.append(_own_run(root, name, people))
            for peer in PEERS:
                if python := pythons.get(peer.name):
                    theirs[peer.name].append(run(peer, python, seconds))
    found = (
        compared(peer, ours[peer.beside], theirs[peer.name], missing.get(peer.name, ""))
        for peer in PEERS
    )
    return [figure for pair in found for figure in pair]


def compared(
    peer: Peer, ours: Sequence[Run], theirs: Sequence[Run], missing: str = ""
) -> list[Figure]:
    """Return the figures of a peer: people a second, and time of the processor for each.

    Args:
        missing: Why there are no runs of it; then there is no ratio and nothing to reach.
    """
    key, through = f"peers.{peer.name}", f"the whole pass through {peer.beside}"
    rate = Figure(
        key=key,
        what=f"{through}, beside {peer.title}",
        value=statistics.median(one.rate for one in ours),
        unit="people/s",
        runs=len(ours),
        note="; ".join(filter(None, (peer.does, note()))),
    )
    cost = replace(
        rate,
        key=f"{key}.cpu",
        what=f"time of the processor for each mail: {rate.what}",
        value=statistics.median(one.cost for one in ours),
        unit="µs",
        at_most=True,
    )
    if missing:
        words = f"{peer.title} could not be installed: {missing}"
        return [replace(one, note=words) for one in (rate, cost)]
    rate_of_theirs = statistics.median(one.rate for one in theirs)
    cost_of_theirs = statistics.median(one.cost for one in theirs)
    return [
        _with_ratios(
            replace(rate, to=f"its {rate_of_theirs:,.0f} people/s", goal=peer.goal),
            [one.rate / other.rate for one, other in zip(ours, theirs, strict=True)],
        ),
        _with_ratios(
            replace(cost, to=f"its {cost_of_theirs:,.0f} µs"),
            [one.cost / other.cost for one, other in zip(ours, theirs, strict=True)],
        ),
    ]


def run(peer: Peer, python: Path, seconds: float) -> Run:
    """Let a peer send for so long, and see that what it says it sent has come."""
    with fast_sink(peer.service) as url, tempfile.TemporaryDirectory() as folder:
        given = Path(folder, "given.json")
        given.write_text(json.dumps(_given(peer, url, seconds)), encoding="utf-8")
        # Isolated: neither our packages nor those of whoever runs the bench are theirs.
        command = [str(python), "-I", str(_RUNS / f"by_{peer.name}.py"), str(given)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        took = Run(**json.loads(done.stdout))
        came = count(url)
    if came.mails != took.mails:
        raise RuntimeError(f"{peer.title}: {took.mails} mails sent, and {came.mails} came")
    return took


def _own_run(root: Path, name: str, people: int) -> Run:
    """Let ours send to everybody once."""
    most = {"BYPOST_SENDING__BATCH_WITHOUT_KEY": str(_BATCH)}
    sent, came = send(root, name, fast_sink, **most)
    if came.mails != people:
        raise RuntimeError(f"{name}: {people} people, and {came.mails} mails came")
    return Run(mails=people, seconds=sent.seconds, cpu=sent.cpu)


def _installed() -> tuple[dict[str, Path], dict[str, str]]:
    """Return the Python of each peer, and why the others have none, by name."""
    pythons: dict[str, Path] = {}
    missing: dict[str, str] = {}
    for peer in PEERS:
        try:
            pythons[peer.name] = python_with(*peer.needs)
        except NotInstalled as error:
            missing[peer.name] = str(error)
    return pythons, missing


def _with_ratios(figure: Figure, ratios: Sequence[float]) -> Figure:
    return replace(figure, ratio=statistics.median(ratios), low=min(ratios), high=max(ratios))


def _given(peer: Peer, url: str, seconds: float) -> dict[str, object]:
    """Return what a peer's process is told: where to, how long, and the lesson in its notation."""
    mail = lesson()
    return {
        "url": url,
        "seconds": seconds,
        "from": SENDER.email,
        "names": NAMES,
        "values": values(0),
        "subject": written(mail.subject, peer.tags, escaped=False),
        "html": written(mail.html, peer.tags, escaped=True),
        "text": written(mail.text, peer.tags, escaped=False),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    for one in figures(**vars(parser.parse_args())):
        ratio = "" if one.ratio is None else f"{one.ratio:.2f} ({one.low:.2f}-{one.high:.2f})"
        words = (one.key, f"{one.value:,.0f} {one.unit}", ratio, one.to, one.note)
        sys.stdout.write("\t".join(words) + "\n")


if __name__ == "__main__":
    main()
