"""Postmark: a list of finished messages in one request, each with a result of its own.

It has no idempotency key; after a lost answer it is asked whether it has a message that carries our
reference. Facts, read in November 2026: Postmark's API pages (batch, messages, error codes), its
published skills (commit 1d8f368), and the error texts in its own libraries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import orjson

from bypost.errors import OutcomeUnknown, Refused, SendError, Throttled
from bypost.http import HttpClient
from bypost.model.bulk import Bulk
from bypost.model.event import Event, EventKind
from bypost.model.message import Message, Result, Search
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
from bypost.providers.postmark_codes import OK, blame, fix
from bypost.providers.signature import Basic
from bypost.providers.splice import spliced_array
from bypost.providers.verdicts import Blame
from bypost.providers.webhook import Webhook
from bypost.providers.words import without_addresses
from scheduler.clock import Clock

#: Messages asked for at once; our reference is on one, but a filter that is not understood would
#: list everything.
PAGE = 50


class Postmark(JsonProvider):
    """Send through Postmark's batch endpoint."""

    name = "postmark"
    title = "Postmark"
    path = "/email/batch"
    # Postmark publishes no delay between taking a message and finding it; five minutes are ours.
    send_class = Search(lag=timedelta(minutes=5))
    default_batch_size = 500
    max_bytes = 48_000_000  #: Postmark takes 50 MB
    max_part_bytes = 5_000_000
    max_message_bytes = 10_000_000
    limits = Limits(per_second=10, source="ours: Postmark publishes no rate; November 2026")
    # Each account has DKIM keys of its own (2026...pm); the return path is a CNAME (November 2026).
    dns = DnsNeeds(
        spf="spf.mtasv.net",
        return_path="pm-bounces.{domain}",
        return_path_record=DnsRecord(
            name="pm-bounces.{domain}", kind="CNAME", value="pm.mtasv.net"
        ),
    )
    asks = "messages by the metadata `ref`"
    checked = Checked(
        description="Postmark's server.yml 1.0.0, an old one: no Metadata, no MessageStream",
        pages="its pages on batch, messages and errors; its libraries; postmark-skills 1d8f368",
        on=date(2026, 11, 23),
    )

    def __init__(
        self,
        *,
        http: HttpClient,
        clock: Clock,
        api_key: str | None,
        base_url: str = "https://api.postmarkapp.com",
        batch_size: int | None = None,
        bulk_stream: str = "broadcast",
        transactional_stream: str = "outbound",
        retention_days: int = 45,
    ) -> None:
        """Make the adapter.

        Args:
            http: Posts the requests.
            clock: Says how old a question is.
            api_key: The token of the server that sends.
            base_url: Scheme and host.
            batch_size: Messages of one request; None for 500.
            bulk_stream: Id of the message stream for lessons and issues.
            transactional_stream: Id of the message stream for notices.
            retention_days: How long the account keeps messages; nothing can be found afterwards.

        Raises:
            SettingsError: No usable token, address or batch size.
        """
        self._token = usable_key(self.name, api_key, "the token of a Postmark server")
        super().__init__(http=http, base_url=base_url, batch_size=batch_size, secrets=[self._token])
        self._clock = clock
        self._streams = {"bulk": bulk_stream, "transactional": transactional_stream}
        self._kept = timedelta(days=retention_days)

    def encode(self, messages: Sequence[Message]) -> bytes:
        """Return the JSON array of messages."""
        return orjson.dumps([self._item(one, mailbox(one.to_name, one.to)) for one in messages])

    def encode_bulk(self, bulk: Bulk) -> bytes:
        """Return the same array; what its messages have in common is escaped once."""
        return spliced_array(bulk, self._item, mailbox)

    def headers(self, key: str) -> Mapping[str, str]:
        """Return the headers; Postmark has no use for an idempotency key."""
        return {
            "X-Postmark-Server-Token": self._token,
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def account(self, domain: str) -> Account:
        """Ask for the server that the token is of; its domains only an account's token may read."""
        name, kind = self.ask("/server", lambda it: (it["Name"], it.get("DeliveryType")))
        sandbox = "it is a sandbox server, which delivers nothing" if kind == "Sandbox" else ""
        return Account(words=self.plain(f"the token is of the server {name}"), trouble=sandbox)

    def results(self, answer: Any, count: int) -> Sequence[Result]:
        """Tell what became of each message, in the order of the request.

        An error of the account is not a failure of the people whose messages met it. Where nothing
        was accepted it is an error of the request; beside accepted ones, these are owed again. A
        code that is not known here is one message's own, unless it is the code of them all.
        """
        if not isinstance(answer, list) or len(answer) != count:
            raise ValueError("another number of results than messages")
        codes = [_code(item) for item in answer]
        alike = count > 1 and len(set(codes)) == 1
        results = [self._result(item, alike) for item in answer]
        if any(result.accepted for result in results):
            return results
        errors = {
            code: result.error for code, result in zip(codes, results, strict=True) if result.retry
        }
        if errors:
            raise _refused_all(errors)
        return results

    def find(self, ref: str, *, to: str, since: datetime) -> Result | None:
        """Search for the message that carries ``ref``; see :meth:`Provider.find`.

        Every stream is asked for: without one the search covers the stream ``outbound`` alone, as
        its documentation says, or all of them, as was seen (postmark-php, pull request 84, 2021).

        Mails that Postmark queues while it has paused an account's sending are not found either;
        only Postmark can say so.
        """
        for stream in dict.fromkeys(self._streams.values()):
            query = {"count": PAGE, "offset": 0, "metadata_ref": ref, "messagestream": stream}
            path = f"/messages/outbound?{urlencode(query)}"
            if found := self.ask(path, partial(_found, ref=ref, to=to)):
                return found
        if self._clock.now() - since >= self._kept - timedelta(days=1):
            raise OutcomeUnknown(
                f"postmark: does not have the mail {ref}, but it may have forgotten it: it keeps "
                f"mails for {self._kept.days} days ([providers.postmark] retention_days)"
            )
        return None

    def _item(self, message: Message, to: str) -> dict[str, object]:
        """Return the JSON of one message."""
        stream = self._streams["bulk" if message.stream == "bulk" else "transactional"]
        return _fields(message, to, stream)

    def _result(self, item: Mapping[str, Any], alike: bool) -> Result:
        if (code := _code(item)) == OK:
            return Result(accepted=True, provider_id=_id(item))
        said = self.plain(item.get("Message") or "no explanation")
        whose = blame(code, said)
        if whose is Blame.MESSAGE:  # kept with the delivery; an address is erased elsewhere
            said = without_addresses(said)
        return Result(
            accepted=False,
            error=f"postmark: error {code}: {said}",
            retry=whose in (Blame.ALL, Blame.LATER) or (alike and whose is Blame.UNKNOWN),
        )


#: RecordType -> what happened; Bounce and SubscriptionChange say more.
_RECORDS = {
    "Delivery": EventKind.DELIVERED,
    "SpamComplaint": EventKind.COMPLAINED,
    "Open": EventKind.OPENED,
    "Click": EventKind.CLICKED,
}
#: Type of a Bounce -> what happened. A type that is not here is recorded without effect: automatic
#: answers, changes of address, challenges and the like say nothing against the address.
_BOUNCES = {
    "HardBounce": EventKind.BOUNCED,
    "BadEmailAddress": EventKind.BOUNCED,
    "SoftBounce": EventKind.SOFT_BOUNCED,
    "Unknown": EventKind.SOFT_BOUNCED,
    "Transient": EventKind.DEFERRED,
    "DnsError": EventKind.DEFERRED,
    "SpamNotification": EventKind.COMPLAINED,
    "SpamComplaint": EventKind.COMPLAINED,
    "Unsubscribe": EventKind.UNSUBSCRIBED,
    "Blocked": EventKind.REJECTED,
    "DMARCPolicy": EventKind.REJECTED,
    "ManuallyDeactivated": EventKind.REJECTED,
    "SMTPApiError": EventKind.REJECTED,
    "TemplateRenderingFailed": EventKind.REJECTED,
}
#: SuppressionReason of a SubscriptionChange -> what happened; only one of them was the person.
_SUPPRESSIONS = {
    "HardBounce": EventKind.BOUNCED,
    "SpamComplaint": EventKind.COMPLAINED,
    "ManualSuppression": EventKind.UNSUBSCRIBED,
}
_INSTANTS = ("DeliveredAt", "BouncedAt", "ChangedAt", "ReceivedAt")


class PostmarkHook(Webhook):
    """Postmark's webhook: one event a request, no signature, HTTP Basic."""

    name = "postmark"
    known_by = "Basic auth"

    def __init__(self, secret: str, clock: Clock) -> None:
        """Take ``username:password``; raises SettingsError for anything else."""
        super().__init__(secret, clock)
        self._basic = Basic(self.name, secret)

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Event]:
        """Return the event; see :meth:`Webhook.read`."""
        self._basic.check(headers)
        told = Payload(body)
        kind = _kind(told)
        said = (told.text("Details"), told.text("Description"))
        at = next(filter(None, map(told.instant, _INSTANTS)), None) or self._clock.now()
        event = Event(
            event_id=_event_id(told, body),
            kind=kind,
            ref=reference(told.field("Metadata", "ref")),
            provider_id=told.text("MessageID")[:MAX_ID],
            recipient=address(told.field("Recipient")) or address(told.field("Email")),
            at=at,
            too_large=kind is EventKind.SOFT_BOUNCED and is_too_large(*said),
            detail=detail(*said),
            # Where the operator asked for it, Content is the mail with its reader's links.
            raw={name: value for name, value in told.raw.items() if name != "Content"},
        )
        return [event]


def _kind(told: Payload) -> EventKind:
    record = told.text("RecordType")
    if record == "Bounce":
        return _BOUNCES.get(told.text("Type"), EventKind.OTHER)
    if record == "SubscriptionChange":
        if told.field("SuppressSending") is not True:  # mail is allowed again
            return EventKind.OTHER
        return _SUPPRESSIONS.get(told.text("SuppressionReason"), EventKind.OTHER)
    return _RECORDS.get(record, EventKind.OTHER)


def _event_id(told: Payload, body: bytes) -> str:
    """Return the id of a bounce with its type, so that a later verdict on it is another event."""
    identity = told.text("ID")
    return f"{identity}-{told.text('Type')}"[:MAX_ID] if identity else digest(body)


def _refused_all(errors: Mapping[int, str]) -> SendError:
    """Return what it means that nothing was accepted, by code; what lasts comes first."""
    passing = [code for code in errors if blame(code, "") is Blame.LATER]
    lasting = [code for code in errors if code not in passing]
    if not lasting:
        return Throttled(errors[passing[0]])
    mend = fix(lasting[0])
    return Refused(errors[lasting[0]] + (f" ({mend})" if mend else ""))


def _fields(message: Message, to: str, stream: str) -> dict[str, object]:
    fields: dict[str, object] = {
        "From": mailbox(message.from_name, message.from_email),
        "To": to,
        "Subject": message.subject,
        "HtmlBody": message.html,
        "TextBody": message.text,
        "ReplyTo": message.reply_to,
        "Headers": [{"Name": name, "Value": value} for name, value in message.headers.items()],
        "Metadata": {"ref": message.ref},
        "MessageStream": stream,
    }
    # Said outright: without these the server's own setting would decide.
    tracking = {"TrackOpens": False, "TrackLinks": "None"}
    return {name: value for name, value in fields.items() if value or name == "Subject"} | tracking


def _code(item: Mapping[str, Any]) -> int:
    code = item["ErrorCode"]
    if type(code) is not int:
        raise ValueError("an error code that is no number")
    return code


def _id(item: Mapping[str, Any]) -> str:
    identity = item["MessageID"]
    if not isinstance(identity, str) or not identity:
        raise ValueError("a message without an id")
    return identity


def _found(answer: Any, *, ref: str, to: str) -> Result | None:
    """Read a listing: the message that carries ``ref``, or None where there surely is none.

    Raises:
        ValueError, KeyError, TypeError: It is not a listing, or one of other messages.
    """
    total, messages = answer["TotalCount"], answer["Messages"]
    if type(total) is not int or not isinstance(messages, list) or total < len(messages):
        raise ValueError("not a listing")
    if ours := next((message for message in messages if _is_about(message, ref, to)), None):
        return Result(accepted=True, provider_id=_id(ours))
    if total > len(messages):
        raise ValueError("a listing of other messages, and more than it shows")
    return None


def _is_about(message: Any, ref: str, to: str) -> bool:
    """Tell whether a listed message is ours; the filter alone is not trusted."""
    if not isinstance(message, dict):
        raise TypeError("a message that is no object")
    metadata, recipients = message.get("Metadata"), message.get("Recipients")
    if isinstance(metadata, dict):
        return bool(metadata.get("ref") == ref)
    if to and isinstance(recipients, list):
        if to.casefold() in (str(address).casefold() for address in recipients):
            return True
        raise ValueError("a message to somebody else")
    return True
