"""``bypost send`` and ``bypost status``: what they tell, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.store import Store, budgets
from scheduler.clock import SystemClock
from tests.cli.conftest import Ran, everything
from tests.conftest import write_course, write_people

Run = Callable[..., Ran]
NUMBERS = ("owed", "accepted", "failed", "cancelled", "unknown", "pending")


def numbers(found: object) -> list[int]:
    assert isinstance(found, dict)
    return [found[name] for name in NUMBERS]


def mails(project: Path) -> int:
    return len(list((project / "var/outbox").rglob("*.eml")))


def test_a_first_pass_sends_the_first_lesson_to_everybody(run: Run, project: Path) -> None:
    done = run("send", "--json")
    assert (done.code, done.err) == (0, "")
    assert numbers(done.json) == [3, 3, 0, 0, 0, 0]
    assert numbers(done.json["this_pass"]) == [3, 3, 0, 0, 0, 0]
    assert done.json["unknown_deliveries"] == []
    assert mails(project) == 3


def test_a_second_pass_sends_nothing(run: Run, project: Path) -> None:
    run("send")
    again = run("send", "--json")
    assert again.code == 0
    assert numbers(again.json) == [3, 3, 0, 0, 0, 0]
    assert numbers(again.json["this_pass"]) == [0] * 6
    assert mails(project) == 3


def test_for_people_it_says_what_was_sent_and_what_comes_next(run: Run) -> None:
    done = run("send")
    assert "3 rows: 3 added" in done.out
    assert "✓ 3 sent" in done.out
    assert "next: " in done.out


def test_a_dry_run_before_the_first_pass_leaves_nothing_behind(run: Run, project: Path) -> None:
    before = everything(project)
    done = run("send", "--dry-run", "--json")
    assert done.code == 0
    assert done.json["dry_run"] is True
    assert numbers(done.json["this_pass"]) == [3, 3, 0, 0, 0, 0]
    assert everything(project) == before


def test_a_dry_run_says_what_a_pass_would_do_and_changes_no_byte(run: Run, project: Path) -> None:
    run("send")
    write_people(project, *(f"p{i}@example.org,Person {i},Europe/Berlin" for i in range(5)))
    before = everything(project)
    done = run("send", "--dry-run")
    assert done.code == 0
    assert "Nothing was sent" in done.out
    assert "2 sent" in done.out
    assert everything(project) == before
    assert numbers(run("send", "--json").json["this_pass"])[1] == 2


def test_status_before_the_first_pass_says_what_to_do(run: Run, project: Path) -> None:
    before = everything(project)
    done = run("status")
    assert (done.code, done.out) == (
        0,
        "nothing was sent yet: `bypost send` makes the database and sends\n",
    )
    told = run("status", "--json")
    assert (told.code, numbers(told.json)) == (0, [0] * 6)
    assert everything(project) == before


def test_status_tells_the_same_numbers_and_changes_nothing(run: Run) -> None:
    sent = run("send", "--json").json
    told = run("status", "--json")
    assert told.code == 0
    assert numbers(told.json) == numbers(sent)
    assert numbers(told.json["this_pass"]) == [0] * 6
    assert sent.keys() <= told.json.keys()
    assert told.json["next_at"] == sent["next_at"]


def test_rows_that_were_left_out_are_told_with_their_line(run: Run, project: Path) -> None:
    write_people(project, "a@example.org,A,Europe/Berln", "b@example.org,B,")
    done = run("send")
    assert "subscribers.csv:2: time_zone `Europe/Berln` is not known" in done.err
    assert "1 added" in done.out
    assert "1 rejected" in done.out


def test_a_broken_course_ends_with_2_and_the_others_are_sent(run: Run, project: Path) -> None:
    write_course(project, "broken")
    lesson = project / "lessons/broken/01-two.md"
    lesson.write_text(lesson.read_text() + "\n{{ subscriber.nmae }}\n")
    write_people(project, "a@example.org,letters", header="email,courses")
    done = run("send", "--json")
    assert done.code == 2
    assert numbers(done.json)[1] == 1
    assert list(done.json["held"]) == ["lessons/broken"]
    told = run("send")
    assert "lessons/broken: sends nothing until this is mended" in told.err
    assert "lessons/broken/01-two.md:" in told.err


def test_a_stopped_provider_ends_with_1_and_goes_on_after_resume(run: Run, project: Path) -> None:
    run("send")
    store = Store("sqlite:///var/bypost.db", root=project)
    with store.write() as connection:
        budgets.open_breaker(connection, "outbox", "the disk is full", SystemClock().now())
    store.close()
    write_people(project, "late@example.org,,")
    stopped = run("send")
    assert stopped.code == 1
    assert "outbox is stopped: the disk is full" in stopped.err
    assert "bypost resume" in stopped.err
    assert run("resume", "resend").code == 2
    resumed = run("resume")
    assert (resumed.code, resumed.out) == (0, "outbox may send again with the next pass\n")
    assert numbers(run("send", "--json").json["this_pass"])[1] == 1
    assert run("resume").out == "nothing is stopped\n"


def test_a_real_provider_refuses_to_send_the_sample_settings(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYPOST_SENDING__PROVIDER", "resend")
    monkeypatch.setenv("BYPOST_PROVIDERS__RESEND__API_KEY", "re_hunter2")
    done = run("send")
    assert done.code == 2
    for key in ("base_url", "email", "reply_to", "postal_address"):
        assert f"{key}: " in done.err
    assert "re_hunter2" not in done.err
    assert mails(project) == 0


def test_a_provider_without_its_key_is_told_by_its_variable(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYPOST_SENDING__PROVIDER", "resend")
    done = run("send")
    assert done.code == 2
    assert "BYPOST_PROVIDERS__RESEND__API_KEY" in done.err
