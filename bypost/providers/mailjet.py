"""Mailjet: what all mails share, and a finished message for each person, each with a result.

It has no idempotency key; after a lost answer it is asked for our reference, which it calls
CustomID. An answer 4xx may mean that some messages were taken. Facts, read in November 2026:
Mailjet's guides to its Send API v3.1, messages, domains and Event API (api-documentation 3a446e6),
and django-anymail 15.2, which is tested against the service.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from bypost.errors import OutcomeUnknown, Refused, SettingsError
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
    entries,
    is_too_large,
    reference,
)
from bypost.providers.signature import Basic
from bypost.providers.splice import spliced_array
from bypost.providers.verdicts import Blame, Verdict, settled
from bypost.providers.webhook import Webhook
from scheduler.clock import Clock

#: Longest subject, in characters.
MAX_SUBJECT = 255
#: Mails that a question lists at most: more than one carries a reference only if it was sent twice.
PAGE = 10
#: How long a mail is surely found; Mailjet does not say, so this is ours.
KEPT = timedelta(days=30)
#: Headers that Mailjet writes itself: a message with one of them is refused (send-0011).
_ITS_OWN = frozenset({"list-id"})

#: Statuses that speak of the request and the moment, whatever else an answer holds.
_OF_THE_REQUEST = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class Mailjet(JsonProvider):
    """Send through Mailjet's Send API v3.1."""

    name = "mailjet"
    title = "Mailjet"
    path = "/v3.1/send"
    # Mailjet publishes no delay between taking a mail and finding it; five minutes are ours.
    send_class = Search(lag=timedelta(minutes=5))
    default_batch_size = 50
    max_bytes = 14_000_000  #: Mailjet takes 15 MB
    limits = Limits(per_second=10, source="ours: Mailjet publishes no rate; November 2026")
    dns = DnsNeeds(spf="spf.mailjet.com", selectors=("mailjet",))
    asks = "messages by `CustomID`"
    leaves_out = _ITS_OWN
    checked = Checked(
        pages="its guides (api-documentation 3a446e6); django-anymail 15.2",
        on=date(2026, 11, 23),
    )

    def __init__(
        self,
        *,
        http: HttpClient,
        clock: Clock,
        api_key: str | None,
        secret_key: str | None = None,
        base_url: str = "https://api.mailjet.com",
        batch_size: int | None = None,
    ) -> None:
        """Make the adapter.

        Args:
            http: Posts the requests.
            clock: Says how old a question is.
            api_key: The public half of the key.
            secret_key: The secret half of the key.
            base_url: Scheme and host.
            batch_size: Messages of one request; None for 50.

        Raises:
            SettingsError: No usable key, address or batch size.
        """
        public = usable_key(self.name, api_key, "the public half of an API key")
        try:
            secret = usable_key(self.name, secret_key, "")
        except SettingsError as error:
            raise SettingsError(
                "[providers.mailjet] secret_key is missing or is not one word: "
                "set BYPOST_PROVIDERS__MAILJET__SECRET_KEY to the secret half of the API key"
            ) from error
        self._credentials = base64.b64encode(f"{public}:{secret}".encode()).decode()
        super().__init__(
            http=http,
            base_url=base_url,
            batch_size=batch_size,
            secrets=[public, secret, self._credentials],
        )
        self._clock = clock

    def unfit(self, message: Message, weight: Weight) -> str:
        """Refuse what Mailjet refuses: a long subject, nothing to read."""
        if len(message.subject) > MAX_SUBJECT:
            return f"its subject is longer than {MAX_SUBJECT} characters"
        return "" if weight.html or weight.text else "it is empty; Mailjet wants HTML or text"

    def encode_bulk(self, bulk: Bulk) -> bytes:
        """Return the JSON; what its messages have in common is escaped once."""
        shared: dict[str, object] = {
            "From": _mailbox(bulk.from_name, bulk.from_email),
            # Said outright: without these the account's own setting would decide.
            "TrackOpens": "disabled",
            "TrackClicks": "disabled",
        }
        if bulk.reply_to:
            shared["ReplyTo"] = {"Email": bulk.reply_to}
        before = b'{"Globals":' + orjson.dumps(shared) + b',"Messages":'
        return spliced_array(bulk, _item, _mailbox, before=before, after=b"}")

    def headers(self, key: str) -> Mapping[str, str]:
        """Return the headers; Mailjet has no use for an idempotency key."""
        return {
            "Authorization": f"Basic {self._credentials}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def account(self, domain: str) -> Account:
        """Ask for the state of the sender's domain, which only a known key is told."""
        try:
            told = self.ask(f"/v3/REST/dns/{quote(domain, safe='')}", _only)
        except Refused as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            trouble = self.plain(f"{domain} is not among the domains of this account")
            return Account(words="the key is known there", trouble=trouble)
        wrong = [kind for kind in ("DKIM", "SPF") if told.get(f"{kind}Status") != "OK"]
        return Account(
            words=self.plain(f"the key is known there, and so is {domain}"),
            trouble=self.plain(
                f"{domain}: not in order there: {', '.join(wrong)}" if wrong else ""
            ),
            records=_records(domain, told),
        )

    def results(self, answer: Any, count: int) -> Sequence[Result]:
        """Tell what became of each message, in the order of the request."""
        messages = answer["Messages"]
        if not isinstance(messages, list) or len(messages) != count:
            raise ValueError("another number of results than messages")
        return settled([self._verdict(one) for one in messages])

    def tells(self, answer: HttpAnswer) -> bool:
        """Tell whether an answer holds results: Mailjet says 4xx where one message is wrong."""
        if super().tells(answer):
            return True
        if not 400 <= answer.status < 500 or answer.status in _OF_THE_REQUEST:
            return False
        try:
            said = orjson.loads(answer.body)
        except ValueError:
            return False
        return isinstance(said, dict) and "Messages" in said

    def find(self, ref: str, *, to: str, since: datetime) -> Result | None:
        """Ask for the mail that carries ``ref``; see :meth:`Provider.find`."""
        query = urlencode({"CustomID": ref, "ShowCustomID": "true", "Limit": PAGE})
        if found := self.ask(f"/v3/REST/message?{query}", partial(_found, ref=ref)):
            return found
        if self._clock.now() - since >= KEPT:
            raise OutcomeUnknown(
                f"mailjet: does not have the mail {ref}, but after {KEPT.days} days it may have "
                "forgotten it"
            )
        return None

    def _verdict(self, item: Any) -> Verdict:
        if item["Status"] == "success":
            (recipient,) = item["To"]
            return Verdict(provider_id=_id(recipient["MessageID"]))
        if item["Status"] != "error":
            raise ValueError("neither accepted nor refused")
        error, *_ = item["Errors"]
        code, status = str(error["ErrorCode"]), error.get("StatusCode")
        said = self.plain(error.get("ErrorMessage") or "no explanation")
        blame = _blame(status, error.get("ErrorRelatedTo"))
        return Verdict(code=code, words=f"mailjet: {code}: {said}", blame=blame)


#: Event -> what happened; "sent" means that the receiving server took it. ``bounce`` says more.
_EVENTS = {
    "sent": EventKind.DELIVERED,
    "spam": EventKind.COMPLAINED,
    "unsub": EventKind.UNSUBSCRIBED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "blocked": EventKind.REJECTED,
}


class MailjetHook(Webhook):
    """Mailjet's Event API: one event a request, or a list; no signature, HTTP Basic."""

    name = "mailjet"
    known_by = "Basic auth"

    def __init__(self, secret: str, clock: Clock) -> None:
        """Take ``username:password``; raises SettingsError for anything else."""
        super().__init__(secret, clock)
        self._basic = Basic(self.name, secret)

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        """Return the events; see :meth:`Webhook.read`."""
        self._basic.check(headers)
        return [self._event(told) for told in entries(body)]

    def _event(self, told: Payload) -> Event:
        kind = _kind(told)
        said = (told.text("comment"), told.text("error"), told.text("smtp_reply"))
        return Event(
            event_id=digest(told.raw),
            kind=kind,
            ref=reference(told.field("CustomID")),
            provider_id=told.text("MessageID")[:MAX_ID],
            recipient=address(told.field("email")),
            at=told.epoch("time") or self._clock.now(),
            too_large=kind is EventKind.SOFT_BOUNCED and is_too_large(*said),
            detail=detail(*said),
            raw=told.raw,
        )


def _kind(told: Payload) -> EventKind:
    """Tell a bounce for good from one of this time, and from a server that asks to come again."""
    event = told.text("event")
    if event != "bounce":
        return _EVENTS.get(event, EventKind.OTHER)
    if told.field("hard_bounce") is True:
        return EventKind.BOUNCED
    passing = told.text("error") == "greylisted"
    return EventKind.DEFERRED if passing else EventKind.SOFT_BOUNCED


def _mailbox(name: str, email: str) -> dict[str, str]:
    return {"Email": email, "Name": name} if name else {"Email": email}


def _item(message: Message, to: Any) -> dict[str, object]:
    headers = {
        name: value for name, value in message.headers.items() if name.lower() not in _ITS_OWN
    }
    fields: dict[str, object] = {
        "To": [to],
        "Subject": message.subject,
        "HTMLPart": message.html,
        "TextPart": message.text,
        "Headers": headers,
        "CustomID": message.ref,
    }
    return {name: value for name, value in fields.items() if value or name == "Subject"}


def _blame(status: object, related: object) -> Blame:
    """Tell whom an error speaks of: the field it is related to says so, else its status."""
    fields = [str(one) for one in related] if isinstance(related, list) else []
    if fields and all(field.startswith("To") for field in fields):
        return Blame.MESSAGE
    if any(field.startswith(("From", "Sender", "ReplyTo", "Globals")) for field in fields):
        return Blame.ALL
    if status == HTTPStatus.TOO_MANY_REQUESTS or (isinstance(status, int) and status >= 500):
        return Blame.LATER
    denied = (HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN)
    return Blame.ALL if status in denied else Blame.UNKNOWN


def _id(identity: object) -> str:
    """Return the id of a message: a whole number, or the same as a text."""
    if isinstance(identity, bool) or not isinstance(identity, int | str) or not identity:
        raise ValueError("an accepted message without an id")
    return str(identity)


def _only(answer: Any) -> dict[str, Any]:
    (one,) = answer["Data"]
    return dict(one)


def _records(domain: str, told: Mapping[str, Any]) -> Sequence[DnsRecord]:
    """Return what Mailjet wants in the domain name system, names in full."""
    names = {"DKIM": told.get("DKIMRecordName"), "SPF": domain}
    return [
        DnsRecord(name=str(name).rstrip("."), kind="TXT", value=str(value))
        for kind, name in names.items()
        if name and (value := told.get(f"{kind}RecordValue"))
    ]


def _found(answer: Any, *, ref: str) -> Result | None:
    """Read a listing: the mail that carries ``ref``, or None where there surely is none.

    Raises:
        ValueError, KeyError, TypeError: It is not a listing, or one of other mails: a filter that
            is not understood lists everything.
    """
    mails = answer["Data"]
    if not isinstance(mails, list) or not all(isinstance(mail, dict) for mail in mails):
        raise TypeError("not a listing")
    known = [mail for mail in mails if mail.get("CustomID", ref) == ref]
    if len(known) == len(mails) == 1 or any("CustomID" in mail for mail in known):
        ours = next((mail for mail in known if "CustomID" in mail), known[0])
        return Result(accepted=True, provider_id=_id(ours["ID"]))
    if mails:
        raise ValueError("a listing of other mails")
    return None
