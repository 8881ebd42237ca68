"""SendGrid: one mail with tags and what stands for them, one personalization a person.

Facts, read in November 2026: Twilio's OpenAPI description of Mail Send (sendgrid-oai dbe0e0d), its
pages "Substitution Tags" and "Mail Send Errors", and django-anymail 15.2 (how names of recipients
are read; what an answer holds).

Handlebars exist only in templates that are stored there, so each lesson would have to be created
and removed in the account. Substitutions need nothing stored: they replace literal tags, and we
choose tags that occur nowhere in the mail. They are not made in headers, which travel per person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from itertools import count as numbers
from typing import Any
from urllib.parse import urlencode

import orjson

from bypost.errors import Refused, SendError
from bypost.http import HttpAnswer, HttpClient
from bypost.model.bulk import Bulk, Person
from bypost.model.message import Events, Message, Result
from bypost.providers.account import Account, DnsNeeds, DnsRecord
from bypost.providers.checked import Checked
from bypost.providers.http_provider import HttpProvider, usable_key
from bypost.providers.limits import Limits
from bypost.providers.mailbox import phrase
from bypost.providers.merge import Merged, Syntax, merge
from bypost.providers.objection import Weight
from bypost.providers.retry_after import LONGEST
from bypost.providers.splice import in_json, spliced_rows
from bypost.providers.words import without_addresses

#: All substitutions of one person, in bytes; SendGrid takes 10,000 (its page on tags says 50,000).
MAX_SUBSTITUTIONS = 10_000
#: Headers that SendGrid sets itself, besides those that no provider may be given.
_OWN = frozenset({"x-sg-id", "x-sg-eid", "received", "dkim-signature"})
_NOTHING = re.compile(r"(?!)")
#: The field of an error that one recipient is to blame for.
_RECIPIENT = re.compile(r"personalizations[.\[](\d{1,4})\]?\.to\b.*")
#: Said outright: without these the account's own settings would decide.
_UNTRACKED = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}


class SendGrid(HttpProvider):
    """Send through SendGrid's Mail Send endpoint.

    It takes all messages of a request or none, and remembers no key; its search for mails is a paid
    addition that finds nothing by our reference. So only its events tell what became of a request
    whose answer was lost.
    """

    name = "sendgrid"
    title = "SendGrid"
    path = "/v3/mail/send"
    send_class = Events()
    default_batch_size = 1000
    max_bytes = 28_000_000  #: SendGrid takes 30 MB
    max_message_bytes = 28_000_000
    limits = Limits(
        per_second=10,
        source="ours: SendGrid's 10,000 (an old page) are no caller's; November 2026",
    )
    # The tags differ from request to request, so there is nothing an author could write by chance.
    merge = Syntax(variable=str, hazard=_NOTHING)
    # With "automated security" SPF is at a name that each account has of its own (em1234).
    dns = DnsNeeds(selectors=("s1", "s2"))
    checked = Checked(
        description="sendgrid-oai dbe0e0d, January 2026",
        pages="its pages on substitution tags and errors of Mail Send; django-anymail 15.2",
        on=date(2026, 11, 23),
    )

    def __init__(
        self,
        *,
        http: HttpClient,
        api_key: str | None,
        base_url: str = "https://api.sendgrid.com",
        batch_size: int | None = None,
    ) -> None:
        """Make the adapter.

        Args:
            http: Posts the requests.
            api_key: A key that may send; that may read domains, too, for the doctor.
            base_url: Scheme and host; https://api.eu.sendgrid.com for an account in Europe.
            batch_size: Messages of one request; None for 1000.

        Raises:
            SettingsError: No usable key, address or batch size.
        """
        self._api_key = usable_key(self.name, api_key, "a key with access to Mail Send")
        super().__init__(
            http=http, base_url=base_url, batch_size=batch_size, secrets=[self._api_key]
        )

    def unfit(self, message: Message, weight: Weight) -> str:
        """Return why SendGrid would refuse a message: something empty, or a header of its own."""
        if not message.subject:
            return "its subject is empty; SendGrid wants one"
        if not weight.html and not weight.text:
            return "it has neither HTML nor text; SendGrid wants one of them"
        if own := next((name for name in message.headers if name.lower() in _OWN), ""):
            return f"SendGrid sets the header {own} itself"
        return ""

    def room(self, bulk: Bulk) -> int:
        """Return how many people one request can hold.

        An address stands in it only once; and a mail of which too much is each person's own goes
        alone, where nothing is substituted.
        """
        columns = zip(*[person.values for person in bulk.people], strict=True)
        if not _surely_fits([max(column, key=len) for column in columns]):
            folded = _merged(bulk)
            heaviest = max(_weight(folded.everything(index)) for index in range(len(bulk.people)))
            if heaviest > MAX_SUBSTITUTIONS:
                return 1
        return min(self.batch_size, bulk.apart())

    def encode_bulk(self, bulk: Bulk) -> bytes:
        """Return the body: constant text with tags, and a personalization for each person.

        Raises:
            ValueError: An address occurs twice; see :meth:`room`.
        """
        if len({person.to for person in bulk.people}) < len(bulk.people):
            raise ValueError("sendgrid: the same address twice in one request")
        merged = _merged(bulk)
        everybodys = len(bulk.people) == 1 or all(
            part.is_constant for part in bulk.headers.values()
        )
        parts = (("text/plain", merged.text), ("text/html", merged.html))  # in this order
        fields: dict[str, object] = {
            "from": _mailbox(bulk.from_name, bulk.from_email),
            "reply_to": {"email": bulk.reply_to} if bulk.reply_to else None,
            "subject": merged.subject,
            "content": [{"type": kind, "value": text} for kind, text in parts if text],
            "headers": _headers(bulk, bulk.people[0].values) if everybodys else None,
            "tracking_settings": _UNTRACKED,
        }
        shared = orjson.dumps({name: value for name, value in fields.items() if value})
        own = b",".join(_personalizations(bulk, merged, headers=not everybodys))
        return b'{"personalizations":[%b],%b' % (own, shared[1:])

    def headers(self, key: str) -> Mapping[str, str]:
        """Return the headers; SendGrid has no use for an idempotency key."""
        return {**self.asking(), "Content-Type": "application/json"}

    def asking(self) -> Mapping[str, str]:
        """Return the headers of a question."""
        return {"Authorization": f"Bearer {self._api_key}", "Accept": "application/json"}

    def tells(self, answer: HttpAnswer) -> bool:
        """Tell whether an answer holds results: 2xx, and a 400 about recipients alone."""
        return super().tells(answer) or bool(_blamed(answer))

    def read(self, answer: HttpAnswer, count: int) -> Sequence[Result]:
        """Return the same result for all; a 400 names the recipients it is about.

        Then nobody's message was taken: the others are owed theirs.
        """
        if blamed := _blamed(answer):
            if max(blamed) >= count:
                raise ValueError("an error about a message that is not there")
            reasons = {i: f"sendgrid: {self.plain(without_addresses(blamed[i]))}" for i in blamed}
            other = Result(accepted=False, error="sendgrid: refused with others", retry=True)
            return [
                Result(accepted=False, error=reasons[i]) if i in reasons else other
                for i in range(count)
            ]
        identity = answer.headers.get("X-Message-Id", "")
        if answer.status != HTTPStatus.ACCEPTED or (answer.body.strip() and not identity):
            raise ValueError("not the answer to a mail that was taken")
        return [Result(accepted=True, provider_id=identity)] * count

    def words(self, answer: HttpAnswer) -> str:
        """Return SendGrid's words: of its list of errors, else as elsewhere."""
        said = "; ".join(str(error.get("message") or "") for error in _errors(answer))
        return self.plain(said) if said.strip("; ") else super().words(answer)

    def wait(self, answer: HttpAnswer) -> timedelta | None:
        """Return how long a 429 asks us to wait; SendGrid tells the second of its clock."""
        return super().wait(answer) or _reset(answer.headers)

    def refusal(self, answer: HttpAnswer) -> SendError:
        """Tell an account without credits, which SendGrid answers with 401, from a wrong key."""
        if "credits" in self.words(answer).casefold():
            words = f"sendgrid: HTTP {answer.status}: {self.words(answer)}"
            return Refused(f"{words} (the account's plan is used up)", status=answer.status)
        return super().refusal(answer)

    def account(self, domain: str) -> Account:
        """Ask what the key may do, and for the domain where it may read that."""
        scopes = self.ask("/v3/scopes", lambda it: [str(one) for one in it["scopes"]])
        if "mail.send" not in scopes:
            return Account(words="the key is known there", trouble="the key may not send mail")
        if "whitelabel.read" not in scopes:
            return Account(words="the key is known there and may send; it may not read domains")
        path = f"/v3/whitelabel/domains?{urlencode({'limit': 200})}"
        found = self.ask(path, lambda it: [dict(one) for one in it])
        own = next((one for one in found if _covers(str(one.get("domain")), domain)), None)
        if own is None:
            trouble = f"{domain} is not among the authenticated domains of this account"
            return Account(words="the key is known there and may send", trouble=trouble)
        trouble = "" if own.get("valid") else f"{own['domain']} is not verified there"
        words = f"the key may send, and {own['domain']} is an authenticated domain"
        return Account(
            words=self.plain(words), trouble=self.plain(trouble), records=_records(own.get("dns"))
        )


def _merged(bulk: Bulk) -> Merged:
    """Return the mail with tags that occur nowhere in it; for one person there are none."""
    begin = bulk.unused(f"-{number}." for number in numbers())
    syntax = Syntax(variable=lambda name: f"{name}-", hazard=_NOTHING, prefix=begin)
    return merge(bulk, syntax, headers=False)


def _surely_fits(values: Sequence[str]) -> bool:
    """Tell it by the longest values: a character takes at most four bytes, and a tag not 20."""
    return sum(4 * len(text) + 20 for text in values) <= MAX_SUBSTITUTIONS


def _weight(values: Mapping[str, str]) -> int:
    return sum(len(name) + 1 + len(text.encode()) for name, text in values.items())


def _personalizations(bulk: Bulk, merged: Merged, *, headers: bool) -> list[bytes]:
    """Return what is each person's own, as JSON.

    Where one header is, all are: whether those of everybody are kept beside is not documented.
    """
    mark = bulk.unused(f"~{number}:" for number in numbers())
    of_headers = list(zip(*[person.values for person in bulk.people], strict=True))
    of_tags = list(zip(*[person.values for person in merged.people], strict=True))
    columns = [
        _recipients(bulk.people),
        in_json([person.ref for person in bulk.people]),
        *map(in_json, of_headers),
        *map(in_json, of_tags),
    ]
    places = [f"{mark}{number}~" for number in range(len(columns))]
    first = 2 + len(of_headers)
    own: dict[str, object] = {"to": [places[0]], "custom_args": {"ref": places[1]}}
    named = dict(zip(merged.names, places[first:], strict=True))
    if tags := {f"{name}-": text for name, text in {**merged.constants, **named}.items()}:
        own["substitutions"] = tags
    if headers:
        own["headers"] = _headers(bulk, places[2:first])
    return spliced_rows(own, mark, columns, bare=(0,))


def _recipients(people: Sequence[Person]) -> list[bytes]:
    # SendGrid reads this name, unlike the sender's, as one that stands in a header.
    phrases = {name: phrase(name) for name in {person.to_name for person in people}}
    to = in_json([person.to for person in people])
    names = in_json([phrases[person.to_name] for person in people])
    return [
        b'{"email":"%b","name":"%b"}' % pair if pair[1] else b'{"email":"%b"}' % pair[0]
        for pair in zip(to, names, strict=True)
    ]


def _headers(bulk: Bulk, values: Sequence[str]) -> dict[str, str]:
    return {name: part.fill(values) for name, part in bulk.headers.items()}


def _mailbox(name: str, address: str) -> dict[str, str]:
    return {"email": address, "name": name} if name else {"email": address}


def _errors(answer: HttpAnswer) -> list[dict[str, Any]]:
    """Return the errors of an answer; none where it is not in SendGrid's form."""
    try:
        said = orjson.loads(answer.body)["errors"]
    except (ValueError, KeyError, TypeError):
        return []
    return [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []


def _blamed(answer: HttpAnswer) -> dict[int, str]:
    """Return what is wrong with recipients, by their place; nothing where it is not only that."""
    if answer.status != HTTPStatus.BAD_REQUEST:
        return {}
    errors = _errors(answer)
    places = [_RECIPIENT.fullmatch(str(error.get("field"))) for error in errors]
    if not all(places):
        return {}
    pairs = zip(places, errors, strict=True)
    return {int(place[1]): str(error.get("message")) for place, error in pairs if place}


def _reset(headers: Mapping[str, str]) -> timedelta | None:
    """Return the time until ``X-RateLimit-Reset``, seconds since 1970; now is the answer's Date."""
    try:
        then = datetime.fromtimestamp(int(headers["X-RateLimit-Reset"]), UTC)
        now = parsedate_to_datetime(headers["Date"])
        return min(max(then - now, timedelta(0)), LONGEST)
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return None


def _covers(name: str, domain: str) -> bool:
    return domain == name or domain.endswith(f".{name}")


def _records(told: object) -> list[DnsRecord]:
    """Return the records that SendGrid wants for a domain."""
    rows = [one for one in told.values() if isinstance(one, dict)] if isinstance(told, dict) else []
    return [
        DnsRecord(name=str(row["host"]), kind=str(row["type"]).upper(), value=str(row["data"]))
        for row in rows
        if {"host", "type", "data"} <= row.keys()
    ]
