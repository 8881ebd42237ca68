"""Where a request comes from: behind proxies the address they pass on, and only their word.

Anybody can write ``X-Forwarded-For``. It is read where the request itself comes from one of
``[site] trusted_proxies``, from its end up to the first address that is none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bypost.people.abuse import network_of


def believe(site: FastAPI, proxies: Sequence[str]) -> None:
    """Let these proxies say where a request comes from, and whether it came by https.

    Args:
        proxies: Addresses and networks; none by default, and then nobody is believed.
    """
    if proxies:
        believing: Any = ProxyHeadersMiddleware  # typed by the web server's own words for ASGI
        site.add_middleware(believing, trusted_hosts=list(proxies))


def client_network(request: Request) -> str:
    """Return from which network a request came, shortened: /24 of IPv4, /48 of IPv6."""
    return network_of(request.client.host if request.client else "")
