"""What is still the sample's: values with which nothing real may be sent."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

#: The postal address of ``bypost.toml`` as it is shipped.
SAMPLE_ADDRESS = "1 Example Street, 12345 Exampletown"
_RESERVED_DOMAINS = ("example.org", "example.com", "example.net")
_RESERVED_ENDINGS = (".example", ".test", ".invalid", ".localhost", "localhost")


def is_public(base_url: str) -> bool:
    """Tell whether readers' mail programs can open an address: https, at a host of the world."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    try:
        return parts.scheme == "https" and ip_address(host).is_global
    except ValueError:
        return parts.scheme == "https" and "." in host and not is_reserved(host)


def is_reserved(domain: str) -> bool:
    """Tell whether a domain is reserved for examples and tests (RFC 2606, RFC 6761)."""
    name = domain.partition(":")[0]
    return name.endswith(_RESERVED_ENDINGS) or any(
        name == d or name.endswith(f".{d}") for d in _RESERVED_DOMAINS
    )
