"""One pass over a copy of a crowd's database, in a process of its own, and what it took.

No pace holds it back: ``per_second`` and quotas count for nothing here. Owing, claiming, rendering,
sending and recording are all in it; starting the process and reading people from a file are not.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, event

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.model.bulk import Bulk
from bypost.model.message import Events, Message, Result
from bypost.project import open_project
from bypost.providers.base import Provider
from bypost.providers.checked import Checked
from tests.bench.crowd import BEGIN, CHECKOUT
from tests.bench.process import of_process

#: Stands where a service is named: a provider in the process that accepts at once.
INSTANT = "instant"
_OWN = {
    "mailgun": {"DOMAIN": "mg.example.org", "API_KEY": "key-of-nobody"},
    "mailjet": {"API_KEY": "key-of-nobody", "SECRET_KEY": "secret-of-nobody"},
    "ses": {"ACCESS_KEY_ID": "AKIAOFNOBODY", "SECRET_ACCESS_KEY": "secret-of-nobody"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What a pass took.

    Attributes:
        people: Who were sent to.
        seconds: Of the wall clock.
        cpu: Seconds of the processor, of all threads.
        peak: The most memory of the process, in MB.
        requests: To the provider.
        bytes: Of their bodies.
        commits: Transactions of the database.
        written: Bytes written to files.
    """

    people: int
    seconds: float
    cpu: float
    peak: float
    requests: int
    bytes: int
    commits: int
    written: int

    @property
    def rate(self) -> float:
        """Return people a second."""
        return self.people / self.seconds


class Instant(Provider):
    """Takes everything at once, in this process; its bodies are empty."""

    name = INSTANT
    send_class = Events()
    batch_size = 1000
    max_bytes = 1
    checked = Checked(description="", pages="", on=datetime(2026, 11, 24, tzinfo=UTC).date())

    def encode(self, messages: Sequence[Message]) -> bytes:
        """Return nothing."""
        return b""

    def encode_bulk(self, bulk: Bulk) -> bytes:
        """Return nothing, and write no message out."""
        return b""

    def send(self, body: bytes, *, count: int, key: str) -> Sequence[Result]:
        """Accept all of it."""
        return [Result(accepted=True, provider_id=key)] * count


def settings_of(name: str, url: str) -> dict[str, str]:
    """Return the settings of a service at ``url``, as they stand in the environment."""
    settings = {"BYPOST_SENDING__PROVIDER": name}
    if url:
        own = {"BASE_URL": url, **_OWN.get(name, {"API_KEY": "key-of-nobody"})}
        settings |= {f"BYPOST_PROVIDERS__{name.upper()}__{key}": own[key] for key in own}
    return settings


def one_pass(root: Path, environ: Mapping[str, str], *, keep: Path | None = None) -> Took:
    """Send what is due to a crowd, from a fresh copy of its database.

    Args:
        environ: Settings beside the project's.
        keep: Where the database goes afterwards; None: nowhere.
    """
    (root / "var").mkdir(exist_ok=True)
    shutil.copy(root / BEGIN, root / "var" / "bypost.db")
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.one_pass", str(root)],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **environ},
        check=True,
        stdout=subprocess.PIPE,
    )
    if keep is not None:
        (root / "var" / "bypost.db").rename(keep)
    for left in ("var/bypost.db", "var/bypost.db-wal", "var/bypost.db-shm"):
        (root / left).unlink(missing_ok=True)
    shutil.rmtree(root / "var" / "outbox", ignore_errors=True)
    return Took(**json.loads(done.stdout))


@contextmanager
def _requests(provider: Provider) -> Iterator[list[int]]:
    """Gather the lengths of the bodies that are sent within the block."""
    seen: list[int] = []
    send = provider.send

    def noting(body: bytes, *, count: int, key: str) -> Sequence[Result]:
        seen.append(len(body))
        return send(body, count=count, key=key)

    provider.send = noting  # type: ignore[method-assign]
    yield seen


@contextmanager
def _commits() -> Iterator[list[None]]:
    """Gather the commits within the block."""
    seen: list[None] = []

    def note(_: object) -> None:
        seen.append(None)

    event.listen(Engine, "commit", note)
    yield seen
    event.remove(Engine, "commit", note)


def _run(context: Context) -> Took:
    run = Pass(context, csv=False)
    owed = run.status().total.owed
    assert owed == 0
    written = of_process("io", "wchar")
    with _requests(context.provider) as requests, _commits() as commits:
        wall, cpu = time.perf_counter(), time.process_time()
        report = run.run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert report.total.accepted == report.total.owed > 0, report
    return Took(
        people=report.total.accepted,
        seconds=wall,
        cpu=cpu,
        peak=of_process("status", "VmHWM") / 1024,
        requests=len(requests),
        bytes=sum(requests),
        commits=len(commits),
        written=of_process("io", "wchar") - written,
    )


def main() -> None:
    """Send what is due in a project, and print what it took."""
    instant = os.environ.get("BYPOST_SENDING__PROVIDER") == INSTANT
    if instant:
        os.environ["BYPOST_SENDING__PROVIDER"] = "outbox"
    with open_project(Path(sys.argv[1])) as opened:
        context = replace(opened, guarded=False, rates={})  # a copy; and without paces
        if instant:
            context = replace(context, providers={INSTANT: Instant()})
        sys.stdout.write(json.dumps(asdict(_run(context))))


if __name__ == "__main__":
    main()
