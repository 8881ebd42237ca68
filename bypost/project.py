"""Opening a project folder and wiring its parts; nothing else."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from bypost import __version__
from bypost.delivery import instance, shared_keys
from bypost.delivery.context import Context
from bypost.delivery.shared_keys import own_keys
from bypost.errors import SettingsError, StoreError
from bypost.http import HttpClient
from bypost.links import AddressHash, Links, read_or_make_keys
from bypost.model.course import Sender
from bypost.model.message import Search
from bypost.providers.base import Provider
from bypost.providers.registry import HOOKS, build, build_hook
from bypost.providers.webhook import Webhook
from bypost.settings import Settings, load_settings
from bypost.settings.folder import project_folder
from bypost.settings.providers import HttpApi
from bypost.settings.sample import SAMPLE_ADDRESS, is_public, is_reserved
from bypost.store import Store, meta, migrate, tags
from bypost.testing.fill.mark import is_invented
from scheduler.clock import Clock, SimulatedClock, SystemClock
from scheduler.pacing import Ramp, Rate

#: Where the program keeps what is its own.
VAR = Path("var")
KEY_FILE = VAR / "secret.key"


def open_project(
    root: Path, *, clock: Clock | None = None, upgrade: bool = True, moved: bool = False
) -> Context:
    """Open the project in ``root``.

    Args:
        clock: By default the machine's, or that of the server which holds the database.
        upgrade: Bring a new or older database to this version's schema.
        moved: Also one that was moved elsewhere; else only to look, without ``upgrade``.

    Raises:
        SettingsError: if the settings cannot be used.
        StoreError: if the database cannot.
    """
    root = project_folder(root)
    settings = load_settings(root)
    store = Store(settings.database.url, root=root)
    if upgrade:
        migrate.upgrade(store)
        if not moved:
            instance.refuse_moved(store)
    elif not migrate.is_current(store):
        raise StoreError(f"{store.name}: not of this version\n    run `bypost db upgrade`")
    if store.is_shared:
        shared_keys.check(settings, store)
    clock = clock or store.clock(SystemClock())
    return replace(wire(root, settings, store, clock), guarded=True)


def is_new(root: Path) -> bool:
    """Tell whether there is no database yet: no pass was ever made here."""
    root = project_folder(root)
    return not Store(load_settings(root).database.url, root=root).exists()


def wire(
    root: Path, settings: Settings, store: Store, clock: Clock, *, key_file: Path = KEY_FILE
) -> Context:
    """Put the parts of a project together over a database that is up to date."""
    keys = _keys(root / key_file, settings, store)
    with store.read() as connection:
        tag, former = meta.tag(connection), tags.former(connection)
    context = _wired(root, settings, store, clock, keys)
    return replace(context, tag=str(tag), former_tags=former)


def _keys(path: Path, settings: Settings, store: Store) -> tuple[list[str], str]:
    """Return the keys of links, newest first, and the key of addresses.

    With a server's database they are set on every machine; a file would be another one on each.
    """
    own, address = own_keys(settings), settings.site.address_key
    if store.is_shared and own and address:
        return own, address.get_secret_value()
    links_key, address_key = read_or_make_keys(path)
    return [*own, links_key], address.get_secret_value() if address else address_key


def open_without_database(root: Path, settings: Settings, *, clock: Clock | None = None) -> Context:
    """Wire a project of which neither the database nor the key file is looked at or made.

    For what goes past the ledger: a marked test. Its links are signed with a key of the moment.
    """
    store = Store(settings.database.url, root=root)
    keys = [*own_keys(settings), secrets.token_hex()], secrets.token_hex()
    return _wired(root, settings, store, clock or SystemClock(), keys)


def _wired(
    root: Path, settings: Settings, store: Store, clock: Clock, keys: tuple[list[str], str]
) -> Context:
    """Put together what needs no database."""
    links_keys, address_key = keys
    return Context(
        root=root,
        settings=settings,
        clock=clock,
        store=store,
        providers=_providers(root, settings, clock),
        mailbox=_mailbox(root, settings, clock),
        rates=_rates(settings),
        hooks=_hooks(settings, clock),
        links=Links(settings.site.base_url, links_keys),
        address_hash=AddressHash(address_key),
        tag="",
        sender=Sender(**settings.sender.model_dump()),
    )


def open_copy(root: Path, folder: Path, *, start: datetime | None = None) -> Context:
    """Open a project over a copy of its database, with a simulated clock and a local mailbox.

    Args:
        folder: An empty folder for the copy and the mailbox (``outbox``).
        start: The simulated instant; the present one by default.
    """
    root = project_folder(root)
    settings = load_settings(root)
    original = Store(settings.database.url, root=root)
    if original.exists():
        original.copy_to(folder / "copy.db")
    original.close()
    return _simulated(root, settings, folder, start, drafts=False)


def open_rehearsal(root: Path, folder: Path, *, start: datetime | None = None) -> Context:
    """Open a project over an empty database; drafts of newsletters count as ready."""
    root = project_folder(root)
    return _simulated(root, load_settings(root), folder, start, drafts=True)


def _simulated(
    root: Path, settings: Settings, folder: Path, start: datetime | None, *, drafts: bool
) -> Context:
    clock = SimulatedClock(start or SystemClock().now())
    store = Store(f"sqlite:///{folder / 'copy.db'}", root=folder)
    migrate.upgrade(store)
    # Keys that the project has not made yet are made beside the copy: nothing is left behind.
    key_file = KEY_FILE if (root / KEY_FILE).exists() else folder / "secret.key"
    context = wire(root, settings, store, clock, key_file=key_file)
    return replace(
        rewire(context, store=store, clock=clock, outbox=folder / "outbox"), drafts=drafts
    )


def rewire(context: Context, *, store: Store, clock: Clock, outbox: Path) -> Context:
    """Return the same project over a copy of its database, another clock and a local mailbox."""
    local = _outbox(outbox, clock)
    sending = context.settings.sending.model_copy(
        update={"provider": ("outbox",), "threads": 1, "engine": "threads"}
    )
    settings = context.settings.model_copy(update={"sending": sending})
    with store.read() as connection:
        tag, former = meta.tag(connection), tags.former(connection)
    return replace(
        context,
        store=store,
        clock=clock,
        settings=settings,
        providers={"outbox": local},
        mailbox=None,
        rates={},
        tag=str(tag),
        former_tags=former,
        guarded=False,
        queue=None,
    )


def refuse_sample_settings(context: Context) -> None:
    """Keep a real provider from sending what is still the sample.

    Raises:
        SettingsError: naming every key that must be set first.
    """
    if set(context.providers) <= {"outbox"}:
        return
    settings = context.settings
    wrong = []
    if not is_public(settings.site.base_url):
        wrong.append(
            f"[site] base_url: `{settings.site.base_url}` is not a public https address; "
            "links in the mails would lead nowhere"
        )
    for key in ("email", "reply_to"):
        domain = str(getattr(settings.sender, key)).rpartition("@")[2].casefold()
        if is_reserved(domain):
            wrong.append(f"[sender] {key}: `{domain}` is reserved for examples; write your own")
    if settings.sender.postal_address == SAMPLE_ADDRESS:
        wrong.append(
            "[sender] postal_address: is the sample; the law wants a real one in each mail"
        )
    if wrong:
        raise SettingsError(
            "nothing was sent, because these settings are still the sample's:\n    "
            + "\n    ".join(wrong)
            + "\n    mend them in bypost.toml (for a test on this machine: --allow-local)"
        )
    _refuse_short_quiet(context)


def refuse_invented_people(context: Context) -> None:
    """Keep a real provider from mailing people who do not exist: all those mails would bounce.

    Raises:
        SettingsError: the database was filled by ``bypost rehearse --fill``.
    """
    if set(context.providers) <= {"outbox"}:
        return
    with context.store.read() as connection:
        if not is_invented(connection):
            return
    raise SettingsError(
        f"{context.store.name}: nothing was sent, because its people are invented\n"
        "    name the real one in [database] url, or look at this one with "
        "BYPOST_SENDING__PROVIDER=outbox"
    )


def _refuse_short_quiet(context: Context) -> None:
    """Keep "not there" from being believed before the provider can have shown a mail."""
    timeout = timedelta(seconds=context.settings.sending.timeout_seconds)
    for provider in context.providers.values():
        if not isinstance(provider.send_class, Search):
            continue
        least = provider.send_class.lag + timeout
        if context.quiet <= least:
            raise SettingsError(
                f"[sending] quiet_seconds: {context.quiet.total_seconds():g} s is too short for "
                f"{provider.name}, which may show a mail only after "
                f"{least.total_seconds():g} s: a mail could be sent twice\n"
                "    leave it out (then it is long enough), or write more "
                "(for a test on this machine: --allow-local)"
            )


def _providers(root: Path, settings: Settings, clock: Clock) -> dict[str, Provider]:
    """Build the providers the settings name, in their order."""
    # A request must end well within its lease: a paused owner must not send.
    timeout = min(settings.sending.timeout_seconds, settings.sending.lease_seconds / 2)
    agent = f"ByPost/{__version__}"
    http = HttpClient(timeout=timeout, user_agent=agent, elapsed=clock.elapsed)
    providers = {}
    for name in settings.sending.provider:
        section = getattr(settings.providers, name, None)
        options = dict(section) if section is not None else {}
        options = {k: v for k, v in options.items() if not k.endswith("_file")}
        if "path" in options:
            options["path"] = root / options["path"]
        providers[name] = build(name, options, http=http, clock=clock)
    return providers


def _hooks(settings: Settings, clock: Clock) -> dict[str, Webhook]:
    """Return a reader for what each provider posts, also one that sends nothing any more."""
    # Amazon waits 15 seconds for an answer to a post that has us fetch a certificate.
    http = HttpClient(timeout=8, user_agent=f"ByPost/{__version__}", elapsed=clock.elapsed)
    hooks = {}
    for name in HOOKS:
        secret = getattr(settings.providers, name).webhook_secret
        if secret is not None:
            hooks[name] = build_hook(name, secret.get_secret_value(), clock=clock, http=http)
    return hooks


def _mailbox(root: Path, settings: Settings, clock: Clock) -> Provider | None:
    """Return the local mailbox of a project that sends elsewhere by now."""
    if "outbox" in settings.sending.provider:
        return None
    return _outbox(root / settings.providers.outbox.path, clock)


def _outbox(path: Path, clock: Clock) -> Provider:
    nobody = HttpClient(timeout=1, user_agent="none")
    return build("outbox", {"path": path}, http=nobody, clock=clock)


def _rates(settings: Settings) -> dict[str, Rate]:
    """Return what each provider allows."""
    rates = {}
    for name in settings.sending.provider:
        section = getattr(settings.providers, name, None)
        rates[name] = Rate(
            per_second=getattr(section, "per_second", None),
            per_day=getattr(section, "per_day", None),
            ramp=_ramp(section),
        )
    return rates


def _ramp(section: object) -> Ramp | None:
    """Return how a provider's daily limit grows while its domain is new."""
    if not isinstance(section, HttpApi) or section.warm_up_start is None:
        return None
    return Ramp(
        start=section.warm_up_start,
        first=section.warm_up_first_day,
        growth=section.warm_up_growth,
    )
