"""A small project that sends through a Resend on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bypost.delivery.context import Context
from bypost.testing.fake_resend import FakeResend
from tests.conftest import write_course, write_people

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
