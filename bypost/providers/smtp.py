"""Plain SMTP, for catchers on this machine: Mailpit, MailHog and the like.

Not for real mail: there is no encryption, nobody signs the mails, and nobody tells what became
of them. Who has a mail server of their own is better served by a service with an API.
"""

from __future__ import annotations

import smtplib
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson

from bypost.errors import NotSent, OutcomeUnknown, Refused, SettingsError, Throttled
from bypost.model.message import Message, Nothing, Result
from bypost.providers.base import Provider
from bypost.providers.checked import Checked
from bypost.providers.eml import eml
from bypost.providers.objection import Weight
from bypost.providers.words import one_line, without_addresses

#: Seconds for each step of the conversation.
TIMEOUT = 10
#: Seconds after which no further mail of a request is begun: it must end within its lease.
MOST = 20


class Smtp(Provider):
    """Hand mails to an SMTP server, one after another on one connection a request.

    Nobody can be asked whether a mail was taken over when the answer was lost.
    """

    name = "smtp"
    title = "the SMTP server"
    looks_at_recipients = True
    send_class = Nothing()
    batch_size = 100
    max_bytes = 20_000_000
    checked = Checked(
        pages="RFC 5321 and RFC 4954",
        on=date(2026, 11, 23),
    )

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 1025,
        username: str | None = None,
        password: str | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        """Make the adapter.

        Args:
            host: Name or address of the server.
            port: Where it listens.
            username: None for a server that asks nobody who they are.
            password: Its other half; it travels in the clear.
            timeout: Seconds for each step of the conversation.

        Raises:
            SettingsError: One half of user name and password is missing.
        """
        if (username is None) != (password is None):
            raise SettingsError("[providers.smtp] username and password: set both, or neither")
        self._host, self._port, self._timeout = host, port, timeout
        self._login = None if username is None or password is None else (username, password)

    def __repr__(self) -> str:
        """Name the server."""
        return f"Smtp({self._host!r}, {self._port})"

    def unfit(self, message: Message, weight: Weight) -> str:
        """Refuse addresses that plain SMTP cannot carry; see :meth:`Provider.unfit`."""
        for address in (message.to, message.from_email, message.reply_to):
            if not address.isascii():
                return f"the address {address!r} is not plain ASCII"
        return ""

    def encode(self, messages: Sequence[Message]) -> bytes:
        """Return the messages as JSON; they become mails when they are handed over."""
        return orjson.dumps(list(messages), default=dict)

    def send(self, body: bytes, *, count: int, key: str) -> Sequence[Result]:
        """Hand over the mails; see :meth:`Provider.send`.

        Where the connection breaks between two mails, those before it are accepted and those after
        it are owed again; where it breaks within one, the outcome of the request is unknown.
        """
        messages = [_message(fields) for fields in orjson.loads(body)]
        if len(messages) != count:
            raise Refused(f"smtp: {len(messages)} messages in a request for {count}")
        client = self._connect()
        try:
            return self._hand_over(client, messages)
        finally:
            client.close()

    def _connect(self) -> smtplib.SMTP:
        try:
            # Without a name of ours the standard library would ask the resolver for one.
            client = smtplib.SMTP(
                self._host, self._port, local_hostname="localhost", timeout=self._timeout
            )
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"{self._server}: nothing was sent: {_words(error)}") from error
        try:
            client.ehlo_or_helo_if_needed()
            if self._login:
                client.login(*self._login)
        except smtplib.SMTPNotSupportedError as error:
            client.close()
            raise Refused(f"{self._server}: it lets nobody log in; leave out username") from error
        except smtplib.SMTPAuthenticationError as error:
            client.close()
            words = f"{self._server}: it does not know this username and password"
            raise Refused(words, status=error.smtp_code) from error
        except (OSError, smtplib.SMTPException) as error:
            client.close()
            raise NotSent(f"{self._server}: nothing was sent: {_words(error)}") from error
        return client

    def _hand_over(self, client: smtplib.SMTP, messages: Sequence[Message]) -> Sequence[Result]:
        results: list[Result] = []
        until = time.monotonic() + MOST
        for message in messages:
            try:
                results.append(self._one(client, message, until))
            except _Broken as error:
                if not results:
                    raise NotSent(f"{self._server}: nothing was sent: {error}") from error
                owed = Result(accepted=False, error=f"smtp: {error}", retry=True)
                return [*results, *[owed] * (len(messages) - len(results))]
        self._leave(client)
        if all(result.retry for result in results):
            raise Throttled(f"{self._server}: {results[0].error}")
        return results

    def _one(self, client: smtplib.SMTP, message: Message, until: float) -> Result:
        """Hand over one mail.

        Raises:
            _Broken: The connection broke before the mail itself was sent, or it is too late to.
            OutcomeUnknown: It broke afterwards.
        """
        if time.monotonic() > until:
            raise _Broken("the server is too slow for so many mails")
        try:
            code, said = client.mail(message.from_email)
            if code == 250:
                code, said = client.rcpt(message.to)
            if not 200 <= code < 300:
                client.docmd("RSET")
                return _no(code, said)
        except (OSError, smtplib.SMTPException) as error:
            raise _Broken(_words(error)) from error
        try:
            code, said = client.data(eml(message))
        except smtplib.SMTPDataError as error:  # it did not ask for the mail
            return _no(error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            words = f"sent, but without a usable answer: {_words(error)}"
            raise OutcomeUnknown(f"{self._server}: {words}") from error
        return Result(accepted=True, provider_id=message.ref) if code == 250 else _no(code, said)

    def _leave(self, client: smtplib.SMTP) -> None:
        try:
            client.quit()
        except (OSError, smtplib.SMTPException):
            return  # everything was answered before

    @property
    def _server(self) -> str:
        return f"smtp://{self._host}:{self._port}"


class _Broken(Exception):
    """The connection broke while nothing was under way."""


def _no(code: int, said: bytes | str) -> Result:
    """Return a refusal: for good from 500 on, else for now (RFC 5321 4.2.1)."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    words = without_addresses(one_line(text)) or "no explanation"
    return Result(accepted=False, error=f"smtp: {code}: {words}", retry=code < 500)


def _words(error: BaseException) -> str:
    """Return what went wrong, without what the server repeats of us."""
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "it took too long"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "the connection broke" if isinstance(error, OSError) else "it does not speak SMTP"


def _message(fields: Mapping[str, Any]) -> Message:
    """Return a message as it was before it became JSON."""
    return Message(**{**fields, "date": datetime.fromisoformat(fields["date"])})
