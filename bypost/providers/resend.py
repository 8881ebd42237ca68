"""Resend: a list of finished messages in one request, with a real idempotency key.

Facts from Resend's OpenAPI description 1.5.0 (August 2026) and its pages on batch validation
modes, idempotency keys and errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson

from bypost.errors import Refused, SendError, Throttled
from bypost.http import HttpAnswer, HttpClient
from bypost.model.bulk import Bulk
from bypost.model.event import Event, EventKind
from bypost.model.message import Key, Message, Result
from bypost.providers.account import Account, DnsNeeds, DnsRecord
from bypost.providers.checked import Checked
from bypost.providers.http_provider import JsonProvider, usable_key
from bypost.providers.limits import Limits
from bypost.providers.mailbox import mailbox
from bypost.providers.payload import (
    MAX_ID,
    Payload,
    address,
    detail,
    digest,
    is_too_large,
    reference,
)
from bypost.providers.retry_after import retry_after
from bypost.providers.signature import TOLERANCE, Svix
from bypost.providers.splice import spliced_array
from bypost.providers.webhook import Webhook
from scheduler.clock import Clock

#: Errors that say that a day or a month is used up; the headers beside them speak of the second.
_QUOTAS = frozenset({"daily_quota_exceeded", "monthly_quota_exceeded"})
#: How long nothing is asked then; Resend does not say when a quota is new.
_QUOTA_WAIT = timedelta(minutes=10)

#: Longest idempotency key that Resend takes, in characters.
MAX_KEY = 256


class Resend(JsonProvider):
    """Send through Resend's batch endpoint."""

    name = "resend"
    title = "Resend"
    path = "/emails/batch"
    send_class = Key(lifetime=timedelta(hours=24))
    default_batch_size = 100
    max_bytes = 38_000_000  #: Resend takes 40 MB
    limits = Limits(per_second=5, source="Resend's page on usage limits, per team; November 2026")
    # As its page on domains shows them (November 2026); SES sends for it.
    dns = DnsNeeds(spf="amazonses.com", return_path="send.{domain}", selectors=("resend",))
    checked = Checked(
        description="resend-openapi fd6f395, August 2026",
        pages="its pages on batch validation modes, idempotency keys and errors",
        on=date(2026, 11, 23),
    )

    def __init__(
        self,
        *,
        http: HttpClient,
        api_key: str | None,
        base_url: str = "https://api.resend.com",
        batch_size: int | None = None,
    ) -> None:
        """Make the adapter.

        Raises:
            SettingsError: No usable key, address or batch size.
        """
        self._api_key = usable_key(self.name, api_key, "a key with sending access")
        super().__init__(
            http=http, base_url=base_url, batch_size=batch_size, secrets=[self._api_key]
        )

    def encode(self, messages: Sequence[Message]) -> bytes:
        """Return the JSON array of messages."""
        return orjson.dumps([_item(one, [mailbox(one.to_name, one.to)]) for one in messages])

    def encode_bulk(self, bulk: Bulk) -> bytes:
        """Return the same array; what its messages have in common is escaped once."""
        return spliced_array(bulk, _item, lambda name, address: [mailbox(name, address)])

    def headers(self, key: str) -> Mapping[str, str]:
        """Return the headers; permissive means that one bad address spoils only itself."""
        if not 1 <= len(key) <= MAX_KEY:
            raise ValueError(f"resend: an idempotency key of {len(key)} characters")
        return {
            "Authorization": f"Bearer {self._api_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "x-batch-validation": "permissive",
        }

    def asking(self) -> Mapping[str, str]:
        """Return the headers of a question."""
        return {"Authorization": f"Bearer {self._api_key}", "Accept": "application/json"}

    def account(self, domain: str) -> Account:
        """Ask for our domains; a key that may only send cannot, which is no fault of it."""
        try:
            found = self.ask("/domains", _domains)
        except Refused as error:
            if "restricted" not in str(error):
                raise
            return Account(words="the key is known there; it may send, and read nothing")
        own = next((one for one in found if _covers(one["name"], domain)), None)
        if own is None:
            names = ", ".join(one["name"] for one in found) or "none"
            trouble = f"{domain} is not among the domains of this account: {names}"
            return Account(words="the key is known there", trouble=self.plain(trouble))
        records = self.ask(f"/domains/{quote(own['id'], safe='')}", partial(_records, own["name"]))
        verified = own["status"] == "verified"
        trouble = "" if verified else f"{own['name']} is not verified there: {own['status']}"
        words = f"the key is known there, and {own['name']} is {own['status']}"
        return Account(words=self.plain(words), trouble=self.plain(trouble), records=records)

    def results(self, answer: Any, count: int) -> Sequence[Result]:
        """Put ids and errors back into the order of the request.

        ``errors`` names the refused messages by index; ``data`` holds the others in order. A
        ``data`` with an empty place for each refused message is understood as well.
        """
        data = answer["data"]
        refused = self._refusals(answer.get("errors") or [], count)
        if refused and len(data) == count:
            if any(_id(data[index]) for index in refused):
                raise ValueError("a message is both accepted and refused")
            data = [item for index, item in enumerate(data) if index not in refused]
        if len(data) + len(refused) != count:
            raise ValueError("another number of results than messages")
        ids = iter(data)
        return [refused.get(index) or _accepted(next(ids)) for index in range(count)]

    def wait(self, answer: HttpAnswer) -> timedelta | None:
        """Return how long a 429 asks us to wait, or that of a quota."""
        asked = super().wait(answer)
        if _error_name(answer) not in _QUOTAS:
            return asked
        return max(asked or _QUOTA_WAIT, _QUOTA_WAIT)

    def refusal(self, answer: HttpAnswer) -> SendError:
        """Tell a request that is still running from a key used for other bytes."""
        name = _error_name(answer) if answer.status == HTTPStatus.CONFLICT else ""
        if name == "concurrent_idempotent_requests":
            return Throttled(
                "resend: HTTP 409: an earlier attempt with this key is still running there",
                status=answer.status,
                retry_after=retry_after(answer.headers),
            )
        if name == "invalid_idempotent_request":
            return Refused(
                "resend: HTTP 409: this key was used before with other bytes, so this request was "
                f"not taken; the earlier one may have been: {self.words(answer)}",
                status=answer.status,
            )
        return super().refusal(answer)

    def _refusals(self, errors: Sequence[Mapping[str, Any]], count: int) -> dict[int, Result]:
        """Return the refused messages by their place in the request."""
        refused: dict[int, Result] = {}
        for error in errors:
            index = error["index"]
            if type(index) is not int or not 0 <= index < count:
                raise ValueError("an error about a message that is not there")
            reason = self.plain(error["message"])
            refused[index] = Result(accepted=False, error=f"resend: {reason}")
        return refused


#: Type of an event -> what happened; email.bounced says more.
_TYPES = {
    "email.sent": EventKind.SENT,
    "email.delivered": EventKind.DELIVERED,
    "email.delivery_delayed": EventKind.DEFERRED,
    "email.complained": EventKind.COMPLAINED,
    "email.opened": EventKind.OPENED,
    "email.clicked": EventKind.CLICKED,
    "email.failed": EventKind.REJECTED,
    "email.suppressed": EventKind.REJECTED,
}


class ResendHook(Webhook):
    """Resend's webhook: one event a request, signed by Svix."""

    name = "resend"
    known_by = "Svix: HMAC-SHA256 of id, time and body"
    oldest = TOLERANCE

    def __init__(self, secret: str, clock: Clock) -> None:
        """Take the signing secret; raises SettingsError where it cannot be one."""
        super().__init__(secret, clock)
        self._svix = Svix(self.name, secret)

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        """Return the event; see :meth:`Webhook.read`."""
        delivery = self._svix.check(headers, body, self._clock.now())
        told = Payload(body)
        kind = _kind(told)
        bounce = (told.text("data", "bounce", "message"), told.text("data", "bounce", "subType"))
        words = (told.text("data", "failed", "reason"), told.text("data", "suppressed", "message"))
        event = Event(
            event_id=delivery if len(delivery) <= MAX_ID else digest(delivery.encode()),
            kind=kind,
            ref=reference(_tags(told.field("data", "tags")).get("ref")),
            provider_id=told.text("data", "email_id")[:MAX_ID],
            recipient=_recipient(told.field("data", "to")),
            at=told.instant("created_at") or self._clock.now(),
            too_large=kind is EventKind.SOFT_BOUNCED and is_too_large(*bounce),
            detail=detail(bounce[0], *words),
            raw=told.raw,
        )
        return [event]


def _domains(answer: Any) -> list[dict[str, str]]:
    """Return id, name and status of each domain of the account."""
    return [{key: str(one[key]) for key in ("id", "name", "status")} for one in answer["data"]]


def _covers(name: str, domain: str) -> bool:
    return domain == name or domain.endswith(f".{name}")


def _records(domain: str, answer: Any) -> list[DnsRecord]:
    """Return what the service wants in the domain name system, names in full."""
    found = []
    for one in answer["records"]:
        name, kind, value = str(one["name"]), str(one["type"]), str(one["value"])
        full = name if name == domain or name.endswith(f".{domain}") else f"{name}.{domain}"
        priority = f"{one['priority']} " if kind == "MX" and one.get("priority") else ""
        found.append(DnsRecord(name=full, kind=kind, value=priority + value))
    return found


def _kind(told: Payload) -> EventKind:
    name = told.text("type")
    if name == "email.bounced":
        return _bounce(told)
    return _TYPES.get(name, EventKind.OTHER)


def _bounce(told: Payload) -> EventKind:
    """Tell a bounce for good from one of this time; Undetermined is not for good.

    Older events have no type, only words; these say "hard bounce" where it is one.
    """
    kind = told.text("data", "bounce", "type").casefold()
    hard = kind == "permanent" or (
        not kind and "hard bounce" in told.text("data", "bounce", "message").casefold()
    )
    return EventKind.BOUNCED if hard else EventKind.SOFT_BOUNCED


def _tags(tags: object) -> Mapping[str, object]:
    """Return the tags by name: they come as a list of pairs or as an object."""
    if isinstance(tags, dict):
        return tags
    if not isinstance(tags, list):
        return {}
    pairs = [tag for tag in tags if isinstance(tag, dict)]
    return {tag["name"]: tag.get("value") for tag in pairs if isinstance(tag.get("name"), str)}


def _recipient(to: object) -> str:
    """Return whom the event is about; nobody where the mail had several recipients: not ours."""
    return address(to[0]) if isinstance(to, list) and len(to) == 1 else ""


def _item(message: Message, to: list[str]) -> dict[str, object]:
    fields: dict[str, object] = {
        "from": mailbox(message.from_name, message.from_email),
        "to": to,
        "subject": message.subject,
        "html": message.html,
        "text": message.text,
        "reply_to": message.reply_to,
        "headers": dict(message.headers),
        "tags": [{"name": "ref", "value": message.ref}],
    }
    return {name: value for name, value in fields.items() if value or name == "subject"}


def _accepted(item: object) -> Result:
    if not (provider_id := _id(item)):
        raise ValueError("an accepted message without an id")
    return Result(accepted=True, provider_id=provider_id)


def _id(item: object) -> str:
    identity = item.get("id") if isinstance(item, dict) else None
    return identity if isinstance(identity, str) else ""


def _error_name(answer: HttpAnswer) -> str:
    try:
        return str(orjson.loads(answer.body)["name"])
    except (ValueError, KeyError, TypeError):
        return ""
