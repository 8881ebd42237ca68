"""``bypost reconcile``: asking, settling by hand, and what to doubt after a restore."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from bypost.store import Store
from bypost.store.schema import batches
from bypost.testing import fault
from bypost.testing.fake_postmark import FakePostmark
from scheduler.clock import SystemClock
from tests.cli.conftest import Ran, everything
from tests.conftest import MONDAY

Run = Callable[..., Ran]


@pytest.fixture
def store(project: Path) -> Iterator[Store]:
    opened = Store("sqlite:///var/bypost.db", root=project)
    yield opened
    opened.close()


@pytest.fixture
def refs(run: Run, project: Path, store: Store) -> list[str]:
    """Send the first lesson to everybody, and let the answer be lost; return the references."""
    run("send")
    with store.write() as connection:
        change = update(batches).values(
            state="unknown", members=3, accepted=0, accepted_at=None, next_try=MONDAY
        )
        connection.execute(change)
    return sorted(path.stem for path in mails(project))


@pytest.fixture
def postmark(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePostmark]:
    """Send through a provider that can be asked."""
    with FakePostmark() as fake:
        monkeypatch.setenv("BYPOST_SENDING__PROVIDER", "postmark")
        monkeypatch.setenv("BYPOST_PROVIDERS__POSTMARK__BASE_URL", fake.url)
        monkeypatch.setenv("BYPOST_PROVIDERS__POSTMARK__API_KEY", "pm_test_key")
        yield fake


def mails(project: Path) -> list[Path]:
    return list((project / "var/outbox").glob("*.eml"))


def let_the_quiet_period_pass(store: Store) -> None:
    with store.write() as connection:
        connection.execute(update(batches).values(next_try=MONDAY))


# Asking


def test_where_nothing_is_unknown_it_says_so(run: Run) -> None:
    run("send")
    done = run("reconcile")
    assert (done.code, done.out, done.err) == (0, "nothing is unknown\n", "")
    told = run("reconcile", "--json")
    assert told.code == 0
    assert told.json == {"accepted": 0, "owed_again": 0, "troubles": [], "unknown": 0}


def test_what_the_provider_has_is_settled_as_sent(
    run: Run, postmark: FakePostmark, store: Store
) -> None:
    postmark.script.add(fault.reset(accept=True))
    assert run("send", "--allow-local").code == 1
    let_the_quiet_period_pass(store)
    done = run("reconcile")
    assert (done.code, done.out) == (0, "3 settled as sent\nnothing is unknown\n")
    assert run("send", "--allow-local", "--json").json["accepted"] == 3
    assert sorted(postmark.accepted.values()) == [1] * 3


def test_what_the_provider_does_not_have_goes_out_with_the_next_pass(
    run: Run, postmark: FakePostmark, store: Store
) -> None:
    postmark.script.add(fault.reset(accept=False))
    run("send", "--allow-local")
    let_the_quiet_period_pass(store)
    done = run("reconcile")
    words = "3 owed again: the next pass sends them\nnothing is unknown\n"
    assert (done.code, done.out) == (0, words)
    assert postmark.accepted == {}
    run("send", "--allow-local")
    assert sorted(postmark.accepted.values()) == [1] * 3


def test_before_the_quiet_period_is_over_nobody_is_asked(run: Run, postmark: FakePostmark) -> None:
    postmark.script.add(fault.reset(accept=True))
    run("send", "--allow-local")
    done = run("reconcile")
    assert (done.code, done.err) == (1, "")
    assert "3 unknown; `bypost status` lists them" in done.out
    assert run("reconcile", "--json").json["unknown"] == 3


def test_a_provider_that_does_not_answer_ends_with_1_and_its_words(
    run: Run, postmark: FakePostmark, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    postmark.script.add(fault.reset(accept=True))
    run("send", "--allow-local")
    let_the_quiet_period_pass(store)
    monkeypatch.setenv("BYPOST_PROVIDERS__POSTMARK__API_KEY", "another_token")
    done = run("reconcile")
    assert done.code == 1
    assert "postmark: HTTP 401" in done.err
    assert "another_token" not in done.out + done.err
    let_the_quiet_period_pass(store)
    told = run("reconcile", "--json")
    assert (told.code, told.err) == (1, "")
    assert told.json["unknown"] == 3
    assert "HTTP 401" in told.json["troubles"][0]


# By hand


def test_one_that_was_sent_is_settled_alone(run: Run, refs: list[str]) -> None:
    done = run("reconcile", "--sent", refs[0])
    assert done.code == 1
    assert done.out == "1 settled as sent\n2 unknown; `bypost status` lists them\n"
    found = run("show", refs[0], "--json").json
    assert found["state"] == "accepted"
    assert "the operator says that it was sent" in found["reason"]
    left = [one["ref"] for one in run("status", "--json").json["unknown_deliveries"]]
    assert left == refs[1:]


def test_one_that_was_not_sent_goes_out_with_the_next_pass(
    run: Run, refs: list[str], project: Path
) -> None:
    for path in mails(project):
        path.unlink()
    done = run("reconcile", "--resend", refs[1])
    assert done.code == 1
    assert done.out.startswith("1 owed again: the next pass sends them\n2 unknown")
    run("send")
    assert [path.stem for path in mails(project)] == [refs[1]]
    assert run("show", refs[1], "--json").json["state"] == "accepted"


def test_several_are_settled_at_once_and_one_named_twice_counts_once(
    run: Run, refs: list[str]
) -> None:
    words = [word for ref in (*refs, refs[0]) for word in ("--sent", ref)]
    done = run("reconcile", *words, "--json")
    assert (done.code, done.json) == (0, {"accepted": 3, "unknown": 0})


@pytest.mark.parametrize(
    ("option", "told"),
    [("--sent", {"accepted": 3, "unknown": 0}), ("--resend", {"owed_again": 3, "unknown": 0})],
)
def test_all_is_every_unknown_one(
    run: Run, refs: list[str], option: str, told: dict[str, int]
) -> None:
    done = run("reconcile", option, "all", "--json")
    assert (done.code, done.json) == (0, told)
    assert run("send", "--json").json["accepted"] == 3


@pytest.mark.parametrize("option", ["--sent", "--resend"])
def test_a_reference_that_is_not_known_ends_with_2_and_nothing_is_settled(
    run: Run, refs: list[str], option: str
) -> None:
    tag = refs[0].partition("-")[0]
    for wrong in (f"{tag}-999", "zzzzzzzz-1", f"{tag}-b1", "nonsense", "", "-1", f"{tag}-1[/red]"):
        done = run("reconcile", f"{option}={refs[0]}", f"{option}={wrong}")
        assert (done.code, done.out) == (2, "")
        assert f"`{wrong}` is not an unknown delivery\n    `bypost status` lists those" in done.err
    assert run("reconcile", "--json").json["unknown"] == 3


@pytest.mark.parametrize("option", ["--sent", "--resend"])
def test_a_mail_that_is_settled_stays_so(run: Run, refs: list[str], option: str) -> None:
    run("reconcile", "--sent", refs[0])
    done = run("reconcile", option, refs[0])
    assert (done.code, done.out) == (2, "")
    assert f"`{refs[0]}` is not an unknown delivery" in done.err
    assert run("show", refs[0], "--json").json["state"] == "accepted"


@pytest.mark.parametrize("other", [("--resend", "all"), ("--since", "2026-11-23")])
def test_two_things_at_once_are_refused(run: Run, refs: list[str], other: tuple[str, str]) -> None:
    done = run("reconcile", "--sent", refs[0], *other)
    assert (done.code, done.out) == (2, "")
    assert "give one of them" in done.err
    assert run("reconcile", "--json").json["unknown"] == 3


# After a restore


def test_a_time_that_cannot_be_ends_with_2_and_nothing_is_doubted(
    run: Run, refs: list[str], project: Path
) -> None:
    run("reconcile", "--sent", "all")
    before = everything(project)
    for text, words in (
        ("yesterday", "--since yesterday: not a time\n    write it like 2026-11-23T08:30"),
        ("", "--since : not a time"),
        ("2026-13-01", "not a time"),
        ("0001-01-01T00:00:00+14:00", "not a time"),
        ("9999-12-31T23:59:59", "is in the future"),
        ("2999-01-01T00:00:00+00:00", "is in the future\n    name the time of the backup"),
    ):
        done = run("reconcile", "--since", text)
        assert (done.code, done.out) == (2, "")
        assert words in done.err
        assert everything(project) == before


def test_a_restored_database_sends_again_once_its_time_is_told(run: Run, project: Path) -> None:
    run("send")
    since = put_back_after(run, project, "late@example.org,Late,")
    assert run("send").code == 2
    sent = {path.stem for path in mails(project)}
    done = run("reconcile", "--since", since.isoformat())
    assert done.code == 1
    assert done.out == (
        "0 open when the backup was made: unknown now\n"
        "1 fell due since: unknown now\n"
        "1 unknown; `bypost status` lists them\n"
    )
    passed = run("send", "--json")
    assert passed.code == 1
    assert (passed.json["accepted"], passed.json["unknown"]) == (3, 1)
    (open_one,) = passed.json["unknown_deliveries"]
    assert (open_one["email"], open_one["content"]) == ("late@example.org", "letters/one")
    assert open_one["ref"] not in sent
    assert {path.stem for path in mails(project)} == sent
    assert run("reconcile", "--sent", open_one["ref"]).code == 0
    assert run("send").code == 0


def test_after_a_restore_json_has_the_documented_keys(run: Run, project: Path) -> None:
    run("send")
    since = put_back_after(run, project, "late@example.org,Late,")
    told = run("reconcile", "--since", since.isoformat(), "--json")
    assert (told.code, told.json) == (1, {"open_then": 0, "due_since": 1, "unknown": 1})


def test_content_that_is_held_is_mended_before(run: Run, project: Path) -> None:
    run("send")
    since = put_back_after(run, project, "late@example.org,Late,")
    lesson = project / "lessons/letters/01-two.md"
    text = lesson.read_text()
    lesson.write_text(text.replace("subscriber.name", "subscriber.nmae"))
    done = run("reconcile", "--since", since.isoformat())
    assert (done.code, done.out) == (2, "")
    assert "lessons/letters: " in done.err
    assert "bypost check" in done.err
    lesson.write_text(text)
    assert run("send").code == 2
    assert run("reconcile", "--since", since.isoformat()).code == 1
    assert run("send", "--json").json["unknown"] == 1


def put_back_after(run: Run, project: Path, row: str) -> datetime:
    """Copy the database, let somebody join and a pass run, put the copy back; return its time."""
    since, copy = SystemClock().now(), project / "backup.db"
    with (
        closing(sqlite3.connect(project / "var/bypost.db")) as old,
        closing(sqlite3.connect(copy)) as new,
    ):
        old.backup(new)
    with (project / "subscribers.csv").open("a", encoding="utf-8") as file:
        file.write(f"{row}\n")
    assert run("send", "--json").json["this_pass"]["accepted"] == 1
    for path in (project / "var").glob("bypost.db*"):
        path.unlink()
    shutil.move(copy, project / "var/bypost.db")
    return since
