"""The manners of the services that speak HTTP."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar
from urllib.parse import urljoin, urlsplit

import orjson

from bypost.errors import OutcomeUnknown, Refused, SendError, SettingsError, Throttled
from bypost.http import HttpAnswer, HttpClient
from bypost.model.bulk import Bulk
from bypost.model.message import Message, Result
from bypost.providers.base import Provider
from bypost.providers.retry_after import retry_after
from bypost.providers.words import MAX_WORDS, one_line, without_addresses

_FIXES: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "check its api_key",
    HTTPStatus.FORBIDDEN: "check its api_key, and that the sender's domain is verified there",
    HTTPStatus.NOT_FOUND: "check its base_url: scheme and host only",
    HTTPStatus.METHOD_NOT_ALLOWED: "check its base_url: scheme and host only",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "set a smaller batch_size for it",
}


#: Where services put their words, the first one found wins.
_WORDS = ("message", "Message", "error", "ErrorMessage")
_Read = TypeVar("_Read")


class HttpProvider(Provider):
    """A service behind one HTTP endpoint; the rules for its answers."""

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
        self._base = self._origin(base_url)
        self._url = self._base + self.path
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

    def encode(self, messages: Sequence[Message]) -> bytes:
        """Return the body for messages of one sender, as of a bulk of them."""
        return self.encode_bulk(Bulk.of(messages))

    @abstractmethod
    def encode_bulk(self, bulk: Bulk) -> bytes:
        """Return the body for a bulk; see :meth:`Provider.encode_bulk`."""

    @abstractmethod
    def headers(self, key: str) -> Mapping[str, str]:
        """Return the headers of a request, with the credentials and the idempotency key."""

    def asking(self) -> Mapping[str, str]:
        """Return the headers of a question, which needs no idempotency key."""
        return self.headers("")

    def tells(self, answer: HttpAnswer) -> bool:
        """Tell whether an answer holds results: a 2xx, unless the service documents otherwise."""
        return HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES

    @abstractmethod
    def read(self, answer: HttpAnswer, count: int) -> Sequence[Result]:
        """Return the results in an answer that :meth:`tells` something.

        Raises:
            ValueError, KeyError, TypeError: It is not what the service documents.
            Throttled, Refused: It says that no message was accepted, for a reason of all of them.
        """

    def wait(self, answer: HttpAnswer) -> timedelta | None:
        """Return how long a 429 asks us to wait; None where it does not say."""
        return retry_after(answer.headers)

    def refusal(self, answer: HttpAnswer) -> SendError:
        """Return what a 4xx means; a refusal unless the service documents otherwise."""
        return self._refused(answer)

    def send(self, body: bytes, *, count: int, key: str) -> Sequence[Result]:
        """Post ``body`` and read the answer; see :meth:`Provider.send`."""
        answer = self.post(body, key)
        if not self.tells(answer):
            raise self._no(answer)
        try:
            results = self.read(answer, count)
        except (ValueError, KeyError, TypeError) as error:
            raise self._unreadable(answer) from error
        if len(results) != count:
            raise self._unreadable(answer)
        return results

    def post(self, body: bytes, key: str) -> HttpAnswer:
        """Post ``body``; for services that sign requests, or have several addresses for mails."""
        return self._http.post(self._url, body, self.headers(key))

    def get(self, path: str) -> HttpAnswer:
        """Ask for ``path``, which may have a query."""
        return self._http.get(self._base + path, self.asking())

    def ask(self, path: str, read: Callable[[Any], _Read]) -> _Read:
        """Ask the service something that changes nothing there.

        Args:
            path: Path and query.
            read: Gets the parsed body of a 2xx answer; raises ValueError, KeyError or TypeError
                where it is not what the service documents.

        Raises:
            SendError: No usable answer; what was asked stays open.
        """
        answer = self.get(path)
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._no(answer)
        try:
            return read(orjson.loads(answer.body))
        except (ValueError, KeyError, TypeError) as error:
            raise self._unreadable(answer) from error

    def words(self, answer: HttpAnswer) -> str:
        """Return the service's own words for people: one line, masked, at most 300 characters."""
        try:
            said = orjson.loads(answer.body)
            text = next(said[name] for name in _WORDS if said.get(name))
        except (ValueError, AttributeError, StopIteration):
            # Not an error but a list of mails, perhaps, with everybody's address in it.
            text = without_addresses(answer.body[: 20 * MAX_WORDS].decode(errors="replace"))
        return self.plain(text)

    def plain(self, text: object) -> str:
        """Return what the service said: one line, without secrets, at most 300 characters."""
        text = str(text)
        for mask in self._secrets:  # before the cut, which could leave half of one
            text = mask.sub("***", text)
        return one_line(text)

    def _no(self, answer: HttpAnswer) -> SendError:
        status = answer.status
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return Throttled(self._says(answer), status=status, retry_after=self.wait(answer))
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return self._redirected(answer)
        if status == HTTPStatus.REQUEST_TIMEOUT or not 400 <= status < 500:
            return OutcomeUnknown(self._says(answer), status=status)
        return self.refusal(answer)

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

    def _origin(self, base_url: str) -> str:
        if not _is_origin(base_url):
            raise SettingsError(
                f"[providers.{self.name}] base_url is not scheme and host alone: "
                'write it like base_url = "https://api.example.com"'
            )
        return base_url.rstrip("/")


class JsonProvider(HttpProvider):
    """A service whose answer to mails is JSON, with what became of them in it."""

    def read(self, answer: HttpAnswer, count: int) -> Sequence[Result]:
        """Return the :meth:`results` in the parsed body."""
        return self.results(orjson.loads(answer.body), count)

    @abstractmethod
    def results(self, answer: Any, count: int) -> Sequence[Result]:
        """Return the results in a parsed body; raises what :meth:`read` does."""


def usable_key(provider: str, key: str | None, what: str, *, setting: str = "api_key") -> str:
    """Return ``key``.

    Raises:
        SettingsError: There is none, or it cannot be written into a header; ``what`` says which
            key of the service is meant, ``setting`` where it is set.
    """
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(
            f"[providers.{provider}] {setting} is missing or is not one word: "
            f"set BYPOST_PROVIDERS__{provider.upper()}__{setting.upper()} to {what}"
        )
    return key


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
