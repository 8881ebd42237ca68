"""Whether mail to the sender arrives: replies, and complaints of people who look for a person."""

from __future__ import annotations

from collections.abc import Iterator

from bypost.check.doctor.asking import Asking, CouldNotAsk
from bypost.check.doctor.checkup import Checkup, Level
from bypost.settings.sample import is_reserved


def check(asking: Asking, *addresses: str) -> Iterator[Checkup]:
    """Yield what is found of the domains of these addresses."""
    domains = dict.fromkeys(one.rpartition("@")[2].casefold() for one in addresses)
    for domain in (one for one in domains if not is_reserved(one)):
        yield _look(asking, domain)


def _look(asking: Asking, domain: str) -> Checkup:
    def told(level: Level, says: str, todo: str = "") -> Checkup:
        return Checkup(group="domain", name=f"Mail to {domain}", level=level, says=says, todo=todo)

    try:
        hosts = asking.mail_hosts(domain)
        if [host for _, host in hosts] in ([""], ["."]):  # RFC 7505
            words = f"{domain} says that it takes no mail at all: some receivers refuse its mails"
            return told(Level.FAIL, words, "Write an address at a domain that takes mail.")
        if hosts:
            return told(Level.PASS, f"{domain} takes mail at {hosts[0][1]}")
        if asking.has_address(domain):
            words = f"{domain} has no MX record; some programs then try the web server"
            return told(Level.WARN, words, "Add the MX record of whoever keeps your mailbox.")
    except CouldNotAsk as error:
        return told(Level.UNASKED, f"could not ask: {error}", "Try again later.")
    words = f"{domain} takes no mail: replies come back, and some receivers refuse its mails"
    return told(Level.FAIL, words, "Add the MX record of whoever keeps your mailbox.")
