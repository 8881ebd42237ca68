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
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from bypost.content.loader import load_project_content
from bypost.model.content import Content, Template
from bypost.render.compile import Compiler
from bypost.render.split import template_source
from tests.bench.environment import NotInstalled, python_with
from tests.bench.fast_sink import count, fast_sink, note
from tests.bench.figure import Figure
from tests.bench.providers import PEOPLE, Sent, filled, send
from tests.bench.rendering import SENDER, values
from tests.bench.sink import SERVICES, Service
from tests.conftest import CHECKOUT

_RUNS = Path(__file__).with_name("peer_runs")
#: What differs between people in what a peer is given; the rest is the same for all there.
_OWN = re.compile(r"subscriber\.name|links\.\w+")
#: SendGrid takes so many in a request; without more words ours are 100 (``batch_without_key``).
_BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Somebody else's way to send.

    Attributes:
        title: What it is, with its version.
        does: What a reader has to know of the comparison.
        needs: What its process needs, pinned on 2026-11-24.
        service: What the sink is for it; the json module writes a blank after each colon.
        beside: Our provider for mails of the same form.
        tags: What is somebody's own -> how that is written in its templates; None where they are
            Jinja's. What has no tag is the same for all.
        goal: How many times as fast ours has to be; None where nothing is promised.
    """

    name: str
    title: str
    does: str
    needs: tuple[str, ...]
    service: Service
    beside: str
    tags: Mapping[str, str] | None
    goal: float | None = None


PEERS = (
    Peer(
        name="anymail",
        title="django-anymail 15.2, merge_data",
        does="1,000 people in a SendGrid request over one connection; no ledger, no List-Unsubscribe",
        needs=("django-anymail==15.2", "django==5.2.19", "requests==2.34.2"),
        service=replace(SERVICES["sendgrid"], mark=b'"to": ['),
        beside="sendgrid",
        tags={
            "subscriber.name": "-name-",
            "links.leave": "-leave-",
            "links.progress": "-progress-",
        },
        goal=5.0,
    ),
    Peer(
        name="museletter",
        title="museletter 1.5.0",
        does="its sender over its SQLite ledger, one call a mail, no limit of rate; no server",
        needs=("museletter==1.5.0", "httpx==0.28.1", "aiosqlite==0.22.1"),
        service=Service(
            b'"to": "',
            lambda ids: {"success": True, "errors": [], "result": {"message_id": ids[0]}},
        ),
        beside="postmark",
        tags={"subscriber.name": "{{name|Hello}}"},
        goal=25.0,
    ),
    Peer(
        name="loop",
        title="compiled Jinja 3.1.6 with requests.Session",
        does="one call a mail; no ledger, no List-Unsubscribe",
        needs=("jinja2==3.1.6", "requests==2.34.2"),
        service=replace(SERVICES["postmark"], mark=b'"To": "'),
        beside="postmark",
        tags=None,
    ),
)


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
        root = filled(Path(folder), people)
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
        command = [python, "-I", _RUNS / f"by_{peer.name}.py", given]
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
    lesson = _lesson()
    return {
        "url": url,
        "seconds": seconds,
        "from": SENDER.email,
        "names": PEOPLE,
        "values": values(0),
        "subject": _written(lesson.subject, peer.tags, escaped=False),
        "html": _written(lesson.html, peer.tags, escaped=True),
        "text": _written(lesson.text, peer.tags, escaped=False),
    }


def _lesson() -> Content:
    course = load_project_content(CHECKOUT).courses[0]
    compiler = Compiler(CHECKOUT, sender=SENDER, base_url="https://x.example")
    return compiler.lesson(course, course.lessons[0])


def _written(part: Template, tags: Mapping[str, str] | None, *, escaped: bool) -> str:
    """Return a part of the lesson as a template with these tags."""
    if tags is None:
        return template_source(part)
    jinja = Environment(autoescape=escaped, undefined=StrictUndefined)

    def slot(source: str) -> str:
        own = _OWN.search(source)
        return (own and tags.get(own[0])) or jinja.from_string(source).render(values(0))

    return "".join(it if isinstance(it, str) else slot(it.source) for it in part.parts)


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
