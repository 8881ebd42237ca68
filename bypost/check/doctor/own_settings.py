"""The settings with which nothing real can be sent, or nothing comes back."""

from __future__ import annotations

from collections.abc import Iterator

from bypost.check.doctor.checkup import Checkup, Level
from bypost.delivery import alarm_hook
from bypost.delivery.context import Context
from bypost.errors import SettingsError
from bypost.providers.registry import HOOKS
from bypost.settings.sample import SAMPLE_ADDRESS, is_public, is_reserved

_PASS, _WARN, _FAIL = Level.PASS, Level.WARN, Level.FAIL


def check(context: Context) -> Iterator[Checkup]:
    """Yield what is found of each setting that matters."""
    settings = context.settings
    base = settings.site.base_url
    fix = (
        f"{base} is no public https address, and links in the mails would lead nowhere: write the "
        "one under which readers reach `bypost serve` into [site] base_url"
    )
    yield _told("base_url", is_public(base), base, fix)
    for key in ("email", "reply_to"):
        address = str(getattr(settings.sender, key))
        domain = address.rpartition("@")[2].casefold()
        fix = f"{domain} is reserved for examples: write your own address in [sender] {key}"
        yield _told(f"sender {key}", not is_reserved(domain), domain, fix)
    real = settings.sender.postal_address != SAMPLE_ADDRESS
    fix = "it is the sample: the law wants a real one in each mail, in [sender] postal_address"
    yield _told("postal address", real, "it is your own", fix)
    yield from _provider(context)
    yield from _alarms(context)


def _provider(context: Context) -> Iterator[Checkup]:
    """Yield whether somebody carries mails out of here, and tells what became of them."""
    names = ", ".join(context.providers)
    only_local = set(context.providers) <= {"outbox", "smtp"}
    fix = "mails stay on this machine: name a service in [sending] provider"
    yield _told("provider", not only_local, names, fix, bad=_WARN)
    for name in context.providers:
        if name in HOOKS:
            fix = (
                f"{name} tells nobody of bounces and complaints: set "
                f"BYPOST_PROVIDERS__{name.upper()}__WEBHOOK_SECRET, and the address "
                f"{context.settings.site.base_url}/hooks/{name} at the provider"
            )
            known = name in context.hooks
            yield _told(f"webhook of {name}", known, "its secret is set", fix, bad=_WARN)


def _alarms(context: Context) -> Iterator[Checkup]:
    settings = context.settings.alarms
    if settings.webhook_url:
        try:
            alarm_hook.signer(settings)
        except SettingsError as error:
            yield _told("alarms", False, "", str(error))
            return
    told = bool(settings.email or settings.webhook_url)
    ways = " and ".join(
        way for way, on in (("mail", settings.email), ("webhook", settings.webhook_url)) if on
    )
    fix = "nobody hears of them: set [alarms] email to an address that you read"
    yield _told("alarms", told, f"they are told by {ways}", fix, bad=_WARN)


def _told(name: str, good: bool, says: str, fix: str, *, bad: Level = _FAIL) -> Checkup:
    level = _PASS if good else bad
    problem, _, todo = fix.partition(": ")
    return Checkup(
        group="settings",
        name=name,
        level=level,
        says=says if good else problem,
        todo="" if good else f"{todo[:1].upper()}{todo[1:]}.",
    )
