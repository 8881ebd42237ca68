"""Where a request comes from: behind proxies the address they pass on, and only their word.

Anybody can write ``X-Forwarded-For``. It is read where the request itself comes from one of
``[site] trusted_proxies``, from its end up to the first address that is none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bypost.people.abuse import network_of


def behind(app: ASGIApp, proxies: Sequence[str]) -> ASGIApp:
    """Return ``app`` with the addresses and schemes that these proxies pass on."""
    if not proxies:
        return app
    wrapped: Any = ProxyHeadersMiddleware(app, trusted_hosts=list(proxies))  # type: ignore[arg-type]
    found: ASGIApp = wrapped
    return found


def client_network(request: Request) -> str:
    """Return from which network a request came, shortened: /24 of IPv4, /48 of IPv6."""
    return network_of(request.client.host if request.client else "")
