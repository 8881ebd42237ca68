"""`bypost worker` where it has nothing to do: it says so, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran

Run = Callable[..., Ran]


def test_where_passes_send_themselves_a_worker_says_so(run: Run) -> None:
    found = run("worker")
    assert found.code == 2
    assert 'set engine = "procrastinate"' in found.err


@pytest.mark.sqlite
@pytest.mark.parametrize("verb", ["worker", "send"])
def test_a_file_is_no_database_for_workers(
    run: Run, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setenv("BYPOST_SENDING__ENGINE", "procrastinate")
    found = run(verb)
    assert found.code == 2
    assert "`procrastinate` needs PostgreSQL" in found.err


def test_without_its_packages_it_says_how_to_install_them(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYPOST_SENDING__ENGINE", "procrastinate")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = run("worker")
    assert found.code == 2
    assert "pip install 'bypost[postgres]'" in found.err


@pytest.mark.parametrize("number", ["0", "65"])
def test_a_worker_brings_1_to_64_batches_at_a_time(run: Run, number: str) -> None:
    assert run("worker", "--concurrency", number).code == 2
