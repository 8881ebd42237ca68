from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from bypost.http import HttpClient
from bypost.model.event import EventKind
from bypost.providers.registry import build_hook
from bypost.providers.ses_sigv4 import SigV4
from bypost.testing.fake_ses import ACCESS_KEY_ID, FakeSes, rendered
from bypost.testing.told_sns import Amazon
from scheduler.clock import SimulatedClock
from tests.contracts.http_provider import no_proxies

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CLOCK = SimulatedClock(NOW)
SINGLE = "/v2/email/outbound-emails"
KEY = SigV4(
    access_key_id=ACCESS_KEY_ID, secret_access_key="ses-secret-of-nobody", region="us-east-1"
)


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpClient]:
    no_proxies(monkeypatch)
    client = HttpClient(timeout=10, user_agent="bypost-tests/1")
    yield client
    client.close()


def many(html: str, values: object, **template: Any) -> dict[str, Any]:
    content = {"TemplateContent": {"Subject": "Hi", "Html": html}, "TemplateData": '{"v":"all"}'}
    data = orjson.dumps(values).decode()
    entry = {
        "Destination": {"ToAddresses": ["ann@example.org"]},
        "ReplacementTags": [{"Name": "ref", "Value": "d-1"}],
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
        "ReplacementHeaders": [{"Name": "X-One", "Value": "mine"}],
    }
    return {
        "FromEmailAddress": "course@example.org",
        "DefaultContent": {"Template": {**content, **template}},
        "BulkEmailEntries": [entry],
    }


def test_values_go_in_once_and_as_they_are() -> None:
    (mail,) = rendered(many("<p>{{v}}</p>", {"v": "<b>&{{v}}"}))
    assert mail["texts"] == {"Html": "<p><b>&{{v}}</p>"}


def test_the_values_of_all_are_for_who_has_none() -> None:
    (mail,) = rendered(many("{{v}}", {}))
    assert mail["texts"]["Html"] == "all"


def test_headers_of_a_person_replace_those_of_all_by_name() -> None:
    headers = [{"Name": "X-One", "Value": "all"}, {"Name": "X-Two", "Value": "all"}]
    (mail,) = rendered(many("", {"v": "x"}, Headers=headers))
    assert mail["headers"] == {"X-One": "mine", "X-Two": "all"}


@pytest.mark.parametrize("html", ["{{#if v}}", "{{v}}}", "{{{v}}}", "\\{{v}}", "{{ a b }}", "{{"])
def test_braces_that_are_no_simple_variable_are_a_mistake(html: str) -> None:
    with pytest.raises(ValueError, match="braces"):
        rendered(many(html, {"v": "x"}))


def test_a_variable_without_a_value_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        rendered(many("{{w}}", {"v": "x"}))


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        ({"Authorization": ""}, "MissingAuthenticationTokenException"),
        ({"X-Amz-Date": "20261123T080001Z"}, "InvalidSignatureException"),
        ({"Content-Type": "text/plain"}, "InvalidSignatureException"),
    ],
    ids=repr,
)
def test_nothing_is_taken_without_a_right_signature(
    http: HttpClient, spoil: dict[str, str], error: str
) -> None:
    with FakeSes() as fake:
        url = fake.url + SINGLE
        signed = KEY.sign("POST", url, b"{}", NOW, {"Content-Type": "application/json"})
        answer = http.post(url, b"{}", signed | spoil)
        assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (403, error)
        assert not fake.accepted


@pytest.mark.parametrize("kind", EventKind)
def test_its_events_are_believed_and_read(kind: EventKind) -> None:
    with FakeSes(clock=CLOCK) as fake:
        hook = build_hook("ses", fake.webhook_secret, clock=CLOCK, http=Amazon())  # type: ignore[arg-type]
        (event,) = hook.read(*fake.event("d-1", kind, to="ann@example.org", detail="so it is"))
    assert (event.kind, event.ref, event.recipient) == (kind, "d-1", "ann@example.org")
