"""One lesson to many people through each email service: the whole engine, and its memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tests.bench.bodies import NAMES
from tests.bench.crowd import crowd
from tests.bench.fast_sink import count, fast_sink, note
from tests.bench.figure import Figure
from tests.bench.one_pass import Took, one_pass, settings_of
from tests.bench.rounds import compared, measured
from tests.bench.sink import SERVICES, Taken

METHOD = """\
The first lesson of the shipped course through each adapter. A database that knows the people
already (SQLite, `synchronous=FULL`) is copied for each; one pass owes, renders, sends and records,
in a process of its own. What it sends goes to a sink in another process on loopback, which answers
as the service does and reads no more of a request than how many mails are in it. **No pace is
kept**: `per_second` and quotas count for nothing here, so these are the limits of this side. A
service takes fewer; see [its row](providers/README.md).

Without an idempotency key at most `batch_without_key = 100` go in one request. SES, Mailgun and
SendGrid are told a lesson once for each request, with what is each person's own beside it. Memory
follows the requests on their way at once (`sending.threads`, 8), not the people: its ratio is to a
pass over a tenth of them. The outbox writes and flushes a file for each mail. SMTP is for catchers
on this machine and is not measured."""


def figures(people: int = 50_000, names: Sequence[str] = NAMES) -> list[Figure]:
    """Return rate, time of the processor and memory for each service; one round."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as folder:
        many, few = (crowd(Path(folder), size) for size in (people, people // 10))
        for name in names:
            small, _ = send(few, name)
            sent, came = send(many, name)
            assert came.mails in (people, 0), came
            found += _of(name, sent, small, came)
    return found


def _of(name: str, sent: Took, small: Took, came: Taken) -> Iterator[Figure]:
    told = []
    if came.requests:
        each = f"{came.bytes / came.mails:,.0f} bytes each"
        told = [f"{came.requests:,} requests, {came.mails / came.requests:,.0f} in one, {each}"]
        told += filter(None, [note()])
    key = f"providers.{name}"
    yield measured(f"{key}.rate", name, "people/s", [sent.rate], note="; ".join(told))
    cpu = 1e6 * sent.cpu / sent.people
    yield measured(f"{key}.cpu", f"{name}: processor", "µs a person", [cpu], at_most=True)
    to = "a tenth of the people"
    yield compared(
        f"{key}.memory", f"{name}: memory", "MB", [sent.peak], [small.peak], to, at_most=True
    )


def send(
    root: Path,
    name: str,
    start: Callable[[str], AbstractContextManager[str]] = fast_sink,
    **settings: str,
) -> tuple[Took, Taken]:
    """Send to everybody through one service, in a process of its own.

    Args:
        start: Starts the service.
        settings: More of the project's, as they stand in the environment.
    """
    with start(name) if name in SERVICES else nullcontext("") as url:
        took = one_pass(root, {**settings_of(name, url), **settings})
        return took, count(url) if url else Taken()
