"""An Amazon SES v2 on loopback that remembers what it accepted.

It checks signatures, puts values into templates as SES's pages say (simple variables only, nothing
escaped, once), and knows no idempotency keys: what comes twice is accepted twice. In a process:
``with FakeSes() as ses: ... ses.accepted``. On its own: ``python -m bypost.testing.fake_ses
--port 0`` prints its URL on the first line; what it can be asked says
:mod:`bypost.testing.fake_provider`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.parser import HeaderParser
from email.policy import default
from typing import Any
from urllib.parse import unquote

import orjson

from bypost.providers.ses_sigv4 import SigV4, host
from bypost.testing.acceptances import Accepted
from bypost.testing.fake_provider import FakeProvider, serve
from bypost.testing.fake_server import Reply, Request

MAX_ENTRIES, MAX_TEMPLATE_REQUEST, MAX_HEADERS, MAX_DATA = 50, 1_048_576, 15, 262_144
ACCESS_KEY_ID = "AKIDOFNOREALACCOUNT"
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_ADDRESS = re.compile(r"[!-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class FakeSes(FakeProvider):
    """Behaves as SendEmail, SendBulkEmail and two questions do, and holds the ground truth.

    An address that contains ``bounce-now`` is refused as SES refuses a parameter.

    Attributes:
        session_token: What has to come with the key; empty for one that lasts.
        identities: Domain -> what GetEmailIdentity answers.
        account: What GetAccount answers; None: the key may not ask.
        statuses: Status of each entry of the next bulk request, instead of its own.
    """

    name = "ses"

    def __init__(
        self, *, api_key: str = "ses-secret-of-nobody", region: str = "us-east-1", **options: Any
    ) -> None:
        """Start the fake; ``api_key`` is the secret access key, of :data:`ACCESS_KEY_ID`."""
        self._signer = SigV4(access_key_id=ACCESS_KEY_ID, secret_access_key=api_key, region=region)
        self.session_token = ""
        self.identities: dict[str, Mapping[str, Any]] = {}
        self.account: Mapping[str, Any] | None = {
            "SendingEnabled": True,
            "ProductionAccessEnabled": True,
            "EnforcementStatus": "HEALTHY",
            "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 0.0},
        }
        self.statuses: Sequence[str] = ()
        super().__init__(api_key=api_key, **options)

    def answer(self, request: Request, *, wait_s: float) -> Reply:
        """Answer as SES does."""
        if self._discard:
            self.stopping.wait(wait_s)
            return self._taken(request)
        if trouble := self._signature(request):
            return trouble
        if request.method == "GET":
            return self._tell(request.path)
        self.stopping.wait(wait_s)
        try:
            body = orjson.loads(request.body)
        except ValueError:
            return _error(400, "SerializationException", "The body is not JSON")
        if request.path == "/v2/email/outbound-emails":
            return self._single(body)
        if request.path == "/v2/email/outbound-bulk-emails":
            return self._bulk(body, len(request.body))
        return _error(404, "UnknownOperationException", "There is no such operation")

    def _signature(self, request: Request) -> Reply | None:
        """Return what is answered to a request that is not signed as its headers say."""
        stamp, given = (request.headers.get(n, "") for n in ("x-amz-date", "authorization"))
        named = re.search(r"SignedHeaders=([a-z0-9;-]+)", given)
        if not (stamp and named):
            return _error(403, "MissingAuthenticationTokenException", "Missing token")
        token = request.headers.get("x-amz-security-token", "")
        if f"Credential={ACCESS_KEY_ID}/" not in given or token != self.session_token:
            text = "The security token included in the request is invalid."
            return _error(403, "UnrecognizedClientException", text)
        own = set(named[1].split(";")) - {"host", "x-amz-date"}
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        signed = self._signer.sign(
            request.method,
            self.url + request.path,
            request.body,
            at,
            {name: request.headers[name] for name in own},
        )
        if signed["Authorization"] == given and request.headers["host"] == host(self.url):
            return None
        return _error(403, "InvalidSignatureException", "The signature does not match.")

    def _tell(self, path: str) -> Reply:
        if self.account is None:
            return _error(403, "AccessDeniedException", "The user is not authorized")
        if path == "/v2/email/account":
            return Reply(200, orjson.dumps(self.account))
        name = unquote(path.removeprefix("/v2/email/identities/"))
        if name in self.identities:
            return Reply(200, orjson.dumps(self.identities[name]))
        return _error(404, "NotFoundException", f"Email identity {name} does not exist.")

    def _single(self, body: Any) -> Reply:
        headers = body["Content"]["Simple"].get("Headers", [])
        (to,) = body["Destination"]["ToAddresses"]
        if len(headers) > MAX_HEADERS or not _ADDRESS.fullmatch(address_of(to)):
            return _error(400, "BadRequestException", "Illegal address")
        identity = self._accept([(body["EmailTags"], to)])[0]
        return Reply(200, orjson.dumps({"MessageId": identity}))

    def _bulk(self, body: Any, size: int) -> Reply:
        entries = body["BulkEmailEntries"]
        if not 1 <= len(entries) <= MAX_ENTRIES or size > MAX_TEMPLATE_REQUEST:
            return _error(400, "BadRequestException", "The request is too large")
        own = [_status(entry) for entry in entries]
        statuses, self.statuses = self.statuses or own, ()
        taken = [
            (entry["ReplacementTags"], entry["Destination"]["ToAddresses"][0])
            for entry, status in zip(entries, statuses, strict=True)
            if status == "SUCCESS"
        ]
        ids = iter(self._accept(taken))
        results = [
            {"Status": "SUCCESS", "MessageId": next(ids)}
            if status == "SUCCESS"
            else {"Status": status, "Error": f"It met {status}"}
            for status in statuses
        ]
        return Reply(200, orjson.dumps({"BulkEmailEntryResults": results}))

    def _accept(self, taken: Sequence[tuple[Sequence[Mapping[str, str]], str]]) -> list[str]:
        """Note what was accepted, and return the ids it gets."""
        now, found = self._clock.now(), []
        for tags, to in taken:
            ref = {tag["Name"]: tag["Value"] for tag in tags}.get("ref", "")
            identity = self.new_id()
            found.append(Accepted(ref=ref, to=address_of(to), provider_id=identity, at=now))
        self.acceptances.add(found, key="")
        return [one.provider_id for one in found]

    def _taken(self, request: Request) -> Reply:
        """Answer with ids and look at nothing."""
        if request.path == "/v2/email/outbound-emails":
            return Reply(200, orjson.dumps({"MessageId": self.new_id()}))
        # Inside a text every quote is escaped, so this occurs once per person.
        count = request.body.count(b'"Destination":')
        results = [{"Status": "SUCCESS", "MessageId": self.new_id()} for _ in range(count)]
        return Reply(200, orjson.dumps({"BulkEmailEntryResults": results}))


def rendered(body: Any) -> list[dict[str, Any]]:
    """Return the mails that SES makes of a request, as SendEmail's ``Content.Simple`` plus whom.

    Raises:
        KeyError: A variable has no value: SES would tell of a "Rendering Failure".
        ValueError: Braces that are no variable: SES would not have taken the template.
    """
    if "Content" in body:
        simple = body["Content"]["Simple"]
        texts = {name: part["Data"] for name, part in simple["Body"].items()}
        return [_mail(body, body, simple["Subject"]["Data"], texts, simple.get("Headers", []))]
    template = body["DefaultContent"]["Template"]
    return [_filled(body, template, entry) for entry in body["BulkEmailEntries"]]


def mailbox_of(text: str) -> Address:
    """Return name and address as a mail program reads them from a header."""
    header = HeaderParser(policy=default).parsestr(f"To: {text}\n\n")["To"]
    found: list[Address] = list(header.addresses)
    (one,) = found
    return one


def address_of(text: str) -> str:
    """Return the address of ``Name <address>``."""
    return text.rpartition("<")[2].rstrip(">")


def _filled(body: Any, template: Any, entry: Any) -> dict[str, Any]:
    """Return one person's mail; the default values count where the person has none at all."""
    content = entry["ReplacementEmailContent"]["ReplacementTemplate"]
    data = content["ReplacementTemplateData"]
    if len(data) > MAX_DATA:
        raise ValueError("the values of a person are too long")
    values = orjson.loads(data) or orjson.loads(template["TemplateData"])
    texts = {name: _fill(text, values) for name, text in template["TemplateContent"].items()}
    headers = {one["Name"]: one for one in template.get("Headers", [])}
    headers |= {one["Name"]: one for one in entry["ReplacementHeaders"]}
    for one in headers.values():
        if "{{" in one["Value"]:
            raise ValueError("what becomes of variables in headers is not documented")
    subject = texts.pop("Subject")
    return _mail(body, entry, subject, texts, list(headers.values()))


def _mail(
    body: Any, whom: Any, subject: str, texts: Mapping[str, str], headers: Sequence[Any]
) -> dict[str, Any]:
    (to,) = whom["Destination"]["ToAddresses"]
    (tag,) = whom.get("ReplacementTags") or whom["EmailTags"]
    return {
        "from": body["FromEmailAddress"],
        "to": to,
        "reply_to": body.get("ReplyToAddresses", []),
        "subject": subject,
        "texts": texts,
        "headers": {one["Name"]: one["Value"] for one in headers},
        "tag": tag,
    }


def _fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in once, as they are; as strict as Handlebars about what it cannot read."""
    rest = _VARIABLE.sub("\0", text)
    if "{{" in rest or "{\0" in rest or "\0}" in rest or "\\\0" in rest:
        raise ValueError("braces that are no variable of ours")
    return _VARIABLE.sub(lambda found: values[found[1]], text)


def _status(entry: Any) -> str:
    address = address_of(entry["Destination"]["ToAddresses"][0])
    good = _ADDRESS.fullmatch(address) and "bounce-now" not in address
    return "SUCCESS" if good else "INVALID_PARAMETER"


def _error(status: int, name: str, text: str) -> Reply:
    return Reply(status, orjson.dumps({"message": text}), {"x-amzn-ErrorType": name})


def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser(description="An Amazon SES on loopback, for tests.")
    parser.add_argument("--api-key", default="ses-secret-of-nobody", help="the only secret key")
    serve(FakeSes, parser)


if __name__ == "__main__":
    main()
