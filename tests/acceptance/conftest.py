"""A provider in a process of its own: it outlives every kill and holds the truth."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.acceptance.sends import Sends


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Name the file to which the provider writes what it accepts."""
    return tmp_path / "accepted.jsonl"


@contextmanager
def _fake(name: str, log: Path) -> Iterator[str]:
    """Start a service in a process of its own and yield its address."""
    options = ["--log", str(log), "--latency", "0.05"]
    process = subprocess.Popen(
        [sys.executable, "-m", f"bypost.testing.fake_{name}", *options], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    yield process.stdout.readline().decode().strip()
    process.terminate()
    process.communicate(timeout=10)


@pytest.fixture
def fake_resend(log: Path) -> Iterator[str]:
    """Start a Resend, which remembers keys, and return its address."""
    with _fake("resend", log) as url:
        yield url


@pytest.fixture
def fake_postmark(log: Path) -> Iterator[str]:
    """Start a Postmark, which accepts what comes twice twice, and return its address."""
    with _fake("postmark", log) as url:
        yield url


@pytest.fixture
def sending() -> Iterator[Callable[..., Sends]]:
    """Return processes that send a project to a service at an address, ten people a request."""
    with ExitStack() as stack:

        def make(project: Path, name: str, url: str, **more: str) -> Sends:
            section = f"BYPOST_PROVIDERS__{name.upper()}__"
            environ = {
                "BYPOST_SENDING__PROVIDER": name,
                "BYPOST_SENDING__THREADS": "4",
                f"{section}API_KEY": {"resend": "re_test_key", "postmark": "pm_test_key"}[name],
                f"{section}BASE_URL": url,
                f"{section}BATCH_SIZE": "10",
                f"{section}PER_SECOND": "1000",
            }
            return stack.enter_context(Sends(project, {**environ, **more}))

        yield make


@pytest.fixture
def through_resend(sending: Callable[..., Sends]) -> Callable[..., Sends]:
    """Return processes that send a project to a Resend at an address."""

    def make(project: Path, url: str, **more: str) -> Sends:
        return sending(project, "resend", url, **more)

    return make
