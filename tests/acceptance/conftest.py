"""A provider in a process of its own: it outlives every kill and holds the truth."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.sends import Sends


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Name the file to which the provider writes what it accepts."""
    return tmp_path / "accepted.jsonl"


@pytest.fixture
def fake_resend(log: Path) -> Iterator[str]:
    """Start a Resend and return its address."""
    options = ["--log", str(log), "--latency", "0.05"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bypost.testing.fake_resend", *options], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    yield process.stdout.readline().decode().strip()
    process.terminate()
    process.communicate(timeout=10)


@pytest.fixture
def through_resend() -> Iterator[Callable[..., Sends]]:
    """Return processes that send a project to a Resend at an address, ten people a request."""
    with ExitStack() as stack:

        def make(project: Path, url: str, **more: str) -> Sends:
            environ = {
                "BYPOST_SENDING__PROVIDER": "resend",
                "BYPOST_SENDING__THREADS": "4",
                "BYPOST_PROVIDERS__RESEND__API_KEY": "re_test_key",
                "BYPOST_PROVIDERS__RESEND__BASE_URL": url,
                "BYPOST_PROVIDERS__RESEND__BATCH_SIZE": "10",
                "BYPOST_PROVIDERS__RESEND__PER_SECOND": "1000",
            }
            return stack.enter_context(Sends(project, {**environ, **more}))

        yield make
