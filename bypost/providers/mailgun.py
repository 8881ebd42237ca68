"""Mailgun: one mail with variables and what they stand for, a form; one id for the whole request.

It has no idempotency key; after a lost answer its events are searched for one that carries our
reference. Facts, read in November 2026: Mailgun's OpenAPI description (mailgun-mcp-server 78d610f),
its pages on batch sending, events and event polling, and what django-anymail 15.2 found about
variables in headers.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from bypost.errors import OutcomeUnknown, Refused, SettingsError
from bypost.http import HttpAnswer, HttpClient
from bypost.model.bulk import Bulk
from bypost.model.message import Message, Result, Search
from bypost.providers.account import Account, DnsRecord
from bypost.providers.checked import Checked
from bypost.providers.http_provider import JsonProvider, usable_key
from bypost.providers.limits import Limits
from bypost.providers.mailbox import mailbox
from bypost.providers.merge import Merged, Syntax, merge
from bypost.providers.objection import Weight
from bypost.providers.payload import MAX_ID, Payload
from bypost.providers.words import without_addresses
from scheduler.clock import Clock

#: Between the fields of a form. An author's text that says it travels in the JSON of the variables,
#: where no line begins with it.
BOUNDARY = "bypost-7f3e9c51d2b84a60"
#: All fields that begin with o:, h:, v: or t: together, in bytes; Mailgun takes 16 kB.
MAX_OPTIONS = 15_000
#: Events asked for at once, and how often before we give up.
PAGE = 300
MAX_PAGES = 20
#: Mailgun keeps events for "at least 3 days"; more depends on the plan.
KEPT = timedelta(days=3)

#: How far Mailgun's clock may be from ours.
SKEW = timedelta(minutes=5)

_REF = "%recipient.ref%"
_BAD_ADDRESS = re.compile(r"(?i)^'?to'? parameter is not a valid address")
_TRY_AGAIN = re.compile(r"(?i)\btry again after (\d{1,6}) second")
# Mailgun's own variables look like %unsubscribe_url% and %recipient_email%.
_SYNTAX = Syntax(
    variable=lambda name: f"%recipient.{name}%",
    hazard=re.compile(rf"%(?:(?i:recipient|[a-z]+(?:_[a-z]+)*%)|\Z|(?<=\A%))|{BOUNDARY}"),
)


class Mailgun(JsonProvider):
    """Send through Mailgun's endpoint for messages, with recipient variables.

    Also a mail for one person has variables: without them Mailgun would read an author's text that
    looks like one in a way it does not document.
    """

    name = "mailgun"
    title = "Mailgun"
    path = "/v3"
    # "Half an hour" is the age from which Mailgun's page on event polling trusts a listing.
    send_class = Search(lag=timedelta(minutes=30))
    default_batch_size = 1000
    max_bytes = 24_000_000  #: Mailgun takes 25 MB
    max_message_bytes = 24_000_000
    limits = Limits(per_second=10, source="ours: Mailgun publishes no rate; November 2026")
    merge = _SYNTAX
    # SPF and DKIM belong to the domain in the settings; account() tells its records.
    asks = "events of the address, for the one with the variable `ref`"
    checked = Checked(
        description="mailgun-mcp-server 78d610f, July 2026",
        pages="its pages on batch sending, events and event polling; django-anymail 15.2",
        on=date(2026, 11, 23),
    )

    def __init__(
        self,
        *,
        http: HttpClient,
        clock: Clock,
        api_key: str | None,
        domain: str | None,
        base_url: str = "https://api.mailgun.net",
        batch_size: int | None = None,
    ) -> None:
        """Make the adapter.

        Args:
            http: Posts the requests.
            clock: Says how old a question is.
            api_key: A key of the account, or a sending key of the domain, which finds nothing.
            domain: The domain that sends, as it is named there.
            base_url: Scheme and host; https://api.eu.mailgun.net for a domain in Europe.
            batch_size: Messages of one request; None for 1000.

        Raises:
            SettingsError: No usable key, domain, address or batch size.
        """
        key = usable_key(self.name, api_key, "a key of your Mailgun account")
        if not domain:
            raise SettingsError(
                "[providers.mailgun] domain is missing: write the domain that sends, as it is "
                'named there, like domain = "mg.example.org"'
            )
        self._login = base64.b64encode(f"api:{key}".encode()).decode()
        super().__init__(
            http=http, base_url=base_url, batch_size=batch_size, secrets=[key, self._login]
        )
        self._clock = clock
        self._domain = domain
        self._url = f"{self._base}/v3/{domain}/messages"

    def unfit(self, message: Message, weight: Weight) -> str:
        """Return why Mailgun would refuse a message: no content, or too long headers."""
        if not message.subject:
            return "its subject is empty; Mailgun wants one"
        if not weight.html and not weight.text:
            return "it has neither HTML nor text; Mailgun wants one of them"
        options = sum(len(name) + len(value) + 4 for name, value in message.headers.items())
        if options > MAX_OPTIONS:
            return f"its headers have {options:,} bytes; Mailgun takes {MAX_OPTIONS:,}"
        return ""

    def room(self, bulk: Bulk) -> int:
        """Return how many people one request can hold: an address stands in it only once."""
        return min(self.batch_size, bulk.apart())

    def encode_bulk(self, bulk: Bulk) -> bytes:
        """Return the form: constant text with variables, and the values of each address.

        Raises:
            ValueError: An address occurs twice; see :meth:`room`.
        """
        if len({person.to for person in bulk.people}) < len(bulk.people):
            raise ValueError("mailgun: the same address twice in one request")
        pieces: list[bytes] = []
        for name, value in _fields(bulk, merge(bulk, _SYNTAX)):
            lines = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            pieces += (lines.encode(), value.encode(), b"\r\n")
        pieces.append(f"--{BOUNDARY}--\r\n".encode())
        return b"".join(pieces)

    def headers(self, key: str) -> Mapping[str, str]:
        """Return the headers; Mailgun has no use for an idempotency key."""
        form = f"multipart/form-data; boundary={BOUNDARY}"
        return {**self.asking(), "Content-Type": form}

    def asking(self) -> Mapping[str, str]:
        """Return the headers of a question."""
        return {"Authorization": f"Basic {self._login}", "Accept": "application/json"}

    def wait(self, answer: HttpAnswer) -> timedelta | None:
        """Return how long a 429 asks us to wait; Mailgun says it in words."""
        said = _TRY_AGAIN.search(self.words(answer))
        return super().wait(answer) or (timedelta(seconds=int(said[1])) if said else None)

    def tells(self, answer: HttpAnswer) -> bool:
        """Tell whether an answer holds results: 2xx, and a 400 about the addresses."""
        bad = answer.status == HTTPStatus.BAD_REQUEST and _BAD_ADDRESS.search(self.words(answer))
        return super().tells(answer) or bool(bad)

    def read(self, answer: HttpAnswer, count: int) -> Sequence[Result]:
        """Return the results; a bad address fails alone where it was alone.

        Raises:
            Refused: One of several is bad, and Mailgun does not say which.
        """
        if answer.status != HTTPStatus.BAD_REQUEST:
            return super().read(answer, count)
        said = f"mailgun: {without_addresses(self.words(answer))}"
        if count > 1:
            raise Refused(
                f"{said} (one of {count}; "
                "`bypost resume` halves the request until it stands alone)",
                status=answer.status,
            )
        return [Result(accepted=False, error=said)]

    def results(self, answer: Any, count: int) -> Sequence[Result]:
        """Return the one id for each of the messages: all were taken, or none."""
        identity = answer["id"]
        if not isinstance(identity, str) or not identity:
            raise ValueError("accepted without an id")
        return [Result(accepted=True, provider_id=identity)] * count

    def account(self, domain: str) -> Account:
        """Ask for the domain that sends; a key that may only send is refused."""
        told = self.ask(f"/v4/domains/{quote(self._domain, safe='')}", lambda it: dict(it))
        state = str(told.get("domain", {}).get("state", "unknown"))
        trouble = "" if state == "active" else f"{self._domain} is {state} there"
        words = f"the key is known there, and {self._domain} is {state}"
        return Account(
            words=self.plain(words),
            trouble=self.plain(trouble),
            records=_records(told.get("sending_dns_records")),
        )

    def find(self, ref: str, *, to: str, since: datetime) -> Result | None:
        """Search the events for one that carries ``ref``; see :meth:`Provider.find`.

        Events cannot be asked for by our reference, so those of the address are read; of everybody,
        where the address was erased.
        """
        begin = int((since - SKEW).timestamp())
        query = {"begin": begin, "ascending": "yes", "limit": PAGE}
        path = f"/v3/{self._domain}/events?" + urlencode(query | ({"recipient": to} if to else {}))
        for _ in range(MAX_PAGES):
            found, following = self.ask(path, partial(_searched, ref=ref))
            if found:
                return found
            if not following:
                break
            path = following
        else:
            raise OutcomeUnknown(f"mailgun: more than {MAX_PAGES * PAGE:,} events to look through")
        if self._clock.now() - since >= KEPT - timedelta(hours=1):
            raise OutcomeUnknown(
                f"mailgun: has no event of the mail {ref}, but it may have forgotten it: it keeps "
                f"events for {KEPT.days} days or more"
            )
        return None


def _fields(bulk: Bulk, merged: Merged) -> Iterator[tuple[str, str]]:
    """Return the fields of the form, in order."""
    yield "from", mailbox(bulk.from_name, bulk.from_email)
    for person in bulk.people:
        yield "to", mailbox(person.to_name, person.to)
    yield "subject", merged.subject
    if merged.text:
        yield "text", merged.text
    if merged.html:
        yield "html", merged.html
    if bulk.reply_to:
        yield "h:Reply-To", bulk.reply_to
    for name, value in merged.headers.items():
        yield f"h:{name}", value
    # Said outright: without these the domain's own setting would decide.
    for name in ("o:tracking", "o:tracking-clicks", "o:tracking-opens"):
        yield name, "no"
    yield "v:ref", _REF
    values = {
        person.to: {"ref": person.ref, **merged.everything(index)}
        for index, person in enumerate(bulk.people)
    }
    yield "recipient-variables", orjson.dumps(values).decode()


def _records(told: object) -> list[DnsRecord]:
    """Return the records that Mailgun wants of its domain."""
    found = []
    for one in told if isinstance(told, list) else []:
        if one.get("name"):
            kind, value = str(one.get("record_type", "")), str(one.get("value", ""))
            found.append(DnsRecord(name=str(one["name"]), kind=kind, value=value))
    return found


def _searched(answer: Any, *, ref: str) -> tuple[Result | None, str]:
    """Return what a page of events says of the mail ``ref``, and the path of the next page.

    Raises:
        ValueError, KeyError, TypeError: It is no such page, or does not tell references.
    """
    events = [dict(one) for one in answer["items"]]
    for event in events:
        told = Payload(event)
        carried = told.field("user-variables", "ref")
        if carried == _REF:
            raise ValueError("references were not put into the events")
        if carried == ref:
            identity = told.text("message", "headers", "message-id").strip("<>")
            return Result(accepted=True, provider_id=f"<{identity}>"[:MAX_ID]), ""
    if not events:  # so the last page is told from the others
        return None, ""
    following = urlsplit(str(answer["paging"]["next"]))
    return None, f"{following.path}?{following.query}".rstrip("?")
