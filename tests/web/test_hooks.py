"""``/hooks/PROVIDER``: what is believed, what is answered, what stands in the log."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
from fastapi.testclient import TestClient
from sqlalchemy import select

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.errors import Forged, Malformed
from bypost.http import HttpClient
from bypost.model.event import Event, EventKind
from bypost.providers.registry import build_hook
from bypost.providers.webhook import Webhook
from bypost.store import Store, suppressions
from bypost.store.schema import events as table
from bypost.web import make_site
from bypost.web.hooks import Refusals
from scheduler.clock import SimulatedClock
from tests.web.conftest import ANNA, PUBLIC

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LOGIN = "hooks:a long password"
Post = Callable[..., Any]
KNOCK = {"Content-Type": "application/json"}


class Plain(Webhook):
    """A provider whose signature is a word; the body is a list of (id, kind, ref, address)."""

    name = "resend"

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        if headers.get("x-secret") != self._secret:
            raise Forged("the signature is wrong")
        try:
            told = json.loads(body)
        except ValueError as error:
            raise Malformed("the body is not JSON") from error
        return [
            Event(
                event_id=number,
                kind=EventKind(kind),
                ref=ref,
                provider_id="",
                recipient=address,
                at=self._clock.now(),
                raw={"to": address},
            )
            for number, kind, ref, address in told
        ]


@pytest.fixture
def post(context: Context) -> Iterator[Post]:
    """Post to the site of a project with three webhooks."""
    clock = context.clock
    http = HttpClient(timeout=1, user_agent="bypost-tests/1")
    hooks = {
        "resend": build_hook("resend", SECRET, clock=clock, http=http),
        "postmark": build_hook("postmark", LOGIN, clock=clock, http=http),
        "ses": Plain("open", clock),
    }
    with TestClient(make_site(replace(context, hooks=hooks)), base_url=PUBLIC) as client:
        yield lambda name, **sent: client.post(f"/hooks/{name}", **sent)


def from_resend(
    kind: str, ref: str, address: str, now: datetime, identity: str = "msg_1"
) -> dict[str, Any]:
    """Return a post as Resend makes it."""
    told = {
        "type": kind,
        "created_at": now.isoformat(),
        "data": {
            "email_id": "e-1",
            "to": [address],
            "tags": [{"name": "ref", "value": ref}],
            "bounce": {"type": "Permanent", "subType": "General", "message": "gone"},
        },
    }
    body = json.dumps(told)
    signature = standardwebhooks.Webhook(SECRET).sign(identity, now, body)
    stamp = str(int(now.timestamp()))
    headers = {"svix-id": identity, "svix-timestamp": stamp, "svix-signature": signature}
    return {"content": body.encode(), "headers": {**KNOCK, **headers}}


def from_postmark(kind: str, ref: str, address: str, now: datetime) -> dict[str, Any]:
    """Return a post as Postmark makes it."""
    told = {
        "RecordType": kind,
        "Type": "HardBounce",
        "ID": 42,
        "MessageID": "m-1",
        "Email": address,
        "BouncedAt": now.isoformat(),
        "Metadata": {"ref": ref},
    }
    login = base64.b64encode(LOGIN.encode()).decode()
    headers = {**KNOCK, "Authorization": f"Basic {login}"}
    return {"content": json.dumps(told).encode(), "headers": headers}


def plain(*told: tuple[str, str, str, str]) -> dict[str, Any]:
    return {"content": json.dumps(told).encode(), "headers": {"X-Secret": "open"}}


def recorded(context: Context) -> list[tuple[str, str, int | None]]:
    with context.store.read() as connection:
        query = select(table.c.provider, table.c.kind, table.c.delivery_id).order_by(table.c.id)
        return [tuple(row) for row in connection.execute(query)]


def muted(context: Context, address: str = ANNA) -> str | None:
    key = context.address_hash(address)
    with context.store.read() as connection:
        return suppressions.find(connection, [key]).get(key)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "bypost.web.hooks"]


# What is believed


@pytest.mark.parametrize(
    ("name", "make", "kind", "reason"),
    [
        ("resend", from_resend, "email.bounced", "bounced"),
        ("resend", from_resend, "email.complained", "complained"),
        ("resend", from_resend, "email.delivered", None),
        ("postmark", from_postmark, "Bounce", "bounced"),
        ("postmark", from_postmark, "SpamComplaint", "complained"),
        ("postmark", from_postmark, "Delivery", None),
    ],
)
def test_what_a_provider_posts_is_recorded_and_acts_at_once(
    post: Post,
    context: Context,
    name: str,
    make: Callable[..., dict[str, Any]],
    kind: str,
    reason: str | None,
) -> None:
    answer = post(name, **make(kind, context.reference(1), ANNA, context.clock.now()))
    assert (answer.status_code, answer.text) == (200, "1 new of 1\n")
    assert [(p, d) for p, _, d in recorded(context)] == [(name, 1)]
    assert muted(context) == reason


def test_whoever_complained_gets_nothing_more(
    post: Post, context: Context, clock: SimulatedClock
) -> None:
    post("resend", **from_resend("email.complained", context.reference(1), ANNA, clock.now()))
    clock.advance(timedelta(days=1))
    assert Pass(context).run().this_pass.accepted == 1, "the other person's lesson"


def test_the_same_post_again_is_answered_alike_and_does_nothing(
    post: Post, context: Context, clock: SimulatedClock
) -> None:
    sent = from_resend("email.bounced", context.reference(1), ANNA, clock.now())
    answers = [post("resend", **sent) for _ in range(3)]
    assert [(a.status_code, a.text) for a in answers] == [
        (200, "1 new of 1\n"),
        (200, "0 new of 1\n"),
        (200, "0 new of 1\n"),
    ]
    assert len(recorded(context)) == 1


def test_posts_in_any_order_end_alike(post: Post, context: Context, clock: SimulatedClock) -> None:
    for number, kind in enumerate(["complained", "delivered", "bounced", "sent"]):
        sent = from_resend(
            f"email.{kind}", context.reference(1), ANNA, clock.now(), f"msg_{number}"
        )
        assert post("resend", **sent).status_code == 200
    assert len(recorded(context)) == 4
    assert muted(context) == "complained"


@pytest.mark.parametrize("name", ["resend", "postmark"])
def test_a_kind_that_is_not_known_is_recorded_and_answered_with_200(
    post: Post, context: Context, name: str
) -> None:
    make = from_resend if name == "resend" else from_postmark
    sent = make("email.brand_new", context.reference(1), ANNA, context.clock.now())
    assert post(name, **sent).status_code == 200
    assert recorded(context) == [(name, "other", 1)]


def test_many_events_in_one_post_are_all_taken(post: Post, context: Context) -> None:
    told = [(f"e-{n}", "opened", context.reference(1), ANNA) for n in range(250)]
    assert post("ses", **plain(*told, told[0])).text == "250 new of 251\n"
    assert len(recorded(context)) == 250


def test_a_post_needs_no_cookie_and_sets_none(post: Post, context: Context) -> None:
    headers = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    sent = plain(("e-1", "opened", "", ""))
    answer = post("ses", content=sent["content"], headers={**sent["headers"], **headers})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-type"].startswith("text/plain")


# What is refused


def test_a_forged_post_is_answered_with_401_and_never_403(
    post: Post, context: Context, clock: SimulatedClock
) -> None:
    genuine = from_resend("email.complained", context.reference(1), ANNA, clock.now())
    late = from_resend(
        "email.complained", context.reference(1), ANNA, clock.now() - timedelta(hours=1)
    )
    changed = {**genuine, "content": genuine["content"].replace(b"anna", b"bo")}
    unsigned = {**genuine, "headers": KNOCK}
    wrong = {**genuine["headers"], "svix-signature": "v1,AAAA"}
    for sent in (late, changed, unsigned, {**genuine, "headers": wrong}):
        answer = post("resend", **sent)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")
    assert recorded(context) == []
    assert muted(context) is None


def test_the_post_of_one_provider_is_refused_at_the_address_of_another(
    post: Post, context: Context, clock: SimulatedClock
) -> None:
    one = from_resend("email.complained", context.reference(1), ANNA, clock.now())
    two = from_postmark("SpamComplaint", context.reference(1), ANNA, clock.now())
    assert post("postmark", **one).status_code == 401
    assert post("resend", **two).status_code == 401
    assert recorded(context) == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[]]"])
def test_garbage_is_answered_with_400_and_the_reason(
    post: Post, context: Context, body: bytes
) -> None:
    answer = post("ses", content=body, headers={"X-Secret": "open"})
    assert (answer.status_code, answer.text) == (400, "the body is not JSON\n")
    assert recorded(context) == []


@pytest.mark.parametrize("name", ["smtp", "nobody", "Resend", "%00", "resend%0Aforged"])
def test_a_name_without_a_secret_is_not_found(post: Post, name: str) -> None:
    answer = post(name, **plain())
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_other_methods_do_not_tell_which_providers_are_set(context: Context, method: str) -> None:
    hooks = {"resend": Plain("open", context.clock)}
    with TestClient(make_site(replace(context, hooks=hooks)), base_url=PUBLIC) as client:
        known, unknown = (client.request(method, f"/hooks/{n}") for n in ("resend", "nobody"))
    assert known.status_code == unknown.status_code == 405
    assert known.headers["allow"] == "POST"
    assert known.text == unknown.text


def test_a_post_of_up_to_one_megabyte_is_read_and_a_larger_one_refused(
    post: Post, context: Context
) -> None:
    filled = plain(("e-1", "opened", "", ""))
    filled["content"] = filled["content"].ljust(1024 * 1024)
    assert post("ses", **filled).status_code == 200
    larger = filled["content"] + b" "
    assert post("ses", content=larger, headers=filled["headers"]).status_code == 413
    parts = (b" " * 1024 for _ in range(1025))
    assert post("ses", content=parts, headers=filled["headers"]).status_code == 413
    assert post("resend", content=b" " * 2_000_000).status_code == 413
    assert len(recorded(context)) == 1


def test_while_the_database_does_not_answer_the_provider_is_asked_to_come_again(
    context: Context, tmp_path: Path
) -> None:
    (tmp_path / "folder.db").mkdir()  # a folder where the file should be
    gone = Store("sqlite:///folder.db", root=tmp_path)
    broken = replace(context, store=gone, hooks={"ses": Plain("open", context.clock)})
    with TestClient(make_site(broken), base_url=PUBLIC) as client:
        answer = client.post("/hooks/ses", **plain(("e-1", "opened", "", "")))
    gone.close()
    assert answer.status_code == 503
    assert "folder.db" not in answer.text


def test_the_local_site_never_answers_a_providers_post_with_403(context: Context) -> None:
    hooks = {"ses": Plain("open", context.clock)}
    with TestClient(make_site(replace(context, hooks=hooks), local=True)) as client:
        client.base_url = "https://tunnel.example"
        assert client.post("/hooks/ses", **plain()).status_code == 421
        client.base_url = "http://localhost:8000"
        assert client.post("/hooks/ses", **plain()).status_code == 200


# What stands in the log


def test_each_refused_post_is_one_line_without_addresses_or_secrets(
    post: Post,
    context: Context,
    clock: SimulatedClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sent = from_resend("email.complained", context.reference(1), ANNA, clock.now())
    post("resend", **{**sent, "content": sent["content"] + b" "})
    post("ses", content=b"{", headers={"X-Secret": "open"})
    post("postmark%0Aforged", **plain())
    post("resend", content=b" " * 2_000_000)
    post("resend", **sent)
    assert lines(caplog) == [
        "hooks/resend: answered 401: resend: the signature is wrong",
        "hooks/ses: answered 400: the body is not JSON",
        "hooks/unknown: answered 404: no webhook_secret is set for this name",
        "hooks/resend: answered 413: the body is too large",
    ]
    assert {r.levelname for r in caplog.records if r.name == "bypost.web.hooks"} == {"WARNING"}
    assert ANNA not in caplog.text
    assert SECRET not in caplog.text


def test_the_same_line_is_written_once_a_minute_with_how_often_it_was_not(
    post: Post, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        post("resend", content=b"{}")
    post("ses", content=b"{}")
    clock.advance(timedelta(seconds=61))
    post("resend", content=b"{}")
    first, other, second = lines(caplog)
    assert second == f"{first} (4 more like it before)"
    assert other.startswith("hooks/ses: answered 401")


def test_a_flood_of_different_lines_is_not_remembered_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [0.0]
    refused = Refusals(lambda: now[0])
    for number in range(1000):
        refused.note("resend", 400, f"reason {number}")
    assert len(lines(caplog)) == 100
    now[0] = 61.0
    refused.note("resend", 400, "another day")
    assert lines(caplog)[-1].endswith("another day")
