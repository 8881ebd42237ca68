"""Log lines: one for each request; nobody's address, name or subject is in any of them."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bypost.cli import logs
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.settings.model import Log
from bypost.store import budgets, ledger
from bypost.testing import fault
from bypost.testing.fake_resend import FakeResend
from scheduler.clock import SimulatedClock
from tests.cli.conftest import Ran
from tests.conftest import write_people

NAME = "Zebedee Quux"
PEOPLE = 120
OTHERS = logging.getLogger("somebody.else")
OURS = logging.getLogger("bypost.anything")


@pytest.fixture
def resend() -> Iterator[FakeResend]:
    with FakeResend() as fake:
        yield fake


@pytest.fixture
def context(project: Path, resend: FakeResend, open_context: Callable[..., Context]) -> Context:
    people = [*(f"p{i}@example.org" for i in range(PEOPLE - 1)), "bounce-now@example.org"]
    write_people(project, *(f"{one},{NAME},Asia/Tokyo" for one in people))
    return open_context(
        project,
        {
            "BYPOST_SENDING__PROVIDER": "resend",
            "BYPOST_PROVIDERS__RESEND__API_KEY": "re_test_key",
            "BYPOST_PROVIDERS__RESEND__BASE_URL": resend.url,
            "BYPOST_PROVIDERS__RESEND__PER_SECOND": "1000",
        },
    )


def fields(line: str) -> dict[str, str]:
    """Read one line of logfmt that has no quotes."""
    return dict(part.split("=", 1) for part in line.split(" "))


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_one_line_a_request_with_its_numbers(
    context: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    with logs.written(Log(), steady=True):
        Pass(context).run()
    told = sorted((fields(line) for line in lines(capsys)), key=lambda found: int(found["batch"]))
    assert [list(found) for found in told] == [
        [
            *("time", "level", "batch", "ref", "provider", "kind", "content", "size"),
            *("accepted", "failed", "attempt", "outcome", "took_ms"),
        ]
    ] * 2
    first = told[0]
    assert first["level"] == "info"
    assert (first["batch"], first["ref"]) == ("1", f"{context.tag}-b1")
    assert (first["provider"], first["kind"], first["content"]) == (
        "resend",
        "lesson",
        "letters/one",
    )
    assert (first["size"], first["accepted"], first["failed"]) == ("100", "100", "0")
    assert (first["attempt"], first["outcome"]) == ("1", "accepted")
    assert [found["size"] for found in told] == ["100", "20"]


def test_a_request_that_fails_has_its_line_with_the_status(
    context: Context,
    resend: FakeResend,
    clock: SimulatedClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    resend.script.add(
        *[fault.Fault(status=429, body='{"message": "p1@example.org is too much"}')] * 2
    )
    with logs.written(Log(), steady=True):
        Pass(context, patience=timedelta(0)).run()
        clock.advance(timedelta(hours=1))
        Pass(context).run()
    told = [fields(line) for line in lines(capsys) if " batch=" in line]
    assert [(found["outcome"], found["attempt"]) for found in told] == [
        *[("throttled", "1")] * 2,
        *[("accepted", "2")] * 2,
    ]
    assert [found.get("status") for found in told] == ["429", "429", None, None]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("level", ["info", "debug"])
def test_nobodys_address_name_or_subject_is_in_any_line(
    context: Context,
    resend: FakeResend,
    clock: SimulatedClock,
    capsys: pytest.CaptureFixture[str],
    level: str,
    form: str,
) -> None:
    """The service repeats addresses in its words, refuses one recipient, and loses an answer."""
    words = '{"message": "p1@example.org: ünïcode@exämple.org <p2@example.org> is too much"}'
    resend.script.add(
        fault.Fault(status=429, body=words), fault.Fault(status=422, body=words), None
    )
    with logs.written(Log.model_validate({"level": level, "format": form}), steady=True):
        for _ in range(2):
            Pass(context, patience=timedelta(0)).run()
            with context.store.write() as connection:
                budgets.close_breaker(connection, "resend", clock.now())
                ledger.wake_waiting(connection, "resend", clock.now())
        try:
            int("p3@example.org")
        except ValueError:
            OURS.exception("it happened to %s", "p4@example.org")
    told = capsys.readouterr().err
    assert "[address]" in told
    assert (f"{context.tag}-{PEOPLE}" in told) is (level == "debug")
    for secret in ("@", "example.org", NAME, "The subject of", "Title of", "re_test_key"):
        assert secret not in told


def test_json_is_an_object_a_line_with_numbers_as_numbers(
    context: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    with logs.written(Log(format="json"), steady=True):
        Pass(context).run()
        OURS.warning('two\nlines "quoted"')
    *batches, other = (json.loads(line) for line in lines(capsys))
    assert {found["size"] for found in batches} == {100, 20}
    assert all(type(found["took_ms"]) is int for found in batches)
    assert other["message"] == 'two\nlines "quoted"'
    assert other["logger"] == "bypost.anything"


def test_text_stays_on_one_line_whatever_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with logs.written(Log(), steady=True):
        OURS.warning('two\nlines "quoted" \x1b[31m')
    (line,) = lines(capsys)
    assert line.endswith(r'logger=bypost.anything message="two\nlines \"quoted\" \u001b[31m"')


@pytest.mark.parametrize(
    ("level", "steady", "terminal", "expected"),
    [
        (None, True, False, ["info", "warning", "error"]),
        (None, False, False, ["warning", "error"]),
        (None, True, True, ["error"]),
        (None, False, True, ["error"]),
        ("debug", False, True, ["debug", "info", "warning", "error"]),
        ("error", True, False, ["error"]),
    ],
)
def test_the_level_follows_the_settings_then_the_command_and_the_terminal(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    level: str | None,
    steady: bool,
    terminal: bool,
    expected: list[str],
) -> None:
    if terminal:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with logs.written(Log.model_validate({"level": level}), steady=steady):
        for name in ("debug", "info", "warning", "error"):
            getattr(OURS, name)("said")
    assert [fields(line)["level"] for line in lines(capsys)] == expected


def test_others_are_heard_from_a_warning_on(capsys: pytest.CaptureFixture[str]) -> None:
    with logs.written(Log(level="debug"), steady=True):
        OTHERS.debug("never")
        OTHERS.info("never")
        OTHERS.warning("heard")
    assert [line.partition("message=")[2] for line in lines(capsys)] == ["heard"]


def test_afterwards_logging_is_as_before() -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    with logs.written(Log(level="debug"), steady=True):
        assert root.handlers != before[1]
    assert (root.level, list(root.handlers)) == before


def test_a_single_pass_in_a_pipe_logs_no_request(run: Callable[..., Ran]) -> None:
    assert run("send").err == ""


def test_a_level_in_the_settings_shows_requests_of_a_single_pass(
    run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BYPOST_LOG__LEVEL", "info")
    (line,) = run("send").err.splitlines()
    assert " size=3 accepted=3 failed=0 attempt=1 outcome=accepted " in line


def test_a_closed_standard_error_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(logging, "raiseExceptions", False)
    monkeypatch.setattr(sys, "stderr", closed)
    handler = logs._Lines(logging.INFO)
    handler.emit(logging.LogRecord("bypost", logging.INFO, "", 0, "said", (), None))
