"""DMARC (RFC 7489): what receivers do with mails that only pretend to be of a domain."""

from __future__ import annotations

from bypost.check.doctor.asking import Asking, CouldNotAsk
from bypost.check.doctor.checkup import Checkup, Level
from bypost.check.doctor.dkim import read
from bypost.providers.account import DnsRecord

_POLICIES = ("none", "quarantine", "reject")


def check(asking: Asking, domain: str, *, return_path: str) -> Checkup:
    """Return what DMARC says of the sender's domain.

    Since February 2024 Gmail and Yahoo, and since May 2025 Microsoft, want a record of those who
    send more than 5,000 mails a day.

    Args:
        return_path: Where bounces go; empty for a domain of the provider's.
    """
    place, found = "", list[str]()
    try:
        for place in _places(domain):
            found = [text for text in asking.texts(place) if read(text).get("v") == "DMARC1"]
            if found:
                break
    except CouldNotAsk as error:
        return _told(Level.UNASKED, f"could not ask: {error}", "Try again later.")
    if not found:
        return _told(
            Level.FAIL,
            f"{domain} has no DMARC record, which Gmail, Yahoo and Microsoft want",
            "Add one that only watches, with an address of yours for the reports.",
            _watching(domain),
        )
    if len(found) > 1:
        words = f"{place} has {len(found)} DMARC records; with more than one, none of them counts"
        return _told(Level.FAIL, words, "Leave one of them.")
    return _judge(read(found[0]), place, domain, return_path)


def _judge(tags: dict[str, str], place: str, domain: str, return_path: str) -> Checkup:
    policy = tags.get("p", "").casefold()
    if policy not in _POLICIES:
        words = f"the record at {place} says p={tags.get('p', '')}, which means nothing"
        return _told(Level.FAIL, words, "Write p=none to begin with.", _watching(domain))
    inherited = place != f"_dmarc.{domain}"
    if inherited:
        policy = tags.get("sp", policy).casefold()
    if tags.get("aspf", "r") == "s" and return_path not in {"", domain}:
        words = (
            f"the record at {place} says aspf=s, but bounces go to {return_path}: SPF does not "
            "count for DMARC, and everything rests on DKIM"
        )
        return _told(Level.WARN, words, "Take aspf=s out of the record.")
    if not tags.get("rua", "").casefold().startswith("mailto:"):
        words = f"the record at {place} names nobody who gets the reports (rua)"
        return _told(Level.WARN, words, "Add rua with an address of yours.", _reported(place, tags))
    where = f", from {place.removeprefix('_dmarc.')}" if inherited else ""
    words = f"there is one record, p={policy}{where}, with an address for reports"
    if policy == "none":
        words += "; once the reports show nobody but you, p=quarantine keeps others out"
    return _told(Level.PASS, words)


def _places(domain: str) -> list[str]:
    """Return where a record may stand: at the domain itself, then above it, as a tree walk goes."""
    labels = domain.split(".")
    return [f"_dmarc.{'.'.join(labels[at:])}" for at in range(max(1, len(labels) - 1))][:5]


def _watching(domain: str) -> DnsRecord:
    value = f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"
    return DnsRecord(name=f"_dmarc.{domain}", kind="TXT", value=value)


def _reported(place: str, tags: dict[str, str]) -> DnsRecord:
    domain = place.removeprefix("_dmarc.")
    given = {**tags, "rua": f"mailto:dmarc@{domain}"}
    value = "; ".join(f"{name}={text}" for name, text in given.items())
    return DnsRecord(name=place, kind="TXT", value=value)


def _told(level: Level, says: str, todo: str = "", *records: DnsRecord) -> Checkup:
    return Checkup(group="domain", name="DMARC", level=level, says=says, todo=todo, records=records)
