"""The budget of each service: declared by its adapter with where it is from; settings override.

And what each says when it is used up: by status, by header or by words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from bypost.errors import Throttled
from bypost.http import HttpClient
from bypost.providers.http_provider import HttpProvider
from bypost.providers.registry import HOOKS
from bypost.providers.table import adapters
from bypost.settings.providers import Providers
from bypost.testing import fault
from bypost.testing.fake_server import FakeServer, Reply, Request
from tests.contracts.built import built
from tests.contracts.http_provider import no_proxies
from tests.contracts.provider import make_messages

RECORDED = Path(__file__).parents[1] / "recorded"
ADAPTERS = [one for one in adapters().values() if issubclass(one, HttpProvider)]

every_adapter = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda one: one.name)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


#: Recorded answer -> what it asks us to wait.
LIMITED = {
    "brevo/rate-limited": seconds(12),
    "mailgun/rate-limited": seconds(120),
    "mailjet/rate-limited": None,
    "mailtrap/rate-limited": None,
    "postmark/rate-limited": None,
    "resend/rate-limited": seconds(1),
    "resend/daily-quota": seconds(600),
    "sendgrid/rate-limited": seconds(60),
    "ses/too-many-requests": None,
    "ses/sending-rate": None,
    "ses/daily-quota": seconds(600),
    "ses/all-throttled": None,
    "ses/all-over-the-daily-quota": seconds(600),
}
#: Answers that say in their body alone that it was too much: of all mails, or of each.
IN_THE_BODY: dict[str, Any] = {
    "mailjet": {
        "Messages": [
            {
                "Status": "error",
                "Errors": [
                    {"ErrorCode": "mj-0429", "StatusCode": 429, "ErrorMessage": "Too many requests"}
                ],
            }
        ]
        * 2
    },
    "mailtrap": {"success": True, "responses": [{"success": False, "errors": ["Rate limit"]}] * 2},
    "postmark": [{"ErrorCode": 429, "Message": "Rate limit exceeded"}] * 2,
    "ses": {"BulkEmailEntryResults": [{"Status": "ACCOUNT_THROTTLED", "Error": "Too fast"}] * 2},
}


class Says(FakeServer):
    """Answers everything with what its script holds."""

    def process(self, request: Request, *, delay_s: float) -> Reply:
        return Reply(500, b"")


@pytest.fixture
def service() -> Iterator[Says]:
    with Says(port=0, script=fault.Script()) as server:
        yield server


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpClient]:
    no_proxies(monkeypatch)
    client = HttpClient(timeout=10, user_agent="bypost-tests/1")
    yield client
    client.close()


def throttled(name: str, service: Says, http: HttpClient, count: int) -> Throttled:
    provider = built(name, http, base_url=service.url)
    body = provider.prepare(make_messages(count))
    with pytest.raises(Throttled) as caught:
        provider.send(body, count=count, key="k7mq2xw9-b12")
    return caught.value


def test_every_service_behind_http_is_looked_at() -> None:
    assert {one.name for one in ADAPTERS} == set(HOOKS)
    assert {name.partition("/")[0] for name in LIMITED} == set(HOOKS)


@every_adapter
def test_the_settings_begin_with_what_the_adapter_declares(adapter: type[HttpProvider]) -> None:
    section = getattr(Providers(), adapter.name)
    assert section.per_second == adapter.limits.per_second
    assert section.per_day == adapter.limits.per_day


@every_adapter
def test_a_limit_says_where_it_is_from_and_when_that_was_read(adapter: type[HttpProvider]) -> None:
    assert re.search(r"\w+ 20\d\d", adapter.limits.source)
    assert adapter.default_batch_size >= 1
    assert adapter.max_bytes > adapter.default_batch_size
    assert adapter.title != HttpProvider.title


@pytest.mark.parametrize("recorded", LIMITED)
def test_too_much_as_each_service_says_it_is_for_now_and_tells_how_long(
    service: Says, http: HttpClient, recorded: str
) -> None:
    said = orjson.loads((RECORDED / f"{recorded}.json").read_bytes())
    body = said["body"] if isinstance(said["body"], str) else orjson.dumps(said["body"]).decode()
    dated = {"Date": "Mon, 23 Nov 2026 08:00:00 GMT", **said["headers"]}
    service.script.add(fault.answer(said["status"], body, dated))
    error = throttled(recorded.partition("/")[0], service, http, said["messages"])
    assert error.retry_after == LIMITED[recorded]


@pytest.mark.parametrize("name", IN_THE_BODY)
def test_too_much_said_of_each_mail_is_for_now_and_nobody_s_failure(
    service: Says, http: HttpClient, name: str
) -> None:
    service.script.add(fault.answer(200, orjson.dumps(IN_THE_BODY[name]).decode()))
    throttled(name, service, http, 2)
