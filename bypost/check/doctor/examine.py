"""Looking at everything, from the settings to the domain name system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from bypost.check.doctor import dkim, dmarc, machine, mailboxes, own_settings, spf
from bypost.check.doctor.asking import Asking, Resolver
from bypost.check.doctor.checkup import Checkup, Diagnosis, Level, from_json
from bypost.delivery.context import Context
from bypost.errors import NotSent, OutcomeUnknown, SendError, Throttled
from bypost.providers.account import Account, DnsRecord
from bypost.providers.base import Provider
from bypost.settings.sample import is_reserved
from bypost.store import Connection, meta

#: Its name among the facts of the database.
_KEY = "doctor"


def examine(context: Context, *, resolver: Resolver | None = None) -> Diagnosis:
    """Look at everything once; nothing is sent and nothing changed.

    It asks the provider and the domain name system, so it takes seconds, at most
    ``[doctor] total_seconds`` for the latter.

    Args:
        resolver: Answers questions about domains; this machine's own by default.
    """
    sender = context.settings.sender
    domain = sender.email.rpartition("@")[2].casefold()
    checkups = [*own_settings.check(context), *machine.check(context)]
    records: list[DnsRecord] = []
    for provider in context.providers.values():
        account, told = _account(provider, domain)
        checkups += told
        records += account.records if account else ()
    checkups += _domain(context, domain, records, resolver)
    return Diagnosis(at=context.clock.now(), domain=domain, checkups=checkups)


def keep(connection: Connection, found: Diagnosis) -> None:
    """Keep a diagnosis in the place of the one before."""
    meta.put(connection, _KEY, orjson.dumps(found.as_json()).decode())


def last(connection: Connection) -> Diagnosis | None:
    """Return the last diagnosis that was kept; None if there is none."""
    text = meta.get(connection, _KEY)
    return from_json(orjson.loads(text)) if text else None


def _account(provider: Provider, domain: str) -> tuple[Account | None, Sequence[Checkup]]:
    """Ask a provider who we are there."""
    name = f"account at {provider.name}"

    def told(level: Level, says: str, todo: str = "") -> list[Checkup]:
        return [Checkup(group="provider", name=name, level=level, says=says, todo=todo)]

    try:
        account = provider.account(domain)
    except (NotSent, OutcomeUnknown, Throttled) as error:
        return None, told(Level.UNASKED, f"could not ask: {error}", "Try again later.")
    except SendError as error:
        return None, told(Level.FAIL, str(error), "Make a new key there, and set it here.")
    if account is None:
        return None, ()
    if account.trouble:
        todo = "Put it right there: the records below show what it wants."
        return account, told(Level.FAIL, f"{account.words}; {account.trouble}", todo)
    return account, told(Level.PASS, account.words)


def _domain(
    context: Context, domain: str, records: Sequence[DnsRecord], resolver: Resolver | None
) -> Iterator[Checkup]:
    """Yield what the domain name system says; nothing of a domain that is reserved."""
    if is_reserved(domain):
        says = f"{domain} is reserved for examples: there is nothing to ask"
        yield Checkup(group="domain", name="records", level=Level.UNASKED, says=says)
        return
    settings = context.settings.doctor
    asking = Asking(resolver, each=settings.timeout_seconds, total=settings.total_seconds)
    if cut_off := asking.cut_off(domain):
        says = f"could not ask: {cut_off}"
        todo = "Run it again where the domain name system can be reached."
        yield Checkup(group="domain", name="records", level=Level.UNASKED, says=says, todo=todo)
        return
    sender = context.settings.sender
    for provider in context.providers.values():
        needs = provider.dns
        if provider.name in ("outbox", "smtp"):  # nothing leaves this machine
            continue
        yield from spf.check(asking, domain, needs)
        selectors = settings.dkim_selectors or needs.selectors
        yield from dkim.check(asking, domain, selectors, records)
    path = context.provider.dns.return_path.format(domain=domain)
    yield dmarc.check(asking, domain, return_path=path)
    yield from mailboxes.check(asking, sender.email, sender.reply_to)
