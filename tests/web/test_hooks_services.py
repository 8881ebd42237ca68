"""``/hooks/PROVIDER`` for the services that ``bypost.testing.told`` speaks for, end to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from bypost.delivery.context import Context
from bypost.http import HttpAnswer
from bypost.model.event import EventKind
from bypost.providers.registry import build_hook
from bypost.store import suppressions
from bypost.store.schema import events as table
from bypost.testing import told
from bypost.testing.told import Posted, Told, tell
from bypost.testing.told_sns import CERTIFICATE_URL, CONFIRM_URL, Amazon, sns
from bypost.web import make_site
from tests.web.conftest import ANNA, PUBLIC

SERVICES = ("brevo", "mailgun", "mailjet", "mailtrap", "sendgrid", "ses")
Post = Callable[..., Any]


@pytest.fixture
def amazon() -> Amazon:
    return Amazon()


@pytest.fixture
def post(context: Context, amazon: Any) -> Iterator[Post]:
    """Post to the site of a project with all their webhooks."""
    clock = context.clock
    hooks = {
        name: build_hook(name, told.secret(name), clock=clock, http=amazon) for name in SERVICES
    }

    def send(name: str, posted: Posted) -> tuple[int, str]:
        headers, body = posted
        answer = client.post(f"/hooks/{name}", headers=headers, content=body)
        return answer.status_code, answer.text

    with TestClient(make_site(replace(context, hooks=hooks)), base_url=PUBLIC) as client:
        yield send


def from_service(context: Context, name: str, kind: EventKind) -> Posted:
    now = context.clock.now()
    event = Told(
        ref=context.reference(1),
        kind=kind,
        provider_id="<m-1@mail.example>",
        to=ANNA,
        at=now,
        detail=f"550 5.1.1 <{ANNA}>: unknown",
        now=now,
    )
    return tell(name, event)


def recorded(context: Context) -> list[tuple[str, str, int | None]]:
    with context.store.read() as connection:
        query = select(table.c.provider, table.c.kind, table.c.delivery_id).order_by(table.c.id)
        return [tuple(row) for row in connection.execute(query)]


def muted(context: Context) -> str | None:
    key = context.address_hash(ANNA)
    with context.store.read() as connection:
        return suppressions.find(connection, [key]).get(key)


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (EventKind.DELIVERED, None),
        (EventKind.SOFT_BOUNCED, None),
        (EventKind.BOUNCED, "bounced"),
        (EventKind.COMPLAINED, "complained"),
        (EventKind.UNSUBSCRIBED, "left"),
    ],
)
def test_what_a_service_posts_is_recorded_once_and_acts_at_once(
    post: Post, context: Context, name: str, kind: EventKind, reason: str | None
) -> None:
    sent = from_service(context, name, kind)
    answers = [post(name, sent) for _ in range(3)]
    assert answers == [(200, "1 new of 1\n"), (200, "0 new of 1\n"), (200, "0 new of 1\n")]
    assert recorded(context) == [(name, kind, 1)]
    assert muted(context) == reason


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_forged_cut_or_too_large_does_nothing_and_is_not_quoted(
    post: Post, context: Context, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    headers, body = from_service(context, name, EventKind.COMPLAINED)
    unsigned = body.replace(b"ignature", b"igning")
    assert post(name, (headers, body[:-3]))[0] in (400, 401)
    assert post(name, (dict.fromkeys(headers, "x"), unsigned))[0] == 401
    assert post(name, (headers, body + b" " * 2_000_000))[0] == 413
    assert recorded(context) == []
    assert muted(context) is None
    assert ANNA not in caplog.text
    assert told.secret(name) not in caplog.text


def test_a_second_event_under_mailgun_s_token_does_nothing(post: Post, context: Context) -> None:
    headers, body = from_service(context, "mailgun", EventKind.OPENED)
    made_up = body.replace(b'"opened"', b'"complained"')
    assert made_up != body
    assert post("mailgun", (headers, body)) == (200, "1 new of 1\n")
    assert post("mailgun", (headers, made_up)) == (200, "0 new of 1\n")
    assert muted(context) is None


def test_while_amazon_s_certificate_cannot_be_had_sns_is_asked_to_come_again(
    post: Post, context: Context, amazon: Amazon
) -> None:
    sent = from_service(context, "ses", EventKind.BOUNCED)
    amazon.answers[CERTIFICATE_URL] = HttpAnswer(500, {}, b"")
    assert post("ses", sent) == (503, "ses: Amazon answered 500 for its certificate\n")
    del amazon.answers[CERTIFICATE_URL]
    assert post("ses", sent) == (200, "1 new of 1\n")


def test_a_subscription_is_confirmed_by_the_site_itself(
    post: Post, context: Context, amazon: Amazon
) -> None:
    body = sns(
        "You have chosen to subscribe.",
        at=context.clock.now(),
        Type="SubscriptionConfirmation",
        Token="2336412f37fb",
        SubscribeURL=CONFIRM_URL,
    )
    assert post("ses", ({"x-amz-sns-message-type": "SubscriptionConfirmation"}, body)) == (
        200,
        "0 new of 0\n",
    )
    assert amazon.asked == [CERTIFICATE_URL, CONFIRM_URL]
