"""Questions to the domain name system, each with a time-out, all of them together bounded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import dns.exception
import dns.name
import dns.resolver


class CouldNotAsk(Exception):
    """Nobody answered, or with an error: nothing is known. Its text says why."""


class Resolver(Protocol):
    """What answers: a ``dns.resolver.Resolver``, or a test's own."""

    def resolve(self, qname: str, rdtype: str, *, lifetime: float) -> Iterable[Any]:
        """Return the records; raise ``dns.exception.DNSException`` as dnspython does."""


class Asking:
    """Asks, and remembers what was answered.

    Args:
        resolver: This machine's own by default.
        each: Seconds for one question.
        total: Seconds for all of them.
    """

    def __init__(
        self,
        resolver: Resolver | None = None,
        *,
        each: float = 5,
        total: float = 30,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own = resolver
        self._each = each
        self._elapsed = elapsed
        self._until = elapsed() + total
        self._known: dict[tuple[str, str], list[Any] | str] = {}

    def cut_off(self, domain: str) -> str:
        """Return why answers about a domain mean nothing; empty if they mean something.

        A name server that knows nothing of the world says of every name that it does not exist.
        """
        top = domain.rpartition(".")[2]
        try:
            known = self._ask(top, "NS")
        except CouldNotAsk as error:
            return str(error)
        return "" if known else f"the name server of this machine does not even know .{top}"

    def texts(self, name: str) -> list[str]:
        """Return the TXT records of a name, each joined from its strings; none: an empty list.

        Raises:
            CouldNotAsk: Nobody knows.
        """
        rows = self._ask(name, "TXT")
        return [b"".join(row.strings).decode("utf-8", "replace") for row in rows]

    def mail_hosts(self, name: str) -> list[tuple[int, str]]:
        """Return priority and host of the MX records, the first one first; raises as above."""
        rows = self._ask(name, "MX")
        return sorted((int(row.preference), _plain(row.exchange)) for row in rows)

    def has_address(self, name: str) -> bool:
        """Tell whether a name has an IP address; raises as above."""
        return bool(self._ask(name, "A") or self._ask(name, "AAAA"))

    def alias(self, name: str) -> str:
        """Return what a name stands for; empty if it is no alias; raises as above."""
        rows = self._ask(name, "CNAME")
        return _plain(rows[0].target) if rows else ""

    def _ask(self, name: str, kind: str) -> list[Any]:
        key = (name.casefold().rstrip("."), kind)
        if key not in self._known:
            self._known[key] = self._answer(*key)
        known = self._known[key]
        if isinstance(known, str):
            raise CouldNotAsk(known)
        return known

    def _resolver(self) -> Resolver:
        """Return what answers; this machine's own is read on first use, which may fail."""
        if self._own is None:
            self._own = _of_this_machine()
        return self._own

    def _answer(self, name: str, kind: str) -> list[Any] | str:
        """Return records, or why nobody knows."""
        left = self._until - self._elapsed()
        if left <= 0:
            return "the time for all questions together is over"
        try:
            return list(self._resolver().resolve(name, kind, lifetime=min(self._each, left)))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.resolver.NoResolverConfiguration:
            return "this machine knows no name server"
        except dns.exception.Timeout:
            return f"no answer about {name} within {min(self._each, left):.0f} s"
        except dns.resolver.NoNameservers:
            return f"the name servers answered with an error about {name}"
        except (dns.exception.DNSException, OSError, UnicodeError):
            return f"{name} could not be looked up"


def _of_this_machine() -> Resolver:
    made: Resolver = dns.resolver.Resolver()
    return made


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).casefold()
