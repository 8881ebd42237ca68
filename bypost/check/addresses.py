"""What may be wrong with an address in a mail, before anybody has asked the network."""

from __future__ import annotations

import re
from enum import Enum, auto
from urllib.parse import urlsplit

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_LOCAL = re.compile(r"localhost|.*\.local(?:host)?|127(?:\.\d+){3}|0\.0\.0\.0|\[?::1\]?")
#: Schemes that lead somewhere from any machine without a host.
_OUTSIDE_THE_WEB = frozenset({"mailto", "tel", "sms"})


class Fault(Enum):
    """Why an address does not work for whoever gets the mail."""

    EMPTY = auto()
    UNRESOLVED = auto()
    ANCHOR = auto()
    RELATIVE = auto()
    LOCAL = auto()
    INSECURE = auto()
    #: A scheme that is none of the web: ``file:``, ``data:``, ``javascript:``.
    OTHER = auto()


def fault(address: str, base_url: str) -> Fault | None:
    """Return what is wrong with ``address``; None where it works.

    Args:
        base_url: Where the site is; addresses below it are right, on this machine too, for they
            move with the site.
    """
    address = address.strip()
    if not address:
        return Fault.EMPTY
    if "{{" in address or "%7B%7B" in address:
        return Fault.UNRESOLVED
    if address == base_url or address.startswith((f"{base_url}/", f"{base_url}?")):
        return None
    if address.startswith("#"):
        return Fault.ANCHOR
    scheme = _SCHEME.match(address)
    if not scheme:
        return Fault.RELATIVE
    return _of_scheme(scheme[1].lower(), address)


def host(address: str) -> str:
    """Return the host of an address, in lower case and without ``www.``; empty if it has none."""
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _of_scheme(scheme: str, address: str) -> Fault | None:
    if scheme in _OUTSIDE_THE_WEB:
        return None
    if scheme not in ("http", "https"):
        return Fault.OTHER
    if _LOCAL.fullmatch(host(address)):
        return Fault.LOCAL
    return Fault.INSECURE if scheme == "http" else None
