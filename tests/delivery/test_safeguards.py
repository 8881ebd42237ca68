"""What no other test would miss, found by taking safeguards away one by one."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from bypost.delivery import events, reconcile
from bypost.errors import NotSent
from bypost.http import HttpClient
from bypost.model.message import Key, Nothing
from bypost.people import leave
from bypost.store import enrollments, settle, subscribers
from bypost.testing import ending
from bypost.testing.fake_resend import FakeResend
from tests.contracts.http_provider import no_proxies
from tests.delivery.stage import Theatre
from tests.regressions.meanwhile import once_at


def test_whoever_leaves_while_the_mails_are_built_is_not_among_them(tmp_path: Path) -> None:
    with Theatre(tmp_path).stage(Key(lifetime=timedelta(hours=24))) as stage:

        def second_leaves() -> None:
            with stage.context.store.write() as connection:
                run = enrollments.of_subscribers(connection, [2])[0]
                member = leave.find(connection, run["link_id"])
                assert member is not None
                leave.leave(connection, member, by="test", now=stage.clock.now())

        with once_at("built", second_leaves):
            stage.run()
        (request,) = stage.provider.requests
        assert request.to == ("p0@example.org", "p2@example.org")
        assert (stage.numbers().accepted, stage.numbers().cancelled) == (2, 1)


def test_a_repeat_carries_the_bytes_of_then_whatever_was_edited_since(tmp_path: Path) -> None:
    with Theatre(tmp_path, texts=2).stage(Key(lifetime=timedelta(hours=24))) as stage:
        stage.provider.script.add(ending.lost(accepted=True))
        stage.run(patience=timedelta(0))
        with stage.context.store.write() as connection:
            subscribers.change(connection, 1, {"name": "Another name"})
        stage.shelf.text = 1
        stage.clock.advance(timedelta(minutes=1))
        stage.run()
        first, second = stage.provider.requests
        assert (first.key, first.body) == (second.key, second.body)
        assert stage.numbers().accepted == 3


def test_a_request_is_repeated_whole_though_an_event_told_of_one_of_its_mails(
    tmp_path: Path,
) -> None:
    with Theatre(tmp_path).stage(Key(lifetime=timedelta(hours=24))) as stage:
        stage.provider.script.add(ending.lost(accepted=True))
        stage.run(patience=timedelta(0))
        told = stage.provider.event(stage.provider.log[1].ref)
        events.take(stage.context, stage.provider.name, [told])
        assert stage.refs("accepted") == set()
        stage.clock.advance(timedelta(minutes=1))
        stage.run()
        assert stage.refs("accepted") == set(stage.provider.accepted) == set(stage.states())
        assert len(stage.provider.requests) == 2


def test_without_a_key_a_lost_answer_leaves_only_a_few_unknown(tmp_path: Path) -> None:
    """Also when they are owed again, all at once, on the operator's word."""
    with Theatre(tmp_path, people=5).stage(Nothing(), batch_without_key=2) as stage:
        stage.provider.script.add(*[ending.lost(accepted=False)] * 3)
        stage.run()
        with stage.context.store.read() as connection:
            reconcile.owe_again(stage.context, settle.all_unknown(connection))
        stage.run()
        assert [len(request.refs) for request in stage.provider.requests] == [2, 2, 1] * 2
        assert stage.numbers().accepted == 5


def test_a_call_that_was_given_up_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its clock says: this one stands still, so that only giving up can stop the body."""
    no_proxies(monkeypatch)
    look_up, release = socket.getaddrinfo, threading.Event()

    def slow_look_up(*args: object, **options: object) -> object:
        release.wait(10)
        return look_up(*args, **options)  # type: ignore[arg-type]

    with FakeResend() as resend:
        monkeypatch.setattr(socket, "getaddrinfo", slow_look_up)
        client = HttpClient(timeout=0.2, user_agent="x", elapsed=lambda: 0.0)
        before = set(threading.enumerate())
        with pytest.raises(NotSent, match="nothing was sent"):
            client.post(f"{resend.url}/emails/batch", b"[]", {})
        (line,) = [t for t in set(threading.enumerate()) - before if t.name == "bypost-http"]
        release.set()
        line.join(5)
        client.close()
        assert not resend.requests
