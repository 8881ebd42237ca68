"""A domain name system in memory: zones as text, and names that answer with an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset

#: What a domain needs that sends through Resend.
GOOD = """
course.net. NS ns.course.net.
course.net. MX 10 mx.course.net.
course.net. TXT "v=spf1 include:mailbox.net ~all"
course.net. TXT "some-verification=1"
mailbox.net. TXT "v=spf1 ip4:192.0.2.0/24 -all"
send.course.net. TXT "v=spf1 include:amazonses.com ~all"
amazonses.com. TXT "v=spf1 ip4:198.51.100.0/24 -all"
_dmarc.course.net. TXT "v=DMARC1; p=quarantine; rua=mailto:d@course.net"
resend._domainkey.course.net. TXT {key}
net. NS a.root.
"""


class Zones:
    """Answers as dnspython's resolver does.

    Args:
        zone: Lines of ``name kind value``.
        broken: Name -> the exception it answers with.
    """

    def __init__(
        self, zone: str, broken: Mapping[str, type[dns.exception.DNSException]] | None = None
    ) -> None:
        self._rows: dict[tuple[str, str], list[Any]] = {}
        self._broken = broken or {}
        self.asked: list[tuple[str, str]] = []
        for line in filter(None, map(str.strip, zone.splitlines())):
            name, kind, value = line.split(maxsplit=2)
            rows = self._rows.setdefault((name.rstrip(".").casefold(), kind), [])
            rows.extend(dns.rrset.from_text(name, 300, "IN", kind, value))

    def resolve(self, qname: str, rdtype: str, *, lifetime: float) -> Iterable[Any]:
        """Return the records of a name, following an alias."""
        assert lifetime > 0
        self.asked.append((qname, rdtype))
        if error := self._broken.get(qname):
            raise error
        alias = self._rows.get((qname, "CNAME"))
        if alias and rdtype != "CNAME":
            return self.resolve(alias[0].target.to_text(True), rdtype, lifetime=lifetime)
        if found := self._rows.get((qname, rdtype)):
            return found
        if any(name == qname for name, _ in self._rows):
            raise dns.resolver.NoAnswer(response=_Nothing())
        raise dns.resolver.NXDOMAIN


class _Nothing:
    """Enough of a response for dnspython's words."""

    question = "nothing"
