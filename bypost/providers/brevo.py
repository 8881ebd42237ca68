"""Brevo: one request with a version of the mail for each person, and an idempotency key.

The key stands in the request's JSON. A repeat is answered with the error ``duplicate_parameter``
and not processed: then the earlier attempt was. Facts, read in November 2026: Brevo's pages "Batch
send transactional emails", "Idempotency for batch emails", "Rate limits", "Transactional webhooks"
and "Create a webhook", its generated library brevo-python 5.1.0, and django-anymail 15.2, which is
tested against the service.
"""

from __future__ import annotations

import uuid
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from bypost.errors import OutcomeUnknown, Refused, SendError, Throttled
from bypost.http import HttpAnswer, HttpClient
from bypost.model.bulk import Bulk
from bypost.model.event import Event, EventKind
from bypost.model.message import Key, Message, Result
from bypost.providers.account import Account, DnsRecord
from bypost.providers.checked import Checked
from bypost.providers.http_provider import JsonProvider, usable_key
from bypost.providers.limits import Limits
from bypost.providers.mailbox import phrase
from bypost.providers.objection import Weight
from bypost.providers.payload import (
    MAX_ID,
    Payload,
    address,
    detail,
    digest,
    entries,
    is_too_large,
    reference,
)
from bypost.providers.signature import Basic, Bearer
from bypost.providers.splice import spliced_array
from bypost.providers.webhook import Webhook
from scheduler.clock import Clock

#: Makes the UUIDs of our keys.
_KEYS = uuid.UUID("6f0b5a1e-58a3-4c0e-9a47-0d7b3f1c2e95")
#: Stands for the whole request where each version has its own; nobody gets it.
_NOBODYS = "-"
#: Headers that Brevo reads as an order to itself.
_ORDERS = ("idempotencykey", "x-mailin-", "x-sib-", "sender.ip")


class _Repeated(Refused):
    """The key was used before, so this request was not processed."""


class Brevo(JsonProvider):
    """Send through Brevo's endpoint for transactional mail, as versions of one mail."""

    name = "brevo"
    title = "Brevo"
    path = "/v3/smtp/email"
    # Its guide says 30 minutes, an older note 15: the shorter holds in any case.
    send_class = Key(lifetime=timedelta(minutes=15))
    default_batch_size = 1000
    #: Ours: Brevo publishes no limit of a request. A mail with its attachments may have 20 MB.
    max_bytes = 18_000_000
    limits = Limits(
        per_second=1.5, source="100 batches a minute, Brevo's page on batch sending; November 2026"
    )
    asks = "nothing by itself; a mail that went alone is found by its tag among the events"
    checked = Checked(
        pages="its pages on batches, keys, rates and webhooks; brevo-python 5.1.0; "
        "django-anymail 15.2",
        on=date(2026, 11, 23),
    )

    def __init__(
        self,
        *,
        http: HttpClient,
        api_key: str | None,
        base_url: str = "https://api.brevo.com",
        batch_size: int | None = None,
    ) -> None:
        """Make the adapter.

        Raises:
            SettingsError: No usable key, address or batch size.
        """
        self._api_key = usable_key(self.name, api_key, "an API key of the version 3")
        super().__init__(
            http=http, base_url=base_url, batch_size=batch_size, secrets=[self._api_key]
        )
        #: Keys of requests that were surely not taken.
        self._turned_away: set[str] = set()

    def unfit(self, message: Message, weight: Weight) -> str:
        """Refuse what Brevo has no place for."""
        if not message.subject:
            return "it has no subject; Brevo wants one"
        if not weight.html:
            return "it has no HTML; Brevo wants some"
        orders = [name for name in message.headers if name.lower().startswith(_ORDERS)]
        return f"Brevo reads the header {orders[0]} as an order to itself" if orders else ""

    def room(self, bulk: Bulk) -> int:
        """Return how many people fit into a request: long lessons reach its bytes first."""
        one = len(self.encode_bulk(bulk.only([0])))
        return max(1, min(self.batch_size, self.max_bytes * 9 // 10 // one))

    def encode_bulk(self, bulk: Bulk) -> bytes:
        """Return the JSON; what its versions have in common is escaped once.

        A version may only change what the request has as well (brevo-python: "only if set
        globally").
        """
        shared: dict[str, object] = {
            "sender": _mailbox(bulk.from_name, bulk.from_email),
            "subject": _NOBODYS,
            "htmlContent": _NOBODYS,
        }
        if any(bulk.text.fill(person.values) for person in bulk.people):
            shared["textContent"] = _NOBODYS
        if bulk.reply_to:
            shared["replyTo"] = {"email": bulk.reply_to}
        if len(bulk.people) == 1:  # a tag is that of all versions
            shared["tags"] = [bulk.people[0].ref]
        before = orjson.dumps(shared)[:-1] + b',"messageVersions":'
        return spliced_array(bulk, _item, _mailbox, before=before, after=b"}")

    def headers(self, key: str) -> Mapping[str, str]:
        """Return the headers; the idempotency key is not one of them."""
        return {
            "api-key": self._api_key,
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def send(self, body: bytes, *, count: int, key: str) -> Sequence[Result]:
        """Post ``body`` with its key inside; see :meth:`Provider.send`.

        A key that Brevo knows means that an earlier attempt was taken: the ids of its mails were in
        the answer that got lost. Unless that attempt was surely refused: then nobody knows.
        """
        inside = orjson.dumps({"headers": {"idempotencyKey": str(uuid.uuid5(_KEYS, key))}})
        try:
            whole = b"".join((inside[:-1], b",", memoryview(body)[1:]))
            return super().send(whole, count=count, key=key)
        except _Repeated as error:
            if key in self._turned_away:
                raise OutcomeUnknown(str(error), status=error.status) from error
            return [Result(accepted=True)] * count
        except (Refused, Throttled):
            self._turned_away.add(key)
            raise

    def account(self, domain: str) -> Account:
        """Ask for our account, and what it knows of the sender's domain."""
        company = self.ask(
            "/v3/account", lambda it: str(dict(it).get("companyName") or it["email"])
        )
        words = self.plain(f"the key is of the account {company}")
        try:
            told = self.ask(f"/v3/senders/domains/{quote(domain, safe='')}", dict)
        except Refused as error:
            if error.status not in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND):
                raise
            trouble = self.plain(f"{domain} is not among the domains of this account")
            return Account(words=words, trouble=trouble)
        good = told.get("authenticated") is True
        return Account(
            words=words,
            trouble="" if good else self.plain(f"{domain} is not authenticated there"),
            records=_records(domain, told.get("dns_records")),
        )

    def results(self, answer: Any, count: int) -> Sequence[Result]:
        """Return an id for each version; Brevo takes all of them or none."""
        ids = answer["messageIds"] if "messageIds" in answer else [answer["messageId"]]
        if not isinstance(ids, list) or len(ids) != count:
            raise ValueError("another number of ids than messages")
        if not all(isinstance(one, str) and one for one in ids):
            raise ValueError("an accepted message without an id")
        return [Result(accepted=True, provider_id=one) for one in ids]

    def refusal(self, answer: HttpAnswer) -> SendError:
        """Tell a repeated key from a refusal."""
        if (
            answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
            and _code(answer) == "duplicate_parameter"
        ):
            return _Repeated(
                f"brevo: HTTP {answer.status}: this key was used before, so this request was not "
                f"taken; the earlier one may have been: {self.words(answer)}",
                status=answer.status,
            )
        return super().refusal(answer)

    def find(self, ref: str, *, to: str, since: datetime) -> Result | None:
        """Ask the events for a mail that was sent alone; others have no tag of their own.

        Raises:
            OutcomeUnknown: There is none, which says nothing.
        """
        query = {"tags": ref, "limit": 1} | ({"email": to} if to else {})
        path = f"/v3/smtp/statistics/events?{urlencode(query)}"
        events = self.ask(
            path, lambda it: [str(one["messageId"]) for one in dict(it).get("events", [])]
        )
        if events:
            return Result(accepted=True, provider_id=events[0])
        raise OutcomeUnknown(
            f"brevo: has no event of a mail with the tag {ref}, which says nothing"
        )


#: Event -> what happened.
_EVENTS = {
    "request": EventKind.SENT,
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DEFERRED,
    "hard_bounce": EventKind.BOUNCED,
    "invalid_email": EventKind.BOUNCED,
    "soft_bounce": EventKind.SOFT_BOUNCED,
    "spam": EventKind.COMPLAINED,
    "complaint": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "unsubscribed": EventKind.UNSUBSCRIBED,
    "opened": EventKind.OPENED,
    "unique_opened": EventKind.OPENED,
    "proxy_open": EventKind.OPENED,
    "unique_proxy_open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "blocked": EventKind.REJECTED,
    "error": EventKind.REJECTED,
}


class BrevoHook(Webhook):
    """Brevo's webhook: one event a request, or a list; no signature, Basic or a token."""

    name = "brevo"
    known_by = "Basic auth or bearer token"

    def __init__(self, secret: str, clock: Clock) -> None:
        """Take ``username:password`` or a token; raises SettingsError for anything else."""
        super().__init__(secret, clock)
        self._who = (Basic if ":" in secret else Bearer)(self.name, secret)

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        """Return the events; see :meth:`Webhook.read`."""
        self._who.check(headers)
        return [self._event(told) for told in entries(body)]

    def _event(self, told: Payload) -> Event:
        kind = _EVENTS.get(told.text("event"), EventKind.OTHER)
        reason = told.text("reason")
        # ts and ts_event are seconds of the account's own zone (seen in django-anymail's samples).
        at = told.epoch("ts_epoch", per_second=1000)
        return Event(
            event_id=digest(told.raw),
            kind=kind,
            ref=_ref(told),
            provider_id=told.text("message-id")[:MAX_ID],
            recipient=address(told.field("email")),
            at=at or self._clock.now(),
            too_large=kind is EventKind.SOFT_BOUNCED and is_too_large(reason),
            detail=detail(reason),
            raw=told.raw,
        )


def _ref(told: Payload) -> str:
    """Return our reference from the header of its own, else from the only tag."""
    custom = told.field("X-Mailin-custom")
    try:
        inside = orjson.loads(custom) if isinstance(custom, str) else None
    except ValueError:
        inside = None
    inside = inside.get("ref") if isinstance(inside, dict) else custom
    tags = told.field("tags")
    only = tags[0] if isinstance(tags, list) and len(tags) == 1 else ""
    return reference(inside) or reference(only)


def _mailbox(name: str, email: str) -> dict[str, str]:
    return {"email": email, "name": _name(name)} if name else {"email": email}


def _name(name: str) -> str:
    """Return a name that arrives.

    One with letters beyond ASCII and a comma or the like is dropped by Brevo without a word
    (django-anymail 15.2), so that one is encoded here (RFC 2047).
    """
    if name.isascii() or phrase(name) == name:
        return name
    return f"=?utf-8?b?{b64encode(name.encode()).decode()}?="


def _item(message: Message, to: Any) -> dict[str, object]:
    fields: dict[str, object] = {
        "to": [to],
        "subject": message.subject,
        "htmlContent": message.html,
        "textContent": message.text,
        # Spelled out by hand: the reference may be a mark, and needs no escaping.
        "headers": {**message.headers, "X-Mailin-custom": f'{{"ref":"{message.ref}"}}'},
    }
    return {name: value for name, value in fields.items() if value}


def _records(domain: str, records: object) -> Sequence[DnsRecord]:
    """Return what Brevo wants in the domain name system, names in full."""
    found = []
    for one in records.values() if isinstance(records, dict) else ():
        if isinstance(one, dict):
            name, kind, value = (str(one.get(key) or "") for key in ("host_name", "type", "value"))
            full = name if name.endswith(domain) else f"{name}.{domain}" if name else domain
            found.append(DnsRecord(name=full, kind=kind, value=value))
    return found


def _code(answer: HttpAnswer) -> str:
    try:
        return str(orjson.loads(answer.body)["code"])
    except (ValueError, KeyError, TypeError):
        return ""
