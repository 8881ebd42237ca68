"""Anything, in any order, with any send class: at most once accepted, and nobody forgotten.

``BYPOST_MACHINE_EXAMPLES=2000`` makes a long run, with new examples each time; what fails prints
how to repeat it.
"""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from bypost.model.message import Events, Key, Nothing, Search, SendClass
from tests.delivery.machine import Machine
from tests.delivery.stage import Theatre

_LONG = int(os.environ.get("BYPOST_MACHINE_EXAMPLES", "0"))
PROFILE = settings(
    max_examples=_LONG or 8,
    derandomize=not _LONG,
    database=None,
    deadline=None,
    print_blob=True,
    stateful_step_count=80,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(
        tmp_path_factory.mktemp("theatre"),
        delays=("at once", "1 day", "at once", "1 day", "1 day"),
        texts=3,
    )


@pytest.mark.parametrize(
    "send_class",
    [
        Key(lifetime=timedelta(hours=24)),
        Key(lifetime=None, same_bytes=False),
        Search(lag=timedelta(minutes=1)),
        Events(),
        Nothing(),
    ],
    ids=["key", "own file", "search", "events", "none"],
)
def test_whatever_happens_nobody_has_it_twice_and_nobody_is_forgotten(
    theatre: Theatre, send_class: SendClass, request: pytest.FixtureRequest
) -> None:
    machine = type("Scene", (Machine,), {"theatre": theatre, "send_class": send_class})
    some = settings(PROFILE, max_examples=2) if request.config.getoption("--some") else PROFILE
    run_state_machine_as_test(machine, settings=some)
