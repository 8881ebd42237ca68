"""What SES says of an account and of a domain in it: GetAccount and GetEmailIdentity.

Shapes from SES's API reference (version 2), read in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bypost.providers.account import Account, DnsRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the account may do.

    Attributes:
        may_send: Whether sending is enabled in this region.
        is_sandbox: Whether only verified addresses may be written to.
        standing: HEALTHY, PROBATION or SHUTDOWN.
        per_second: Mails in a second.
        per_day: Mails in 24 hours; negative: as many as one likes.
    """

    may_send: bool
    is_sandbox: bool
    standing: str
    per_second: float
    per_day: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the account has of a domain.

    Attributes:
        is_verified: Whether mail may be sent for it.
        tokens: Names of its DKIM keys.
        host: Where these stand; empty: not told.
    """

    is_verified: bool
    tokens: Sequence[str]
    host: str


def about(answer: Mapping[str, Any]) -> About:
    """Read the answer to GetAccount; raises KeyError or TypeError for anything else."""
    quota = answer["SendQuota"]
    return About(
        may_send=bool(answer["SendingEnabled"]),
        is_sandbox=not answer["ProductionAccessEnabled"],
        standing=str(answer.get("EnforcementStatus") or "HEALTHY"),
        per_second=float(quota["MaxSendRate"]),
        per_day=float(quota["Max24HourSend"]),
    )


def identity(answer: Mapping[str, Any]) -> Identity:
    """Read the answer to GetEmailIdentity; raises KeyError or TypeError for anything else."""
    dkim = answer.get("DkimAttributes") or {}
    return Identity(
        is_verified=bool(answer["VerifiedForSendingStatus"]),
        tokens=[str(token) for token in dkim.get("Tokens") or ()],
        host=str(dkim.get("SigningHostedZone") or ""),
    )


def summary(told: About, domain: str, found: tuple[str, Identity] | None) -> Account:
    """Return what account and domain come to, and the records that the domain needs."""
    day = "any number of mails" if told.per_day < 0 else f"{told.per_day:,.0f} mails"
    words = f"the key is known there; it takes {told.per_second:g} mails a second, {day} a day"
    troubles = [
        (not told.may_send, "sending is not enabled for this account in this region"),
        (told.standing == "SHUTDOWN", "Amazon has stopped the sending of this account"),
        (told.standing == "PROBATION", "Amazon reviews this account: see SES's console"),
        (told.is_sandbox, "the account is in the sandbox: it may write to verified addresses only"),
        (found is None, f"{domain} is not among the identities of this account in this region"),
        (
            found is not None and not found[1].is_verified,
            f"{found[0] if found else domain} is not verified there",
        ),
    ]
    trouble = "; ".join(text for holds, text in troubles if holds)
    return Account(words=words, trouble=trouble, records=_records(*found) if found else ())


def _records(domain: str, told: Identity) -> Sequence[DnsRecord]:
    """Return the records of Easy DKIM."""
    host = told.host or "dkim.amazonses.com"
    return [
        DnsRecord(name=f"{one}._domainkey.{domain}", kind="CNAME", value=f"{one}.{host}")
        for one in told.tokens
    ]
