"""The log: whole, in order, and without anybody's address."""

from __future__ import annotations

import getpass
from datetime import timedelta

import pytest

from bypost.admins import audit
from bypost.store import Store
from bypost.store import audit as log
from scheduler.clock import SimulatedClock


def test_an_address_that_gets_in_by_mistake_is_left_out(
    store: Store, clock: SimulatedClock
) -> None:
    with store.write() as connection:
        audit.by_command(
            connection,
            now=clock.now(),
            action="subscriber.forget",
            subject="subscriber:ana@example.org",
            detail="was <bo.o'hara+x@mail.example.org>,\nasked by post",
        )
        (row,) = log.newest(connection, limit=9)
    assert "@" not in row["subject"] + row["detail"]
    assert "example" not in row["subject"] + row["detail"]
    assert row["detail"].endswith("asked by post")
    assert "\n" not in row["detail"]
    assert row["via"] == "command"


def test_a_command_is_noted_under_the_name_of_the_machines_user(
    store: Store, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise OSError("no name")

    monkeypatch.setattr(getpass, "getuser", lambda: "karl")
    with store.write() as connection:
        audit.by_command(connection, now=clock.now(), action="course.pause")
        monkeypatch.setattr(getpass, "getuser", nameless)
        audit.by_command(connection, now=clock.now(), action="course.pause")
        rows = log.newest(connection, limit=9)
    assert [row["who"] for row in rows] == ["unknown", "karl"]


def test_long_words_are_cut_and_not_refused(store: Store, clock: SimulatedClock) -> None:
    with store.write() as connection:
        audit.note(
            connection,
            now=clock.now(),
            who="k" * 500,
            via="desk",
            action="a" * 500,
            subject="s" * 500,
            detail="d" * 5000,
        )
        (row,) = log.newest(connection, limit=9)
    assert [len(row[name]) for name in ("who", "action", "subject", "detail")] == [80, 64, 120, 500]


def test_pages_of_the_log_hold_each_row_once_even_at_one_instant(
    store: Store, clock: SimulatedClock
) -> None:
    with store.write() as connection:
        for number in range(97):
            who, action = (
                ("olga", "vera")[number % 2],
                ("course.pause", "import.undo")[number % 3 > 0],
            )
            audit.note(
                connection,
                now=clock.now(),
                who=who,
                via="desk",
                action=action,
                subject=f"x:{number}",
            )
        clock.advance(timedelta(seconds=1))
        audit.note(connection, now=clock.now(), who="olga", via="desk", action="last.one")
    with store.read() as connection:
        seen, before = [], None
        while page := log.newest(connection, limit=10, before=before):
            seen += [row["id"] for row in page]
            before = seen[-1]
        assert seen == sorted(seen, reverse=True)
        assert len(set(seen)) == 98
        back = log.newest(connection, limit=10, after=seen[10])
        assert [row["id"] for row in back] == seen[:10]
        narrowed = log.newest(connection, limit=99, who="olga", action="course.pause")
    assert len(narrowed) == 17
    assert {(row["who"], row["action"]) for row in narrowed} == {("olga", "course.pause")}
