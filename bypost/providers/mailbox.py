"""A name and an address as one text, for a From or a To."""

from __future__ import annotations

import re

# Outside these, RFC 5322 wants quotes; letters beyond ASCII are atoms too (RFC 6532 3.2).
_NEEDS_QUOTES = re.compile(r"""[()<>\[\]:;@\\,."]|^\s|\s$|\s\s""")


def mailbox(name: str, address: str) -> str:
    """Return ``name <address>``, the name quoted where it has to be, or the bare address.

    The name may be any text without control characters: ``Smith, "Bo" <x@y>`` stays one name.
    """
    return f"{phrase(name)} <{address}>" if name else address


def phrase(name: str) -> str:
    """Return ``name`` as a phrase of RFC 5322: as it is, or as one quoted string."""
    if not _NEEDS_QUOTES.search(name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
