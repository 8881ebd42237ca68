"""Telling the operator by mail and by webhook, whatever goes wrong in between."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
import standardwebhooks
from sqlalchemy import select

from bypost.delivery import alarm_tell
from bypost.delivery.alarm_tell import tell
from bypost.delivery.alarm_watch import Watch
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.errors import Problem
from bypost.store import Row, Store, budgets
from bypost.store.schema import alarm_messages
from bypost.testing import fault
from bypost.testing.fake_resend import FakeResend
from bypost.testing.fake_server import FakeServer, Reply, Request
from bypost.testing.fault import Script
from scheduler.clock import SimulatedClock

Open = Callable[..., Context]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MAIL = {"BYPOST_ALARMS__EMAIL": "me@example.org"}
BROKEN = {"lessons/letters": [Problem("lessons/letters/one.md", 3, "no subject")]}


class Receiver(FakeServer):
    """What an operator put up to be told."""

    def __init__(self) -> None:
        super().__init__(port=0, script=Script())
        self.taken: list[Request] = []
        self.status = 204

    def process(self, request: Request, *, delay_s: float) -> Reply:
        self.taken.append(request)
        location = {"location": f"{self.url}/elsewhere"} if self.status == 302 else {}
        return Reply(self.status, b"", location)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


@pytest.fixture
def opened(through_resend: Open) -> Open:
    """Open a project that has made its first pass, and is watched."""

    def opening(**settings: str) -> Context:
        context = replace(through_resend(**settings), guarded=True)
        Pass(context).run()
        return context

    return opening


def hook(receiver: Receiver) -> dict[str, str]:
    return {
        "BYPOST_ALARMS__WEBHOOK_URL": f"{receiver.url}/hooks/desk?token=s3cret",
        "BYPOST_ALARMS__WEBHOOK_SECRET": SECRET,
    }


def alarm(context: Context, clock: SimulatedClock) -> None:
    """Let something be found that is worth telling."""
    clock.advance(timedelta(minutes=1))
    assert [one.what for one in Watch(context).look(BROKEN)] == ["began"]


def mails_to_me(resend: FakeResend) -> list[str]:
    """Return the references of the mails that the operator got, each as often as it came."""
    return [one.ref for one in resend.acceptances.all() if one.to == "me@example.org"]


def messages(context: Context) -> list[Row]:
    with context.store.read() as connection:
        return list(connection.execute(select(alarm_messages)).mappings())


def test_the_operator_gets_a_mail_that_looks_like_all_others(
    opened: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = opened(**MAIL)
    alarm(context, clock)
    assert tell(context) == 1
    assert mails_to_me(resend) == [f"alarm-{context.tag}-1"]
    body = orjson.loads(resend.requests[-1].body)[0]
    assert body["subject"].startswith("Lessons/letters sends nothing: lessons/letters/one.md:3")
    assert "bypost check" in body["text"]
    assert f"{context.settings.site.base_url}/desk" in body["text"]
    assert body["headers"] == {"Auto-Submitted": "auto-generated"}
    assert tell(context) == 0


def test_commands_in_a_mail_are_code_and_nothing_is_said_twice(
    opened: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = opened(**MAIL)
    alarm(context, clock)
    tell(context)
    body = orjson.loads(resend.requests[-1].body)[0]
    assert "Run <code>bypost check</code>: it names the file" in body["html"]
    assert "`" not in body["html"]
    assert "Run `bypost check`: it names the file" in body["text"]
    assert body["text"].count("sends nothing") == 1


def test_what_broken_content_says_is_escaped_in_a_mail(
    opened: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = opened(**MAIL)
    clock.advance(timedelta(minutes=1))
    odd = Problem("a.md", 3, "`<b>` & <script>", "do `<i>`")
    Watch(context).look({"lessons/one": [odd], "lessons/two": [odd]})
    tell(context)
    html = orjson.loads(resend.requests[-1].body)[0]["html"]
    assert "<code>&lt;b&gt;</code> &amp; &lt;script&gt;" in html
    assert "&lt;b&gt; &amp; &lt;script&gt; (and 1 more)</h1>" in html
    assert "<script>" not in html


def test_a_mail_to_the_operator_is_no_delivery(
    opened: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = opened(**MAIL)
    owed = Pass(context).status().total.owed
    alarm(context, clock)
    tell(context)
    assert Pass(context).status().total.owed == owed
    assert context.delivery_id(f"alarm-{context.tag}-1") is None


def test_a_stopped_provider_still_carries_the_news_that_it_is_stopped(
    opened: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = opened(**MAIL)
    with context.store.write() as connection:
        budgets.open_breaker(connection, "resend", "9 hard bounces", clock.now())
    clock.advance(timedelta(minutes=1))
    Pass(context).run()
    assert len(mails_to_me(resend)) == 1


def test_a_webhook_is_signed_after_standard_webhooks(
    opened: Open, receiver: Receiver, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = opened(**hook(receiver))
    alarm(context, clock)
    assert tell(context) == 1
    (request,) = receiver.taken
    # The library compares with the clock of this machine.
    stamp = request.headers["webhook-timestamp"]
    monkeypatch.setattr(
        standardwebhooks.Webhook,
        "_Webhook__verify_timestamp",
        lambda _self, given: clock.now().fromtimestamp(int(given), tz=clock.now().tzinfo),
    )
    told = standardwebhooks.Webhook(SECRET).verify(request.body, dict(request.headers))
    assert abs(int(stamp) - clock.now().timestamp()) < 1
    assert told["type"] == "alarms.changed"
    (change,) = told["data"]["changes"]
    assert (change["change"], change["name"], change["level"]) == ("began", "held", "alarm")
    assert request.headers["webhook-id"] == f"alarm-{context.tag}-1"
    assert request.path == "/hooks/desk?token=s3cret"


def test_a_webhook_is_tried_again_under_the_same_id_until_it_is_taken(
    opened: Open, receiver: Receiver, clock: SimulatedClock
) -> None:
    context = opened(**hook(receiver))
    alarm(context, clock)
    receiver.status = 500
    for wait in (30, 60, 120):
        assert tell(context) == 0
        clock.advance(timedelta(seconds=wait - 1))
        assert tell(context) == 0
        clock.advance(timedelta(seconds=1))
    receiver.status = 200
    assert tell(context) == 1
    assert len(receiver.taken) == 4
    assert len({request.headers["webhook-id"] for request in receiver.taken}) == 1
    assert len({request.body for request in receiver.taken}) == 1


def test_a_redirect_is_not_followed(
    opened: Open, receiver: Receiver, clock: SimulatedClock
) -> None:
    context = opened(**hook(receiver))
    alarm(context, clock)
    receiver.status = 302
    assert tell(context) == 0
    assert [request.path for request in receiver.taken] == ["/hooks/desk?token=s3cret"]
    assert messages(context)[0]["detail"] == "HTTP 302: a redirect is not followed"


def test_an_attempt_that_died_is_made_again(
    opened: Open, receiver: Receiver, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        pass

    def crash(*_: object) -> None:
        raise Crash

    context = opened(**hook(receiver))
    alarm(context, clock)
    with monkeypatch.context() as patch:
        patch.setitem(alarm_tell._WAYS, "webhook", crash)  # type: ignore[arg-type]  # takes anything
        with pytest.raises(Crash):
            tell(context)
    assert tell(context) == 0  # somebody may be at it
    clock.advance(timedelta(minutes=2))
    assert tell(context) == 1


def test_a_message_that_nobody_takes_is_given_up_after_a_day(
    opened: Open, receiver: Receiver, clock: SimulatedClock
) -> None:
    context = opened(**hook(receiver))
    alarm(context, clock)
    receiver.status = 500
    for _ in range(60):
        tell(context)
        clock.advance(timedelta(hours=1))
    assert messages(context)[0]["state"] == "given-up"
    assert 20 < len(receiver.taken) < 40


def test_a_broken_webhook_does_not_keep_the_mail_from_going(
    opened: Open, receiver: Receiver, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = opened(**hook(receiver), **MAIL)
    alarm(context, clock)
    receiver.status = 500
    assert tell(context) == 1
    assert len(mails_to_me(resend)) == 1


def test_a_lost_answer_of_a_mail_is_asked_for_under_the_same_key(
    opened: Open, resend: FakeResend, clock: SimulatedClock
) -> None:
    context = opened(**MAIL)
    alarm(context, clock)
    resend.script.add(fault.reset(accept=True))
    assert tell(context) == 0
    clock.advance(timedelta(minutes=1))
    assert tell(context) == 1
    assert len(mails_to_me(resend)) == 1


def test_neither_secret_nor_address_is_written_down(
    opened: Open,
    receiver: Receiver,
    resend: FakeResend,
    clock: SimulatedClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    context = opened(**hook(receiver), **MAIL)
    alarm(context, clock)
    receiver.close()
    tell(context)
    kept = f"{messages(context)!r} {caplog.text}"
    assert "not be told by webhook" in kept
    for secret in (SECRET, SECRET[6:], "s3cret", "me@example.org"):
        assert secret not in kept
    for secret in (SECRET, SECRET[6:], "s3cret"):
        assert secret not in repr(context.settings)


def test_without_a_usable_secret_nothing_is_posted(
    opened: Open, receiver: Receiver, clock: SimulatedClock
) -> None:
    context = opened(**{**hook(receiver), "BYPOST_ALARMS__WEBHOOK_SECRET": "whsec_c2hvcnQ="})
    alarm(context, clock)
    assert tell(context) == 0
    assert receiver.taken == []
    assert messages(context)[0]["detail"].startswith("[alarms] webhook_secret is missing or")


def test_nobody_is_told_where_nobody_wants_to_be(opened: Open, clock: SimulatedClock) -> None:
    context = opened()
    alarm(context, clock)
    assert messages(context) == []


def test_a_copy_made_on_purpose_alarms_nobody(
    opened: Open, receiver: Receiver, clock: SimulatedClock
) -> None:
    context = opened(**hook(receiver))
    alarm(context, clock)
    copy = replace(context, guarded=False)
    assert tell(copy) == 0
    clock.advance(timedelta(hours=1))
    assert Watch(copy).look({}) == []
    assert receiver.taken == []


def test_a_pass_looks_once_a_minute_and_hears_of_its_own_silence(
    opened: Open, clock: SimulatedClock
) -> None:
    context = opened()
    repeating = Pass(context, patient=True)
    clock.advance(timedelta(minutes=1))
    repeating.run()
    clock.advance(timedelta(seconds=30))
    assert Watch(context).look(BROKEN) == []
    clock.advance(timedelta(minutes=20))
    watch = Watch(context)
    found = [one.spell.alarm for one in watch.look({})]
    assert [(one.name, one.words) for one in found] == [("silent", "no pass was made for 20 min")]


@pytest.mark.sqlite
def test_an_alarm_is_watched_by_index_alone(project: Path, open_context: Open) -> None:
    context = open_context(project)
    asked = [
        "SELECT provider, sum(accepted) FROM batches WHERE accepted_at > 1 GROUP BY provider",
        (
            "SELECT count(DISTINCT delivery_id) FROM events WHERE provider IN ('resend') AND "
            "kind = 'bounced' AND received_at > 1 AND delivery_id IS NOT NULL"
        ),
        (
            "SELECT count(*), sum(confirmed_at - requested_at < 5) FROM signups "
            "WHERE requested_at > 1 AND requested_at <= 2"
        ),
    ]
    with context.store.read() as connection:
        for sql in asked:
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all())
            assert "USING COVERING INDEX" in plan


def test_a_disk_that_keeps_passes_from_sending_is_told(
    opened: Open, resend: FakeResend, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = opened(**MAIL)
    clock.advance(timedelta(minutes=1))
    monkeypatch.setattr(Store, "room", lambda _store: 5_000_000)
    Pass(context).run()
    assert len(mails_to_me(resend)) == 1
    body = orjson.loads(resend.requests[-1].body)[0]
    assert body["subject"] == "The disk has 5 MB left beside the database"
