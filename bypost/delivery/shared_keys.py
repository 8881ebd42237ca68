"""Keys that several machines share: in the settings of each, and the same on all.

A link that one machine signs is opened on another. And an erased person who comes back through the
file of another machine is known by the keyed hash of the address alone: with another key that
machine would mail somebody who said never again. So the database keeps a fingerprint of that key,
from which it cannot be found, and a machine with another one is refused.
"""

from __future__ import annotations

import hashlib

from bypost.errors import SettingsError
from bypost.settings import Settings
from bypost.store import Connection, Store, meta

LINKS, ADDRESSES = "BYPOST_SITE__SECRET_KEYS", "BYPOST_SITE__ADDRESS_KEY"
_FACT = "address_key"
#: Characters; of hexadecimal digits that is 16 bytes.
_SHORTEST = 32


def own_keys(settings: Settings) -> list[str]:
    """Return the keys of links that the settings hold, newest first."""
    return [key.get_secret_value() for key in settings.site.secret_keys]


def check(settings: Settings, store: Store) -> None:
    """Make sure that this machine has the keys, and those of the others.

    Raises:
        SettingsError: a key is not set, or that of addresses is another one than elsewhere.
    """
    address = settings.site.address_key
    given = {LINKS: bool(settings.site.secret_keys), ADDRESSES: address is not None}
    missing = [name for name, is_set in given.items() if not is_set]
    if missing or address is None:
        raise SettingsError(
            f"{' and '.join(missing)}: must be set, because all machines that use PostgreSQL "
            "share their keys\n"
            "    new ones: `openssl rand -hex 32` for each; the same on every machine\n"
            "    after SQLite: what stands behind `links` and `addresses` in var/secret.key"
        )
    if len(address.get_secret_value()) < _SHORTEST:
        raise SettingsError(
            f"{ADDRESSES}: is too short: it must not be guessed\n"
            f"    at least {_SHORTEST} characters, e.g. from `openssl rand -hex 32`"
        )
    mark = _fingerprint(address.get_secret_value())
    with store.read() as connection:
        known = meta.get(connection, _FACT)
    if known is None:
        with store.write() as connection:
            known = meta.get(connection, _FACT)
            if known is None:
                meta.put(connection, _FACT, known := mark)
    if known != mark:
        raise SettingsError(
            f"{ADDRESSES}: is not the key this database was used with\n"
            "    set the one that the other machines have: with another, people who were erased "
            "and blocked would be mailed again"
        )


def remember(connection: Connection, address_key: str) -> None:
    """Keep the fingerprint of the key that a database was used with until now, if it has none."""
    if meta.get(connection, _FACT) is None:
        meta.put(connection, _FACT, _fingerprint(address_key))


def _fingerprint(key: str) -> str:
    """Return what tells two keys apart and gives neither away: they are long and random."""
    return hashlib.blake2b(key.encode(), digest_size=8, person=b"fingerprint").hexdigest()
