"""What the doctor says of a database server."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bypost.check.doctor.server import judge
from bypost.store.server import Server
from tests.conftest import MONDAY

GOOD = Server(
    version=140022,
    version_name="14.22",
    encoding="UTF8",
    losing=(),
    connections=97,
    used=12,
    is_standby=False,
    now=MONDAY + timedelta(seconds=4),
)


def bad(found: Server, needed: int = 60) -> list[tuple[str, str]]:
    told = list(judge(found, now=MONDAY, needed=needed))
    assert all(one.todo.endswith(".") for one in told if one.level.value != "pass")
    return [(one.name, one.level.value) for one in told if one.level.value != "pass"]


def test_a_server_as_it_is_set_up_by_default_is_well() -> None:
    assert bad(GOOD) == []


@pytest.mark.parametrize(
    ("changed", "name", "level"),
    [
        ({"version": 130023}, "database version", "fail"),
        ({"encoding": "LATIN1"}, "database encoding", "fail"),
        ({"encoding": "SQL_ASCII"}, "database encoding", "fail"),
        ({"losing": ("fsync",)}, "database durability", "fail"),
        ({"losing": ("synchronous_commit",)}, "database durability", "fail"),
        ({"is_standby": True}, "database role", "fail"),
        ({"connections": 59}, "database connections", "warn"),
        ({"now": MONDAY - timedelta(seconds=6)}, "database clock", "warn"),
        ({"now": MONDAY + timedelta(hours=1)}, "database clock", "warn"),
    ],
)
def test_what_would_lose_mails_fails_and_what_only_hinders_is_a_warning(
    changed: dict[str, object], name: str, level: str
) -> None:
    assert bad(replace(GOOD, **changed)) == [(name, level)]  # type: ignore[arg-type]
