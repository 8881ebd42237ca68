"""Every recorded request, as it is and with something wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from bypost.errors import Forged, HookError
from bypost.http import HttpAnswer
from bypost.providers.registry import HOOKS, build_hook
from bypost.providers.webhook import Webhook
from bypost.testing import told
from bypost.testing.fake_postmark import WEBHOOK_SECRET as POSTMARK
from bypost.testing.fake_resend import WEBHOOK_SECRET as RESEND
from bypost.testing.told_sns import Amazon
from scheduler.clock import SimulatedClock
from tests.contracts.webhook import NOW, RECORDED

Recorded = dict[str, Any]
Change = Callable[[Recorded], None]

#: Where the signature is in a header; the others' is in the body, or there is none.
IN_HEADERS = ("mailtrap", "resend", "sendgrid")
SIGNED = ("mailgun", "mailtrap", "resend", "sendgrid", "ses")
TIMED = ("mailgun", "resend", "sendgrid")
OTHERS = {name: told.secret(name) for name in HOOKS} | {"postmark": POSTMARK, "resend": RESEND}


def everything() -> Iterator[tuple[str, Recorded]]:
    for name in sorted(HOOKS):
        for request in orjson.loads((RECORDED / f"{name}.json").read_bytes()):
            yield name, request


def valid(*names: str) -> list[Any]:
    """Return the valid requests of these services, each a parameter with its own name."""
    return [
        pytest.param(name, request, id=f"{name}-{request['id']}")
        for name, request in everything()
        if request["valid"] and name in names
    ]


def hook_for(name: str, request: Recorded, *, shift: timedelta = timedelta(0)) -> Webhook:
    at = request["received_at"]
    clock = SimulatedClock((datetime.fromtimestamp(at, UTC) if at else NOW) + shift)
    amazon = Amazon()
    if certificate := request.get("certificate"):
        pem = (RECORDED / certificate["file"]).read_bytes()
        amazon.answers[certificate["at"]] = HttpAnswer(200, {}, pem)
    http: Any = amazon
    return build_hook(name, request["secret"], clock=clock, http=http)


def refused(name: str, request: Recorded, change: Change) -> None:
    changed = copy.deepcopy(request)
    change(changed)
    assert changed != request
    with pytest.raises(Forged):
        hook_for(name, changed).read(changed["headers"], changed["body"].encode())


@pytest.mark.parametrize(
    ("name", "request_"),
    [pytest.param(name, one, id=f"{name}-{one['id']}") for name, one in everything()],
)
def test_a_recorded_request_means_what_it_says(name: str, request_: Recorded) -> None:
    hook, body = hook_for(name, request_), request_["body"].encode()
    if not request_["valid"]:
        with pytest.raises(Forged):
            hook.read(request_["headers"], body)
        return
    received = (
        datetime.fromtimestamp(request_["received_at"], UTC) if request_["received_at"] else NOW
    )
    events = hook.read(request_["headers"], body)
    assert len(events) == len(request_["events"])
    for event, expected in zip(events, request_["events"], strict=True):
        assert event.kind == expected["kind"]
        assert event.recipient == expected["recipient"]
        assert event.provider_id == expected["provider_id"]
        assert event.event_id.startswith(expected["event_id"] or "")
        assert event.at.isoformat() == (expected["at"] or received.isoformat())


@pytest.mark.parametrize(("name", "request_"), valid(*IN_HEADERS))
def test_no_byte_of_a_signed_body_may_be_another(name: str, request_: Recorded) -> None:
    body = request_["body"].encode()
    hook = hook_for(name, request_)
    for place in range(0, len(body), 7):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(Forged):
            hook.read(request_["headers"], changed)


@pytest.mark.parametrize(("name", "request_"), valid("ses"))
@pytest.mark.parametrize(
    "field", ["Type", "MessageId", "Message", "Timestamp", "TopicArn", "Subject", "Signature"]
)
def test_no_signed_field_of_sns_may_be_another(name: str, request_: Recorded, field: str) -> None:
    told_of = orjson.loads(request_["body"])
    for text in ("x", told_of.get(field, "") + " ", told_of.get(field, "")[:-1] + "é", 7, None):
        if told_of.get(field) == text:
            continue

        def change(request: Recorded, text: Any = text) -> None:
            request["body"] = orjson.dumps(told_of | {field: text}).decode()

        refused(name, request_, change)


@pytest.mark.parametrize(("name", "request_"), valid("mailgun"))
@pytest.mark.parametrize("field", ["timestamp", "token", "signature"])
def test_no_part_of_mailgun_s_signature_may_be_another(
    name: str, request_: Recorded, field: str
) -> None:
    for place in (0, 3, -1):

        def change(request: Recorded, place: int = place) -> None:
            whole = orjson.loads(request["body"])
            letters = list(whole["signature"][field])
            letters[place] = "1" if letters[place] != "1" else "2"
            whole["signature"][field] = "".join(letters)
            request["body"] = orjson.dumps(whole).decode()

        refused(name, request_, change)


@pytest.mark.parametrize(("name", "request_"), valid(*IN_HEADERS))
def test_a_missing_header_is_a_missing_signature(name: str, request_: Recorded) -> None:
    for header in request_["headers"]:
        if header != "content-type":
            refused(name, request_, lambda changed, name=header: changed["headers"].pop(name))


@pytest.mark.parametrize(
    ("name", "request_"),
    # The messages of SNS without a topic are of nobody; Amazon's own have one.
    [*valid(*(HOOKS.keys() - {"ses"})), *(one for one in valid("ses") if "aws-sha" in str(one.id))],
)
def test_another_s_key_opens_nothing(name: str, request_: Recorded) -> None:
    refused(name, request_, lambda changed: changed.update(secret=OTHERS[name]))


@pytest.mark.parametrize("name", [*IN_HEADERS, "ses"])
def test_the_signature_of_another_request_is_none_of_this_one(name: str) -> None:
    requests = [one for other, one in everything() if other == name and one["valid"]]
    pairs = [
        (one, other)
        for one in requests
        for other in requests
        if one["body"] != other["body"] and one["secret"] == other["secret"]
    ]
    assert pairs
    for one, other in pairs:
        refused(name, one, lambda changed, other=other: _sign_as(name, changed, other))


def _sign_as(name: str, request: Recorded, other: Recorded) -> None:
    """Give a request the signature of another."""
    if name != "ses":
        request.update(headers=other["headers"], received_at=other["received_at"])
        return
    given = orjson.loads(other["body"])
    lent = {field: given[field] for field in ("Signature", "SignatureVersion")}
    request["body"] = orjson.dumps(orjson.loads(request["body"]) | lent).decode()


@pytest.mark.parametrize(("name", "request_"), valid(*TIMED))
@pytest.mark.parametrize("shift", [timedelta(hours=25), timedelta(days=900), -timedelta(minutes=6)])
def test_a_genuine_request_is_refused_when_it_is_old_or_of_tomorrow(
    name: str, request_: Recorded, shift: timedelta
) -> None:
    with pytest.raises(Forged, match="the time of this machine; compare its clock"):
        hook_for(name, request_, shift=shift).read(request_["headers"], request_["body"].encode())


@pytest.mark.parametrize(("name", "request_"), valid(*HOOKS))
def test_half_a_body_is_refused(name: str, request_: Recorded) -> None:
    body = request_["body"].rstrip().encode()
    hook = hook_for(name, request_)
    for end in {1, len(body) // 2, len(body) - 1}:
        with pytest.raises(HookError):
            hook.read(request_["headers"], body[:end])


@pytest.mark.parametrize(("name", "request_"), valid(*SIGNED))
def test_a_key_told_twice_is_refused_or_means_the_one_that_is_signed(
    name: str, request_: Recorded
) -> None:
    body = request_["body"].strip()
    if name in IN_HEADERS:
        doubled = body.replace("{", '{"event": "spam", "type": "email.complained", ', 1)
        with pytest.raises(Forged):
            hook_for(name, request_).read(request_["headers"], doubled.encode())
        return
    inside = '"Message": "x", "Type": "x"' if name == "ses" else '"signature": {}'
    hook = hook_for(name, request_)
    before = hook.read(request_["headers"], f"{{{inside}, {body[1:]}".encode())
    assert before == hook.read(request_["headers"], body.encode())
    with pytest.raises(Forged):
        hook.read(request_["headers"], f"{body[:-1]}, {inside}}}".encode())


@pytest.mark.parametrize(("name", "request_"), valid(*HOOKS))
def test_two_megabytes_more_are_refused(name: str, request_: Recorded) -> None:
    hook = hook_for(name, request_)
    body = request_["body"].encode() + b" " * 2_000_000 + b"x"
    with pytest.raises(HookError):
        hook.read(request_["headers"], body)


@pytest.mark.parametrize(("name", "request_"), valid(*HOOKS))
def test_a_request_that_comes_again_has_the_same_ids(name: str, request_: Recorded) -> None:
    body = request_["body"].encode()
    ids = [
        [event.event_id for event in hook_for(name, request_).read(request_["headers"], body)]
        for _ in range(2)
    ]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(ids[0])
