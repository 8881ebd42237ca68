"""``bypost status``: one screen, one object, and both again and again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import update

from bypost.cli import console
from bypost.delivery import last_pass
from bypost.delivery.last_pass import LastPass
from bypost.store import Store, budgets
from bypost.store.schema import batches
from scheduler.clock import SystemClock
from tests.cli.conftest import Ran, everything

Run = Callable[..., Ran]

LABELS = ["now", "rate", "next", "late", "unknown", "failed", "owed", "outbox", "last pass"]


@pytest.fixture
def store(project: Path) -> Iterator[Store]:
    opened = Store("sqlite:///var/bypost.db", root=project)
    yield opened
    opened.close()


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write whole lines, as into a pipe."""
    monkeypatch.setattr(console.out, "soft_wrap", True)


def screen(ran: Ran) -> dict[str, str]:
    """Return the lines of the sheet by label."""
    found = {}
    for line in ran.out.partition("\n\n")[0].splitlines():
        label, _, value = line.partition("  ")
        if label:
            found[label] = value.strip()
    return found


def test_one_screen_says_how_everything_stands(run: Run) -> None:
    run("send")
    done = run("status")
    assert (done.code, done.err) == (0, "")
    told = screen(done)
    assert list(told) == LABELS
    assert told["now"] == "nothing is on its way"
    assert told["rate"] == "3 mails in the last minute, 3 in the last hour"
    assert told["next"].endswith(": the next lesson of letters, 3 people")
    assert (told["late"], told["unknown"], told["failed"]) == ("none", "none", "none")
    assert told["owed"] == "3: 3 accepted"
    assert told["outbox"] == "3 mails today, no daily limit"
    assert told["last pass"] in {"0 s ago", "1 s ago", "2 s ago"}


def test_json_has_the_documented_keys(run: Run) -> None:
    run("send")
    found = run("status", "--json").json
    assert list(found) == [
        *("owed", "accepted", "failed", "cancelled", "unknown", "pending", "this_pass"),
        *(
            "unknown_deliveries",
            "held",
            "waiting_changes",
            "troubles",
            "blocked",
            "imported",
            "rejected_rows",
        ),
        *("archived", "next_at", "late", "oldest_late", "last_tick", "sending", "next"),
        *("providers", "paused", "workers"),
    ]
    (one,) = found["providers"]
    assert list(one) == [
        *("name", "per_second", "per_day", "limit_today", "used_today", "paused_until"),
        *("breaker", "breaker_since"),
        *("accepted_last_hour", "accepted_last_minute", "requests_last_minute"),
    ]
    assert list(found["next"]) == ["at", "kind", "what", "people"]
    assert found["next"]["at"] == found["next_at"]
    assert found["last_tick"] is not None


def test_looking_changes_no_byte(run: Run, project: Path) -> None:
    run("send")
    before = everything(project)
    assert run("status").code == 0
    assert run("status", "--json").code == 0
    assert everything(project) == before


def test_before_the_first_pass_the_keys_are_the_same(run: Run) -> None:
    before = run("status", "--json").json
    run("send")
    assert list(before) == list(run("status", "--json").json)


def test_a_stopped_provider_is_told_with_what_to_do(run: Run, store: Store) -> None:
    run("send")
    with store.write() as connection:
        budgets.open_breaker(connection, "outbox", "the disk is full", SystemClock().now())
    done = run("status")
    assert done.code == 1
    assert ": the disk is full" in done.out
    assert "bypost resume outbox" in done.out


def test_a_broken_folder_is_told_without_compiling_anything(run: Run, project: Path) -> None:
    lesson = project / "lessons/letters/01-two.md"
    lesson.write_text(lesson.read_text() + "{{ subscriber.nmae }}")
    run("send")
    done = run("status")
    assert done.code == 2
    assert "lessons/letters sends nothing: run `bypost check`" in done.out
    assert list(run("status", "--json").json["held"]) == ["lessons/letters"]


def test_of_many_unknown_deliveries_ten_are_listed(run: Run, project: Path, store: Store) -> None:
    rows = "".join(f"p{i}@example.org,Person {i},\n" for i in range(13))
    (project / "subscribers.csv").write_text("email,name,time_zone\n" + rows)
    run("send")
    with store.write() as connection:
        connection.execute(update(batches).values(state="unknown", accepted=0, members=13))
    done = run("status")
    assert done.code == 1
    assert done.out.count("! unknown: letters/one to p") == 10
    assert "... and 3 more; settle them with `bypost reconcile`" in done.out
    assert len(run("status", "--json").json["unknown_deliveries"]) == 13


def test_a_runner_that_was_not_heard_of_is_told(run: Run, store: Store) -> None:
    run("send")
    at = SystemClock().now() - timedelta(hours=3)
    with store.write() as connection:
        last_pass.write(connection, LastPass(at=at, every=timedelta(seconds=5)))
    told = screen(run("status"))["last pass"]
    assert told == "✗ 3 h ago; one should come every 5 s: is `bypost serve` running?"


@pytest.fixture
def three_looks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Press Ctrl-C while ``--watch`` waits for the fourth time."""
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", sleep)
    return waits


def test_watching_writes_a_block_every_two_seconds_until_ctrl_c(
    run: Run, three_looks: list[float]
) -> None:
    run("send")
    done = run("status", "--watch")
    assert (done.code, done.err) == (0, "")
    assert three_looks == [2, 2, 2]
    blocks = done.out.strip().split("\n\n")
    assert len(blocks) == 3
    assert all(
        block.startswith("at   ") and "owed       3: 3 accepted" in block for block in blocks
    )


def test_watching_with_json_writes_one_object_a_line(run: Run, three_looks: list[float]) -> None:
    run("send")
    done = run("status", "--watch", "--json")
    assert (done.code, len(three_looks)) == (0, 3)
    looks = [orjson.loads(line) for line in done.out.splitlines()]
    assert [look["accepted"] for look in looks] == [3, 3, 3]


@pytest.mark.process
def test_a_look_loads_neither_the_compiler_nor_the_web(run: Run, project: Path) -> None:
    run("send")
    code = (
        "import sys\n"
        "from bypost.cli import main\n"
        f"code = main(['status', '--project', {str(project)!r}])\n"
        "heavy = {'bypost.render', 'bypost.content', 'mjml', 'jinja2', 'fastapi'}\n"
        "heavy |= {'apscheduler', 'alembic'}\n"
        "assert code == 0 and not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
