"""Takes a safeguard away before any test is loaded: ``pytest -p tests.mutation.plugin``.

The environment variable ``MUTATION`` names it; without one nothing is changed. The tests that
failed are written to the file that ``MUTATION_REPORT`` names.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.mutation.catalogue import MUTATIONS

NAME, REPORT = "MUTATION", "MUTATION_REPORT"
#: Seconds after which a test counts as failed: without a safeguard some would wait for ever.
LONGEST = 300

_failed: list[str] = []


class TooLong(BaseException):
    """The test has not ended; nothing that catches ordinary errors catches this."""


def pytest_configure(config: pytest.Config) -> None:
    # One example that fails is enough; a smaller one is of no use here.
    settings.register_profile("mutation", phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutation")
    if name := os.environ.get(NAME):
        if name not in MUTATIONS:
            raise pytest.UsageError(f"{NAME}={name}: there is no such mutation")
        patch = pytest.MonkeyPatch()
        config.add_cleanup(patch.undo)
        MUTATIONS[name].take_away(patch)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        module = item.getparent(pytest.Module)
        profile = getattr(module.obj, "PROFILE", None) if module else None
        if module and isinstance(profile, settings):
            module.obj.PROFILE = settings(profile, phases=[Phase.generate])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooLong(f"not done after {LONGEST} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LONGEST)
    try:
        return (yield)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.failed:
        _failed.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = os.environ.get(REPORT)
    if path and not hasattr(session.config, "workerinput"):  # with xdist the controller has all
        Path(path).write_text(json.dumps(_failed), encoding="utf-8")
