"""What every email service does, and the manners of those that speak HTTP.

A provider never sleeps, retries or logs. It says what happened; the delivery engine decides.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urljoin, urlsplit

import orjson

from bypost.errors import OutcomeUnknown, Refused, SendError, SettingsError, Throttled
from bypost.http import HttpAnswer, HttpClient
from bypost.model.message import Message, Result, SendClass
from bypost.providers.objection import objection
from bypost.providers.retry_after import retry_after

#: Longest quotation of a provider's own words, in characters.
MAX_WORDS = 300

_FIXES: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "check its api_key",
    HTTPStatus.FORBIDDEN: "check its api_key, and that the sender's domain is verified there",
    HTTPStatus.NOT_FOUND: "check its base_url: scheme and host only",
    HTTPStatus.METHOD_NOT_ALLOWED: "check its base_url: scheme and host only",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "set a smaller batch_size for it",
}


class Provider(ABC):
    """An adapter for one email service.

    Attributes:
        name: As it stands in the settings.
        send_class: How an answer that never came is settled.
        batch_size: Most messages of one request.
        max_bytes: Longest body of one request; a longer one belongs into smaller batches.
    """

    name: ClassVar[str]
    send_class: ClassVar[SendClass]
    batch_size: int
    max_bytes: int

    def objection(self, message: Message) -> str:
        """Return why this provider cannot carry ``message``; empty when it can."""
        return objection(message)

    def prepare(self, messages: Sequence[Message]) -> bytes:
        """Return the body of the request: the bytes that are frozen and may be sent again.

        No I/O, and the same messages give the same bytes.

        Raises:
            Refused: A message has an :meth:`objection`; asked for one by one before, that one
                alone fails.
            ValueError: No messages, or more than ``batch_size``: a mistake of the caller.
        """
        if not 1 <= len(messages) <= self.batch_size:
            raise ValueError(f"{self.name}: {len(messages)} messages, not 1 to {self.batch_size}")
        for message in messages:
            if reason := self.objection(message):
                raise Refused(f"{self.name}: delivery {message.ref!r} cannot be sent: {reason}")
        return self.encode(messages)

    @abstractmethod
    def encode(self, messages: Sequence[Message]) -> bytes:
        """Return the body for messages without objections; a pure function."""

    @abstractmethod
    def send(self, body: bytes, *, count: int, key: str) -> Sequence[Result]:
        """Hand over a prepared body and return one result per message, in order.

        Args:
            body: What :meth:`prepare` returned.
            count: How many messages are in it.
            key: Idempotency key: the same for every attempt with these bytes.

        Raises:
            NotSent: Nothing left this machine.
            Throttled: Refused for now.
            Refused: The whole request was refused, for good until somebody mends something.
            OutcomeUnknown: It may have been accepted.
        """

    def find(self, ref: str, *, to: str, since: datetime) -> Result | None:
        """Ask whether the mail ``ref`` was taken over; only for the class ``Search``.

        Args:
            ref: Our reference.
            to: The address it went to; empty once the person was erased.
            since: No attempt was made before.

        Returns:
            What became of it, or None if the provider does not have it.

        Raises:
            SendError: The provider could not be asked; the question stays open.
        """
        raise NotImplementedError(f"{self.name} cannot be asked")


class HttpProvider(Provider):
    """A service behind one HTTP endpoint that answers in JSON; the rules for its answers."""

    path: ClassVar[str]
    default_batch_size: ClassVar[int]

    def __init__(
        self, *, http: HttpClient, base_url: str, batch_size: int | None, secrets: Sequence[str]
    ) -> None:
        """Make the adapter.

        Args:
            http: Posts the requests.
            base_url: Scheme and host.
            batch_size: What the operator wants; None for the most the service takes.
            secrets: Texts that must not appear in an error, should the service repeat them.

        Raises:
            SettingsError: ``base_url`` or ``batch_size`` cannot be used.
        """
        self._http = http
        self._url = self._endpoint(base_url)
        self._secrets = [_masker(secret) for secret in secrets]
        self.batch_size = self.default_batch_size if batch_size is None else batch_size
        if not 1 <= self.batch_size <= self.default_batch_size:
            raise SettingsError(
                f"[providers.{self.name}] batch_size = {batch_size}: "
                f"write a number from 1 to {self.default_batch_size}"
            )

    def __repr__(self) -> str:
        """Name the endpoint and nothing else."""
        return f"{type(self).__name__}({self._url!r})"

    @abstractmethod
    def headers(self, key: str) -> Mapping[str, str]:
        """Return the headers of a request, with the credentials and the idempotency key."""

    @abstractmethod
    def results(self, answer: Any, count: int) -> Sequence[Result]:
        """Return the results in the parsed body of a 2xx answer.

        Raises:
            ValueError, KeyError, TypeError: It is not what the service documents.
        """

    def conflict(self, answer: HttpAnswer) -> SendError:
        """Return what a 409 means; a refusal unless the service documents otherwise."""
        return self._refused(answer)

    def send(self, body: bytes, *, count: int, key: str) -> Sequence[Result]:
        """Post ``body`` and read the answer; see :meth:`Provider.send`."""
        answer = self._http.post(self._url, body, self.headers(key))
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._no(answer)
        try:
            results = self.results(orjson.loads(answer.body), count)
        except (ValueError, KeyError, TypeError) as error:
            raise self._unreadable(answer) from error
        if len(results) != count:
            raise self._unreadable(answer)
        return results

    def words(self, answer: HttpAnswer) -> str:
        """Return the service's own words for people: one line, masked, at most 300 characters."""
        try:
            said = orjson.loads(answer.body)
            text = str(said.get("message") or said.get("error") or said)
        except (ValueError, AttributeError):
            text = answer.body[: 20 * MAX_WORDS].decode(errors="replace")
        for mask in self._secrets:  # before the cut, which could leave half of one
            text = mask.sub("***", text)
        printable = "".join(letter if letter.isprintable() else " " for letter in text)
        return " ".join(printable.split())[:MAX_WORDS]

    def _no(self, answer: HttpAnswer) -> SendError:
        status = answer.status
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return Throttled(
                self._says(answer), status=status, retry_after=retry_after(answer.headers)
            )
        if status == HTTPStatus.CONFLICT:
            return self.conflict(answer)
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return self._redirected(answer)
        if status == HTTPStatus.REQUEST_TIMEOUT or not 400 <= status < 500:
            return OutcomeUnknown(self._says(answer), status=status)
        return self._refused(answer)

    def _refused(self, answer: HttpAnswer) -> Refused:
        fix = _FIXES.get(answer.status)
        return Refused(self._says(answer) + (f" ({fix})" if fix else ""), status=answer.status)

    def _redirected(self, answer: HttpAnswer) -> Refused:
        try:
            host = urlsplit(urljoin(self._url, answer.headers.get("Location", ""))).hostname
        except ValueError:
            host = None
        where = f" to {host}" if host else ""
        return Refused(
            f"{self.name}: answered with a redirect{where}; check base_url", status=answer.status
        )

    def _unreadable(self, answer: HttpAnswer) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{self.name}: HTTP {answer.status}, but not the answer it documents: "
            f"{self.words(answer)}",
            status=answer.status,
        )

    def _says(self, answer: HttpAnswer) -> str:
        return f"{self.name}: HTTP {answer.status}: {self.words(answer) or 'no explanation'}"

    def _endpoint(self, base_url: str) -> str:
        if not _is_origin(base_url):
            raise SettingsError(
                f"[providers.{self.name}] base_url is not scheme and host alone: "
                'write it like base_url = "https://api.example.com"'
            )
        return base_url.rstrip("/") + self.path


def _is_origin(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_http = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a bracket without its pair
        return False
    return is_http and not (
        parts.path.strip("/") or parts.query or parts.fragment or parts.username
    )


def _masker(secret: str) -> re.Pattern[str]:
    """Return a pattern for ``secret``, also where the service repeats only its beginning."""
    if len(secret) < 12:
        return re.compile(re.escape(secret))
    return re.compile(re.escape(secret[:8]) + r"\S*")
