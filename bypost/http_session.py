"""The only importer of requests: connections as ``bypost.http`` wants them, and their troubles."""

from __future__ import annotations

import os
import urllib.request
from http.cookiejar import DefaultCookiePolicy

import requests

#: What a person is told; as ``bypost.http`` has it for what is not of requests.
TROUBLES: tuple[tuple[type[BaseException], str], ...] = (
    (requests.Timeout, "it took too long"),
    (requests.RequestException, "the request failed"),
)


class Session(requests.Session):
    """A session that keeps no cookies, follows nothing and adds no password."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = _as_it_is
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Looking at the environment costs a fifth of a call, so only where it has something to say.
        proxies = urllib.request.getproxies_environment()
        bundles = os.environ.keys() & {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}
        self.trust_env = bool(proxies or bundles)

    def get_redirect_target(self, _response: requests.Response) -> None:
        """Say that there is none: our body and key go nowhere but where they were addressed."""


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the Authorization header alone; without this a ``.netrc`` would replace it."""
    return request
