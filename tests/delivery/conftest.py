"""A small project that sends through a Resend on loopback."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bypost.delivery.context import Context
from bypost.project import wire
from bypost.settings import load_settings
from bypost.store import Store
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from tests.conftest import CHECKOUT, MONDAY, write_course, write_people
from tests.delivery.edited import DELAYS, FRIDAY, Desk, a_week, copied

RESEND = {
    "BYPOST_SENDING__PROVIDER": "resend",
    "BYPOST_SENDING__TIMEOUT_SECONDS": "2",
    "BYPOST_PROVIDERS__RESEND__API_KEY": "re_test_key",
    "BYPOST_PROVIDERS__RESEND__BATCH_SIZE": "2",
    "BYPOST_PROVIDERS__RESEND__PER_SECOND": "1000",
}


@pytest.fixture
def resend() -> Iterator[FakeResend]:
    with FakeResend() as fake:
        yield fake


@pytest.fixture
def project(empty_project: Path) -> Path:
    """Three lessons, a day apart; five people."""
    write_course(empty_project)
    write_people(empty_project, *(f"p{i}@example.org,Person {i},Europe/Berlin" for i in range(5)))
    return empty_project


@pytest.fixture
def through_resend(
    project: Path, resend: FakeResend, open_context: Callable[..., Context]
) -> Callable[..., Context]:
    """Open the project so that it sends through the fake, two people a batch."""

    def opening(**more: str) -> Context:
        base = {"BYPOST_PROVIDERS__RESEND__BASE_URL": resend.url}
        return open_context(project, {**RESEND, **base, **more})

    return opening


@pytest.fixture(scope="session")
def busy_course(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """A project as :mod:`edited` describes it, to be copied."""
    root = tmp_path_factory.mktemp("busy") / "project"
    root.mkdir()
    shutil.copytree(CHECKOUT / "templates", root / "templates")
    shutil.copy(CHECKOUT / "bypost.toml", root)
    (root / "var").mkdir()
    shutil.copy(empty_database, root / "var/bypost.db")
    write_course(root, delays=DELAYS)
    write_people(root)
    settings, clock = load_settings(root, {}), SimulatedClock(MONDAY)
    with wire(root, settings, Store(settings.database.url, root=root), clock) as context:
        a_week(Desk(context, clock))
    return root


@pytest.fixture
def desk(
    busy_course: Path, tmp_path: Path, open_context: Callable[..., Context], clock: SimulatedClock
) -> Desk:
    """Return the project of :mod:`edited`, on Friday noon."""
    clock.advance_to(FRIDAY)
    return Desk(open_context(copied(busy_course, tmp_path / "busy")), clock)
