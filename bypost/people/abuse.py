"""Keeping the sign-up form from being used against others.

A form that mails whoever is typed into it can be turned on anybody. So nobody is mailed more than a
few times, whoever asks; the form is used only so often by one network and in all; programs that
fill it in are told from people; and every answer is the same, whatever is known of the address.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

from disposable_email_domains import blocklist

from bypost.links import AddressHash, Links
from bypost.settings.model import SignUp
from bypost.store import Connection, limits

_LOG = logging.getLogger(__name__)

#: The field that people do not see and programs fill in.
HONEYPOT = "company_fax"
#: Nobody fills in a form faster, and a page that has been open for longer is stale.
FASTEST, SLOWEST = timedelta(seconds=2), timedelta(hours=24)

_FORM = "form"
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
#: Names of what is counted begin with these. Budgets are those whose end is an alarm.
_BUDGET, _NETWORK, _ADDRESS = "budget:", "network:", "address:"
_ALL, _FORMS = f"{_BUDGET}all", f"{_BUDGET}form:"
#: Bits of an address that are kept: neighbours share them, and a household is not named by them.
_KEPT_BITS = {4: 24, 6: 48}
#: Here answers somebody who never asked for a course.
_ROLES = {"abuse", "postmaster"}
_DOTS_DO_NOT_COUNT = {"gmail.com", "googlemail.com"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What signing up goes by."""

    settings: SignUp
    address_hash: AddressHash

    @property
    def link_life(self) -> timedelta:
        """Return how long the link in a confirmation works."""
        return timedelta(days=self.settings.confirm_days)

    @property
    def keep(self) -> timedelta:
        """Return how long a request is kept that nobody confirms."""
        return timedelta(days=self.settings.keep_unconfirmed_days)


class FormCheck(StrEnum):
    """What a form's token says."""

    GOOD = "good"
    TOO_FAST = "too-fast"  #: filled in within two seconds: show the form again
    STALE = "stale"  #: older than a day: show the form again
    WRONG = "wrong"  #: none, or not of this form


def make_form_token(links: Links, form: str, now: datetime) -> str:
    """Return what goes into a form with the moment at which it was shown."""
    return links.sign(_FORM, [form, now.timestamp()])


def check_form_token(links: Links, token: str, form: str, now: datetime) -> FormCheck:
    """Tell whether a form that was sent off was shown by us, and a credible time ago."""
    match links.unsign(_FORM, token):
        case [str(shown), float() | int() as at] if shown == form:
            age = timedelta(seconds=now.timestamp() - at)
        case _:
            return FormCheck.WRONG
    if age < FASTEST:
        return FormCheck.TOO_FAST
    return FormCheck.GOOD if age <= SLOWEST else FormCheck.STALE


def network_of(ip: str) -> str:
    """Return the network of an IP address, e.g. ``203.0.113.0/24``; ``unknown`` for no address."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ip_network((address, _KEPT_BITS[address.version]), strict=False))


def has_room(
    connection: Connection, *, network: str, form: str, rules: Rules, now: datetime
) -> bool:
    """Count one use of a form; False where its network, the form or all forms had enough of them.

    It counts alike for every address. What a network has in excess takes nothing from others.
    """
    settings = rules.settings
    counted = [
        (f"{_NETWORK}{network}", settings.per_network_per_hour),
        (f"{_FORMS}{form}", settings.per_form_per_hour),
        (_ALL, settings.per_hour),
    ]
    for name, most in counted if network else counted[1:]:
        if not limits.take(connection, name, most=most, per=_HOUR, now=now):
            if name.startswith(_BUDGET) and limits.close(connection, name, now):
                _LOG.warning("%s", _alarm(name, now))
            return False
    return True


def may_mail(connection: Connection, email: str, *, rules: Rules, now: datetime) -> bool:
    """Count one confirmation to an address; False where it had enough of them."""
    settings = rules.settings
    day, ever = _counters(email, rules)
    return limits.take(
        connection, day, most=settings.per_address_per_day, per=_DAY, now=now
    ) and limits.take(connection, ever, most=settings.per_address_ever, per=None, now=now)


def count_anew(connection: Connection, email: str, *, rules: Rules) -> None:
    """Forget how many confirmations an address had: it has confirmed, and may ask again."""
    limits.clear(connection, _counters(email, rules))


def is_disposable(email: str) -> bool:
    """Tell whether an address is at a throw-away domain, or below one."""
    labels = email.rpartition("@")[2].casefold().split(".")
    return any(".".join(labels[at:]) in blocklist for at in range(len(labels) - 1))


def is_refused(email: str, rules: Rules) -> bool:
    """Tell whether an address is never mailed on the word of a form."""
    local = email.rpartition("@")[0].casefold()
    return local in _ROLES or (rules.settings.disposable == "refuse" and is_disposable(email))


def alarms(connection: Connection, now: datetime) -> list[str]:
    """Return a sentence for each budget that is used up now."""
    return [
        _alarm(row["name"], row["closed_at"]) for row in limits.closed(connection, _BUDGET, now)
    ]


def closed_forms(connection: Connection, now: datetime) -> dict[str, str]:
    """Return the same by form; an empty name stands for all of them."""
    return {
        row["name"].removeprefix(_FORMS) if row["name"] != _ALL else "": _alarm(
            row["name"], row["closed_at"]
        )
        for row in limits.closed(connection, _BUDGET, now)
    }


def _alarm(name: str, at: datetime) -> str:
    key = "per_hour" if name == _ALL else "per_form_per_hour"
    form = "" if name == _ALL else f" through the form `{name.removeprefix(_FORMS)}`"
    return (
        f"sign-ups{form} reached their limit at {at:%H:%M} UTC and are turned away until the hour "
        f"is over: if they come from people, raise [signup] {key}"
    )


def _counters(email: str, rules: Rules) -> list[str]:
    """Return what confirmations to a mailbox are counted under: hashes, they outlive the person."""
    hashed = rules.address_hash(_mailbox(email)).hex()
    return [f"{_ADDRESS}day:{hashed}", f"{_ADDRESS}ever:{hashed}"]


def _mailbox(email: str) -> str:
    """Return the mailbox behind an address as well as it can be told; for counting only."""
    local, _, domain = email.casefold().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTS_DO_NOT_COUNT:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"
