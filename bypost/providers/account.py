"""What a service says of our account, and what it needs of the sender's domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsRecord:
    """A record as it is to stand in the domain name system.

    Attributes:
        name: In full, without the dot at the end.
        kind: TXT, CNAME or MX.
        value: Without quotes; of an MX with its priority.
    """

    name: str
    kind: str
    value: str

    def __str__(self) -> str:
        value = f'"{self.value}"' if self.kind == "TXT" else self.value
        return f"{self.name}  {self.kind}  {value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsNeeds:
    """What the sender's domain needs; the text ``{domain}`` stands for it.

    Attributes:
        spf: What the SPF record has to include; empty for nothing.
        return_path: Where bounces go, below the sender's domain; empty: a domain of the service.
        return_path_record: What has to stand there; None: what the service tells of the account.
        selectors: Names of its DKIM keys; empty where each account has its own.
    """

    spf: str = ""
    return_path: str = ""
    return_path_record: DnsRecord | None = None
    selectors: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the service says of us.

    Attributes:
        words: Who we are there, in a sentence.
        trouble: What stands in the way of sending; empty for nothing.
        records: What it wants in the domain name system, as far as it tells.
    """

    words: str
    trouble: str = ""
    records: Sequence[DnsRecord] = ()
