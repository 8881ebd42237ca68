"""Several schedulers on one database, by mistake: nobody twice, everybody accepted."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.sends import Sends, accepted, each_once, eventually, finish, lines, stop
from tests.conftest import write_course, write_people

PEOPLE = 600

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("schedulers")]


@pytest.fixture
def project(empty_project: Path) -> Path:
    write_course(empty_project, delays=("at once", "1 day"))
    write_people(empty_project, *(f"p{i}@example.org,Person {i},UTC" for i in range(PEOPLE)))
    return empty_project


OFTEN = {"BYPOST_SENDING__TICK_SECONDS": "0.1", "BYPOST_SENDING__THREADS": "2"}


@pytest.fixture
def sends(project: Path, fake_postmark: str, sending: Callable[..., Sends]) -> Sends:
    """Through a provider that does not know a request it has had."""
    found: Sends = sending(project, "postmark", fake_postmark, **OFTEN)
    return found


def everybody_is_welcomed_once(sends: Sends, log: Path) -> None:
    code, numbers = sends.once()
    assert code == 0
    assert numbers["accepted"] == numbers["owed"] == PEOPLE
    assert not any(numbers["this_pass"].values())
    each_once([who for _, who in accepted(log)], PEOPLE)
    with closing(sqlite3.connect(sends.root / "var" / "bypost.db")) as database:
        requests, owners = database.execute(
            "SELECT sum(attempts), count(DISTINCT lease_owner) FROM batches"
        ).fetchone()
    # Not even a request that the provider would have known again was made twice.
    assert requests == PEOPLE // 10
    assert owners > 1


def test_two_that_send_for_ever_share_the_work(sends: Sends, log: Path) -> None:
    # On a new database: both make its tables, its keys and its first import at once.
    anew = replace(sends, anew=True)
    both = [anew.forever(), anew.forever()]
    eventually(lambda: lines(log) >= PEOPLE)
    stop(both)
    everybody_is_welcomed_once(sends, log)


def test_pages_with_passes_behind_them_and_passes_by_cron_share_the_work(
    sends: Sends, log: Path
) -> None:
    pages = sends.serve()
    eventually(lambda: lines(log) > 0)
    while lines(log) < PEOPLE:
        assert finish(sends.start()) == 0
    stop([pages])
    everybody_is_welcomed_once(sends, log)


def test_eight_passes_at_once_share_the_work(sends: Sends, log: Path) -> None:
    passes = [sends.start() for _ in range(8)]
    assert [finish(one) for one in passes] == [0] * 8
    everybody_is_welcomed_once(sends, log)
