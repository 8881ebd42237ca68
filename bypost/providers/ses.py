"""Amazon SES v2: one mail with everybody's values in one request, signed.

Facts, read in November 2026: the description of the API (botocore 1.44.5, service sesv2); Amazon's
pages "Using templates to send personalized email", "Service quotas in Amazon SES" and "Errors
related to the sending quotas".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson

from bypost.errors import Refused, SendError, Throttled
from bypost.http import HttpAnswer, HttpClient
from bypost.model.bulk import Bulk
from bypost.model.message import Events, Message, Result
from bypost.providers import ses_account, ses_body, ses_statuses
from bypost.providers.account import Account
from bypost.providers.checked import Checked
from bypost.providers.http_provider import JsonProvider, usable_key
from bypost.providers.limits import Limits
from bypost.providers.objection import Weight
from bypost.providers.retry_after import retry_after
from bypost.providers.ses_sigv4 import SigV4
from bypost.providers.ses_statuses import ACCEPTED, Blame
from bypost.providers.words import without_addresses
from scheduler.clock import Clock

#: Headers of one mail, characters of a name, and of a name with its value.
MAX_HEADERS, MAX_NAME, MAX_HEADER = 15, 126, 996
_LOCAL = re.compile(r"[!-~]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,255}\Z)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


class Ses(JsonProvider):
    """Send through SES's SendBulkEmail; one person's mail, through SendEmail."""

    name = "ses"
    title = "Amazon SES"
    looks_at_recipients = True
    path = "/v2/email/outbound-bulk-emails"
    single_path = "/v2/email/outbound-emails"
    send_class = Events()
    default_batch_size = 50
    max_bytes = 1_000_000  #: of a request with an inline template: "up to 1 MB"
    #: 10 MB in base64: SES takes 40 MB, but slows down what is longer than 10.
    max_message_bytes = 7_000_000
    merge = ses_body.SYNTAX
    limits = Limits(source="SES's page on quotas: each account has its own; November 2026")
    # Its DKIM keys are told by account(); bounces go to a domain of Amazon's unless a custom
    # MAIL FROM domain is set up there.
    checked = Checked(
        description="botocore 1.44.5, service sesv2",
        pages="its pages on templates and quotas, its examples of signatures; moto 5.2.5",
        on=date(2026, 11, 23),
    )

    def __init__(
        self,
        *,
        http: HttpClient,
        clock: Clock,
        access_key_id: str | None,
        secret_access_key: str | None,
        session_token: str | None = None,
        region: str = "us-east-1",
        base_url: str | None = None,
        batch_size: int | None = None,
        configuration_set: str | None = None,
    ) -> None:
        """Make the adapter.

        Args:
            http: Posts the requests.
            clock: Dates the signatures.
            access_key_id: Of a user who may send.
            secret_access_key: The other half of it.
            session_token: The third part of temporary keys; None for keys that last.
            region: Where the account uses SES.
            base_url: Scheme and host; None for those of the region.
            batch_size: Mails of one request; None for 50.
            configuration_set: Which one is named with each mail; None: that of the identity.

        Raises:
            SettingsError: No usable key, address or batch size.
        """
        self._sign = SigV4(
            access_key_id=_key(access_key_id, "access_key_id"),
            secret_access_key=_key(secret_access_key, "secret_access_key"),
            session_token="" if session_token is None else _key(session_token, "session_token"),
            region=region,
        )
        super().__init__(
            http=http,
            base_url=origin(region) if base_url is None else base_url,
            batch_size=batch_size,
            secrets=[*filter(None, (self._sign.secret_access_key, self._sign.session_token))],
        )
        self._clock = clock
        self._set = configuration_set

    def unfit(self, message: Message, weight: Weight) -> str:
        """Name what SES does not carry; see :meth:`Provider.unfit`."""
        addresses = {"to": message.to, "from": message.from_email, "reply-to": message.reply_to}
        for field, one in addresses.items():
            if one and not _is_usable(one):
                return f"SES does not take the {field} address {one!r}"
        if len(message.headers) > MAX_HEADERS:
            return f"it has {len(message.headers)} headers; SES takes {MAX_HEADERS}"
        for name, value in message.headers.items():
            if not value or len(name) > MAX_NAME or len(name) + len(value) > MAX_HEADER:
                return f"the header {name} is empty or longer than SES takes"
        return ""

    def room(self, bulk: Bulk) -> int:
        """Return one where something of this mail cannot be merged."""
        return self.batch_size if ses_body.can_merge(bulk) else 1

    def encode_bulk(self, bulk: Bulk) -> bytes:
        """Return the body: a template with everybody's values, or the one mail."""
        if len(bulk.people) == 1:
            return ses_body.single(bulk.message(0), self._set)
        return ses_body.template(bulk, self._set)

    def headers(self, key: str) -> Mapping[str, str]:
        """Return the headers before they are signed; SES knows no idempotency key."""
        return {"Content-Type": "application/json"}

    def post(self, body: bytes, key: str) -> HttpAnswer:
        """Sign and post a body, to the address it is for."""
        url = self._base + (self.single_path if ses_body.is_single(body) else self.path)
        signed = self._sign.sign("POST", url, body, self._clock.now(), self.headers(key))
        return self._http.post(url, body, signed)

    def get(self, path: str) -> HttpAnswer:
        """Sign and ask a question."""
        url = self._base + path
        return self._http.get(url, self._sign.sign("GET", url, b"", self._clock.now(), {}))

    def account(self, domain: str) -> Account:
        """Ask whether the account may send, and for the sender's domain or one it is part of."""
        try:
            about = self.ask("/v2/email/account", ses_account.about)
            found = self._identity(domain)
        except Refused as error:
            if "AccessDenied" not in str(error):
                raise
            return Account(words="the key is known there; it may send, and read nothing")
        told = ses_account.summary(about, domain, found)
        return Account(
            words=self.plain(told.words), trouble=self.plain(told.trouble), records=told.records
        )

    def results(self, answer: Any, count: int) -> Sequence[Result]:
        """Tell what became of each mail, in the order of the request.

        An error of the account is not a failure of the people whose mails met it. Where nothing
        was accepted it is an error of the request; beside accepted ones, these are owed again. A
        status that may be one mail's own or everybody's is everybody's where all have it.
        """
        if "BulkEmailEntryResults" not in answer:
            return [Result(accepted=True, provider_id=_id(answer))]
        entries = answer["BulkEmailEntryResults"]
        if len(entries) != count:
            raise ValueError("another number of results than mails")
        said = [(str(one["Status"]), self.plain(one.get("Error") or "")) for one in entries]
        alike = count > 1 and len(set(said)) == 1
        results = [
            self._result(entry, *told, alike) for entry, told in zip(entries, said, strict=True)
        ]
        if not any(result.accepted for result in results):
            self._complain(said, alike)
        return results

    def wait(self, answer: HttpAnswer) -> timedelta | None:
        """Return how long to wait; SES says so in a header nowhere, and in words of the day."""
        return retry_after(answer.headers) or ses_statuses.wait(self.words(answer))

    def refusal(self, answer: HttpAnswer) -> SendError:
        """Tell limits, which also come as 400, from what somebody has to mend."""
        name, said = _error_name(answer), self._says(answer)
        named = said.replace(": ", f": {name}: ", 1) if name else said
        if ses_statuses.is_for_now(name):
            return Throttled(named, status=answer.status, retry_after=self.wait(answer))
        if fix := ses_statuses.fix(name):
            return Refused(f"{named} ({fix})", status=answer.status)
        if answer.status == HTTPStatus.FORBIDDEN:
            fix = "check its keys and its region"
            return Refused(f"{named} ({fix})", status=answer.status)
        return super().refusal(answer)

    def _identity(self, domain: str) -> tuple[str, Any] | None:
        """Return the nearest domain that the account has, and what SES says of it."""
        while "." in domain:
            try:
                path = f"/v2/email/identities/{quote(domain, safe='')}"
                return domain, self.ask(path, ses_account.identity)
            except Refused as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
            domain = domain.partition(".")[2]
        return None

    def _result(self, entry: Mapping[str, Any], status: str, words: str, alike: bool) -> Result:
        if status == ACCEPTED:
            return Result(accepted=True, provider_id=_id(entry))
        whose = _blame(status, words, alike)
        return Result(
            accepted=False,
            error=f"ses: {status}: {without_addresses(words) or 'no explanation'}",
            retry=whose in (Blame.ALL, Blame.LATER),
        )

    def _complain(self, said: Sequence[tuple[str, str]], alike: bool) -> None:
        """Raise where what nobody was accepted for is not everybody's own."""
        for status, words in said:
            if _blame(status, words, alike) is Blame.ALL:
                fix = ses_statuses.fix(status)
                text = f"ses: {status}: {words or 'no explanation'}"
                raise Refused(text + (f" ({fix})" if fix else ""), status=HTTPStatus.OK)
        for status, words in said:
            if _blame(status, words, alike) is Blame.LATER:
                text = f"ses: {status}: {words or 'no explanation'}"
                asked = ses_statuses.wait(f"{status} {words}")
                raise Throttled(text, status=HTTPStatus.OK, retry_after=asked)


def origin(region: str) -> str:
    """Return scheme and host of SES in a region."""
    end = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://email.{region}.{end}"


def _key(key: str | None, setting: str) -> str:
    return usable_key("ses", key, f"the {setting} of a user who may send", setting=setting)


def _is_usable(address: str) -> bool:
    """Tell whether SES takes an address: before the @ plain ASCII, after it a domain with dots."""
    local, _, domain = address.rpartition("@")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return False
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    return bool(_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)) and not dots


def _blame(status: str, words: str, alike: bool) -> Blame:
    whose = ses_statuses.blame(status, words)
    if whose is Blame.UNKNOWN:
        return Blame.ALL if alike else Blame.MESSAGE
    return whose


def _id(item: Mapping[str, Any]) -> str:
    identity = item["MessageId"]
    if not isinstance(identity, str) or not identity:
        raise ValueError("an accepted mail without an id")
    return identity


def _error_name(answer: HttpAnswer) -> str:
    """Return Amazon's name of an error, from its header or its body."""
    name = answer.headers.get("x-amzn-ErrorType", "")
    if not name:
        try:
            said = orjson.loads(answer.body)
            name = str(said.get("__type") or said.get("code") or "")
        except (ValueError, AttributeError):
            return ""
    name = name.partition(":")[0].rpartition("#")[2]
    return name if re.fullmatch(r"[A-Za-z]{1,60}", name) else ""
