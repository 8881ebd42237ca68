"""A marked test: one mail to somebody of ours, through the real pipeline and past the ledger.

It is the only mail that no delivery stands behind: nothing counts it, nothing remembers it, and an
event about it is about nobody. So it goes to listed addresses only, says what it is in its subject,
and its links name nobody.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bypost.delivery import compose
from bypost.delivery.recipe import Facts
from bypost.errors import ByPostError, OutcomeUnknown, SendError, SettingsError
from bypost.links import Links
from bypost.model.content import Content
from bypost.model.course import Sender
from bypost.model.message import Message
from bypost.providers.base import Provider
from bypost.render.personalise import Rendered
from scheduler.clock import Clock

#: Stands before the subject; nobody is to take a test for the mail itself.
MARK = "[TEST] "
#: Stands in the links where a person's token would: the pages there say that it was a test.
TOKEN = "test"  # noqa: S105 - says that there is none
#: How many tests may leave a process at once, and after how long there is room for one more.
MOST_AT_ONCE = 5
SECONDS_EACH = 6.0


class TooMany(ByPostError):
    """Tests leave too fast: somebody presses again and again, or a program does."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A test that a provider took over.

    Attributes:
        ref: Names its file in the local mailbox, where the provider is ``outbox``.
    """

    ref: str
    to: str
    subject: str
    provider: str


class MarkedTests:
    """Hands marked tests to a provider.

    Args:
        links: Only its address is used; nothing is signed.
        allowed: Addresses that may get a test, from ``[preview] addresses``.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        sender: Sender,
        links: Links,
        allowed: Sequence[str],
        clock: Clock,
    ) -> None:
        self._provider = provider
        self._sender = sender
        self._links = links
        self._allowed = {address.casefold(): address for address in allowed}
        self._clock = clock
        self._lock = threading.Lock()
        self._left, self._counted_at = float(MOST_AT_ONCE), clock.elapsed()

    @property
    def links(self) -> Mapping[str, str]:
        """Return the ``links.*`` of a test."""
        return {
            "leave": self._links.leave(TOKEN),
            "progress": self._links.progress(TOKEN),
            "confirm": self._links.confirm(TOKEN),
            "done": self._links.done(TOKEN, TOKEN),
        }

    def check(self, to: str) -> str:
        """Return a listed address as it stands in the list.

        Raises:
            SettingsError: if ``to`` is not listed.
        """
        listed = self._allowed.get(to.strip().casefold())
        if listed is None:
            raise SettingsError(
                f"{to or 'no address'}: tests go to the addresses in [preview] addresses only\n"
                f'    add it in bypost.toml: addresses = ["{to.strip() or "you@your-domain"}"]'
            )
        return listed

    def send(self, content: Content, rendered: Rendered, *, to: str, to_name: str) -> Handed:
        """Hand over one mail as a test.

        Args:
            rendered: The mail for a persona, made with :attr:`links`.
            to: A listed address.

        Raises:
            SettingsError: ``to`` is not listed.
            TooMany: A few were sent a moment ago.
            SendError: The provider did not take it, or nobody knows whether it did.
        """
        address = self.check(to)
        self._take_turn()
        message = self._message(content, rendered, address, to_name)
        body = self._provider.prepare([message])
        (result,) = self._provider.send(body, count=1, key=message.ref)
        if not result.accepted:
            raise SendError(f"{self._provider.name}: {result.error}")
        return Handed(message.ref, address, message.subject, self._provider.name)

    def _message(self, content: Content, rendered: Rendered, to: str, to_name: str) -> Message:
        shared = compose.shared(
            content, sender=self._sender, links=self._links, now=self._clock.now()
        )
        facts = Facts(to=to, to_name=to_name, token=TOKEN)
        marked = replace(rendered, subject=f"{MARK}{rendered.subject}")
        # No tag of a database begins like this: an event about it finds no delivery.
        ref = f"{TOKEN}-{secrets.token_hex(8)}"
        return compose.finished(content.kind, marked, shared, facts, ref)

    def _take_turn(self) -> None:
        """Count one test, or raise TooMany."""
        with self._lock:
            now = self._clock.elapsed()
            gained = (now - self._counted_at) / SECONDS_EACH
            self._left, self._counted_at = min(float(MOST_AT_ONCE), self._left + gained), now
            if self._left < 1:
                wait = (1 - self._left) * SECONDS_EACH
                raise TooMany(f"several tests have just left; try again in {wait:.0f} s")
            self._left -= 1


def why_not(error: SendError) -> str:
    """Return in one sentence what became of a test that was not simply accepted."""
    if isinstance(error, OutcomeUnknown):
        return f"Nobody knows whether it was accepted; look whether it arrives. {error}"
    return f"It was not sent. {error}"
