"""Mailtrap: one request with what all mails share, and a finished message for each person.

It has no idempotency key; after a lost answer its logs are asked for the mails of one address that
carry our reference. Facts, read in November 2026: Mailtrap's OpenAPI descriptions (mailtrap-openapi
f96b352), its pages (mailtrap-docs 85e55ff) and the webhooks in django-anymail 15.2, which is tested
against the service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from bypost.errors import Malformed, OutcomeUnknown, Refused
from bypost.http import HttpAnswer, HttpClient
from bypost.model.bulk import Bulk
from bypost.model.event import Event, EventKind
from bypost.model.message import Message, Result, Search
from bypost.providers.account import Account, DnsNeeds, DnsRecord
from bypost.providers.checked import Checked
from bypost.providers.http_provider import JsonProvider, usable_key
from bypost.providers.limits import Limits
from bypost.providers.objection import Weight
from bypost.providers.payload import (
    MAX_ID,
    Payload,
    address,
    detail,
    digest,
    is_about_size,
    is_too_large,
    listed,
    reference,
)
from bypost.providers.signature import Hmac
from bypost.providers.splice import spliced_array
from bypost.providers.verdicts import Blame, Verdict, settled
from bypost.providers.webhook import Webhook
from scheduler.clock import Clock

#: Pages of the logs that are read for one question.
PAGES = 5
#: How long mails are surely in the logs: those of the smallest plan (not in its API description).
KEPT = timedelta(days=3)
#: Where questions go; the hosts that take mails have no logs.
_LOGS = "https://mailtrap.io"

_OF_ONE = re.compile(r"(?i)'(?:to|cc|bcc)\b|\brecipient")
_LATER = re.compile(r"(?i)rate limit|too many requests|try again|temporar|internal server")
#: The sender, the key or the account: no message of ours is better than another.
_OF_ALL = re.compile(
    r"(?i)'(?:from|reply_to|base)\b|unauthorized|forbidden|\bdomain\b|\blimit\b|\bquota\b|\bplan\b"
    r"|\baccount\b|suspend"
)


class Mailtrap(JsonProvider):
    """Send through Mailtrap's batch endpoint."""

    name = "mailtrap"
    title = "Mailtrap"
    path = "/api/batch"
    # Mailtrap publishes no delay between taking a mail and listing it; five minutes are ours.
    send_class = Search(lag=timedelta(minutes=5))
    default_batch_size = 500
    max_bytes = 48_000_000  #: Mailtrap takes 50 MB
    limits = Limits(
        per_second=15,
        source="150 requests in 10 seconds per token, Mailtrap's pages; November 2026",
    )
    # What else it wants has the number of the account in its name, and is told by it.
    dns = DnsNeeds(selectors=("rwmt1", "rwmt2"))
    asks = "logs of the address, for the mail with the variable `ref`"
    checked = Checked(
        description="mailtrap-openapi f96b352, June 2026",
        pages="mailtrap-docs 85e55ff; django-anymail 15.2",
        on=date(2026, 11, 23),
    )

    def __init__(
        self,
        *,
        http: HttpClient,
        clock: Clock,
        api_key: str | None,
        base_url: str = "https://bulk.api.mailtrap.io",
        batch_size: int | None = None,
    ) -> None:
        """Make the adapter.

        Raises:
            SettingsError: No usable token, address or batch size.
        """
        self._token = usable_key(self.name, api_key, "a token of the sending domain")
        super().__init__(http=http, base_url=base_url, batch_size=batch_size, secrets=[self._token])
        self._clock = clock
        if (urlsplit(self._base).hostname or "").endswith(".mailtrap.io"):
            self._base = _LOGS

    def unfit(self, message: Message, weight: Weight) -> str:
        """Refuse what Mailtrap's description does not allow: nothing to read."""
        if not message.subject:
            return "it has no subject; Mailtrap wants one"
        return "" if weight.html or weight.text else "it is empty; Mailtrap wants HTML or text"

    def encode_bulk(self, bulk: Bulk) -> bytes:
        """Return the JSON; what its messages have in common is escaped once."""
        base: dict[str, object] = {"from": _mailbox(bulk.from_name, bulk.from_email)}
        if bulk.reply_to:
            base["reply_to"] = {"email": bulk.reply_to}
        before = b'{"base":' + orjson.dumps(base) + b',"requests":'
        return spliced_array(bulk, _item, _mailbox, before=before, after=b"}")

    def headers(self, key: str) -> Mapping[str, str]:
        """Return the headers; Mailtrap has no use for an idempotency key."""
        return {
            "Authorization": f"Bearer {self._token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def words(self, answer: HttpAnswer) -> str:
        """Return the service's own words: a list of errors."""
        try:
            errors = orjson.loads(answer.body)["errors"]
        except (ValueError, KeyError, TypeError):
            return super().words(answer)
        return self.plain(_joined(errors))

    def account(self, domain: str) -> Account:
        """Ask for our domains and the records they want; a token may be kept from them."""
        try:
            found = self.ask("/api/domains", lambda it: [dict(one) for one in it["data"]])
        except Refused as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            return Account(words="the token is known there; it may not list domains")
        own = next((one for one in found if str(one.get("domain_name")) == domain), None)
        if own is None:
            return Account(
                words="the token is known there",
                trouble=self.plain(f"{domain} is not among the domains that it may use"),
            )
        verified = own.get("dns_verified") is True
        return Account(
            words=self.plain(f"the token is known there, and so is {domain}"),
            trouble="" if verified else self.plain(f"{domain} is not verified there"),
            records=_records(domain, own.get("dns_records")),
        )

    def results(self, answer: Any, count: int) -> Sequence[Result]:
        """Tell what became of each message, in the order of the request."""
        responses = answer.get("responses") if isinstance(answer, dict) else None
        if not responses and isinstance(answer, dict) and answer.get("success") is False:
            verdict = self._verdict(answer)
            return settled([verdict] * max(2, count))  # of no message: of all of them
        if not isinstance(responses, list) or len(responses) != count:
            raise ValueError("another number of results than messages")
        return settled([self._verdict(one) for one in responses])

    def find(self, ref: str, *, to: str, since: datetime) -> Result | None:
        """Search the logs of ``to`` for the mail that carries ``ref``; see :meth:`Provider.find`.

        They can be searched by address and time, not by what a mail carries.
        """
        if not to:
            raise OutcomeUnknown("mailtrap: its logs cannot be searched without the address")
        if self._clock.now() - since >= KEPT:
            raise OutcomeUnknown(
                f"mailtrap: its logs of {KEPT.days} days ago may be gone; nothing is known of {ref}"
            )
        query = {
            "filters[to][operator]": "ci_equal",
            "filters[to][value]": to,
            "filters[sent_after]": since.isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
        for _ in range(PAGES):
            path = f"/api/email_logs?{urlencode(query)}"
            found, further = self.ask(path, partial(_found, ref=ref))
            if found or not further:
                return found
            query["search_after"] = further
        raise OutcomeUnknown(f"mailtrap: its logs of this address are longer than {PAGES} pages")

    def _verdict(self, item: Any) -> Verdict:
        if item["success"] is True:
            (identity,) = item["message_ids"]
            if not isinstance(identity, str) or not identity:
                raise ValueError("an accepted message without an id")
            return Verdict(provider_id=identity)
        if item["success"] is not False:
            raise ValueError("neither accepted nor refused")
        said = self.plain(_joined(item.get("errors"))) or "no explanation"
        return Verdict(code=said, words=f"mailtrap: {said}", blame=_blame(said))


#: Event -> what happened; after a "soft bounce" Mailtrap is still trying.
_EVENTS = {
    "delivery": EventKind.DELIVERED,
    "soft bounce": EventKind.DEFERRED,
    "suspension": EventKind.DEFERRED,
    "bounce": EventKind.BOUNCED,
    "spam": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "reject": EventKind.REJECTED,
}


class MailtrapHook(Webhook):
    """Mailtrap's webhook: up to 500 events a request, as JSON or one in each line, signed."""

    name = "mailtrap"
    known_by = "HMAC-SHA256 of the body"

    def __init__(self, secret: str, clock: Clock) -> None:
        """Take the signing secret; raises SettingsError where it cannot be one."""
        super().__init__(secret, clock)
        self._hmac = Hmac(self.name, secret, which="the webhook's signing secret as shown there")

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        """Return the events; see :meth:`Webhook.read`.

        The signature has no time in it. A repeat does nothing, since each event has an id.
        """
        self._hmac.check(headers.get("mailtrap-signature", ""), body)
        return [self._event(told) for told in _told(body)]

    def _event(self, told: Payload) -> Event:
        said = (told.text("response"), told.text("reason"), told.text("bounce_category"))
        kind = _kind(told)
        too_large = is_about_size(kind, *said)
        identity = told.text("event_id")
        return Event(
            event_id=identity[:MAX_ID] if identity else digest(told.raw),
            kind=EventKind.SOFT_BOUNCED if too_large else kind,
            ref=reference(told.field("custom_variables", "ref")),
            provider_id=told.text("message_id")[:MAX_ID],
            recipient=address(told.field("email")),
            at=told.epoch("timestamp") or self._clock.now(),
            too_large=too_large or (kind is EventKind.SOFT_BOUNCED and is_too_large(*said)),
            detail=detail(*said),
            raw=told.raw,
        )


def _told(body: bytes) -> Sequence[Payload]:
    """Return the events: of an object that lists them, or of one object in each line."""
    try:
        whole = Payload(body)
    except Malformed:
        lines = [line for line in body.split(b"\n") if line.strip()]
        if len(lines) < 2:
            raise
        return [Payload(line) for line in lines]
    events = whole.field("events")
    return [whole] if events is None and "event" in whole.raw else listed(events)


def _kind(told: Payload) -> EventKind:
    """Tell what happened; a bounce with a code for "not now" says nothing of the address."""
    kind = _EVENTS.get(told.text("event"), EventKind.OTHER)
    passing = told.text("response_code").startswith("4") or told.text("bounce_category") == "soft"
    return EventKind.SOFT_BOUNCED if kind is EventKind.BOUNCED and passing else kind


def _mailbox(name: str, email: str) -> dict[str, str]:
    return {"email": email, "name": name} if name else {"email": email}


def _item(message: Message, to: Any) -> dict[str, object]:
    fields: dict[str, object] = {
        "to": [to],
        "subject": message.subject,
        "html": message.html,
        "text": message.text,
        "headers": dict(message.headers),
        "custom_variables": {"ref": message.ref},
    }
    return {name: value for name, value in fields.items() if value}


def _joined(errors: object) -> str:
    return "; ".join(map(str, errors)) if isinstance(errors, list) else str(errors or "")


def _blame(words: str) -> Blame:
    if _OF_ONE.search(words):
        return Blame.MESSAGE
    if _LATER.search(words):
        return Blame.LATER
    return Blame.ALL if _OF_ALL.search(words) else Blame.UNKNOWN


def _records(domain: str, records: object) -> Sequence[DnsRecord]:
    """Return what Mailtrap wants in the domain name system, names in full."""
    found = []
    for one in records if isinstance(records, list) else ():
        if not isinstance(one, dict):
            continue
        name, kind, value = (str(one.get(key) or "") for key in ("name", "type", "value"))
        full = name if name.endswith(domain) else f"{name}.{domain}" if name else domain
        found.append(DnsRecord(name=full, kind=kind, value=value))
    return found


def _found(answer: Any, *, ref: str) -> tuple[Result | None, str]:
    """Read a page of the logs: the mail that carries ``ref``, and what the next page begins after.

    Raises:
        ValueError, KeyError, TypeError: It is not a listing.
    """
    messages = answer["messages"]
    if not isinstance(messages, list):
        raise TypeError("not a listing")
    for message in messages:
        if dict(message["custom_variables"] or {}).get("ref") == ref:
            identity = message["message_id"]
            if not isinstance(identity, str) or not identity:
                raise ValueError("a mail without an id")
            return Result(accepted=True, provider_id=identity), ""
    return None, str(answer.get("next_page_cursor") or "")
