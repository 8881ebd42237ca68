"""Where a request comes from: the word of configured proxies is taken, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser

from bypost.cli import listen
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.settings.model import Settings
from bypost.store import signups, subscribers
from bypost.web import make_site
from bypost.web.client import believe, client_network
from scheduler.clock import SimulatedClock

PROXY, STRANGER = "10.0.0.1", "198.51.100.9"
V6_PROXY = "2001:db8:ffff::1"
VISITOR = "203.0.113.77"


def seen(peer: str, headers: Mapping[str, str], proxies: tuple[str, ...]) -> tuple[str, str]:
    """Return the network and the scheme that the site sees."""
    site = FastAPI()

    @site.get("/")
    async def show(request: Request) -> list[str]:
        return [client_network(request), request.url.scheme]

    believe(site, proxies)
    with TestClient(site, client=(peer, 50000)) as client:
        network, scheme = client.get("/", headers=dict(headers)).json()
    return network, scheme


@pytest.mark.parametrize("proxies", [(), ("10.0.0.1",), ("10.0.0.0/8", "192.168.0.0/16")])
def test_a_stranger_is_not_believed(proxies: tuple[str, ...]) -> None:
    headers = {"X-Forwarded-For": VISITOR, "X-Forwarded-Proto": "https"}
    assert seen(STRANGER, headers, proxies) == ("198.51.100.0/24", "http")


def test_nobody_is_believed_by_default() -> None:
    headers = {"X-Forwarded-For": VISITOR, "X-Forwarded-Proto": "https", "Forwarded": "for=9.9.9.9"}
    for peer in ("127.0.0.1", PROXY):
        network, scheme = seen(peer, headers, ())
        assert "203.0.113" not in network
        assert scheme == "http"


@pytest.mark.parametrize(
    ("said", "network"),
    [
        (VISITOR, "203.0.113.0/24"),
        (f"{VISITOR}, 10.0.0.2", "203.0.113.0/24"),
        (f"1.2.3.4, {VISITOR}", "203.0.113.0/24"),  # what a visitor wrote stands in front
        (f"1.2.3.4, {VISITOR}, 10.0.0.9", "203.0.113.0/24"),
        (f"{VISITOR}:1234", "203.0.113.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("[2001:db8:1:2::7]:443", "2001:db8:1::/48"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("unknown", "unknown"),
        ("_hidden, nonsense", "unknown"),
        ("", "10.0.0.0/24"),
    ],
)
def test_of_what_a_proxy_passes_on_the_last_address_that_is_no_proxy_counts(
    said: str, network: str
) -> None:
    found, _ = seen(PROXY, {"X-Forwarded-For": said}, ("10.0.0.0/8",))
    assert found == network


def test_a_proxy_says_whether_it_was_asked_by_https() -> None:
    assert seen(PROXY, {"X-Forwarded-Proto": "https"}, (PROXY,))[1] == "https"
    assert seen(PROXY, {"X-Forwarded-Proto": "javascript"}, (PROXY,))[1] == "http"
    assert seen(V6_PROXY, {"X-Forwarded-Proto": "https"}, ("2001:db8:ffff::/48",))[1] == "https"


@pytest.mark.parametrize("text", ["proxy.example.org", "10.0.0.1/8", "*", "10.0.0", "", " "])
def test_a_proxy_that_is_no_address_is_refused_when_settings_are_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"e\.g\. 10\.0\.0\.1 or 10\.0\.0\.0/8"):
        Settings.model_validate({"site": {"trusted_proxies": [text]}})


def test_proxies_may_stand_in_the_environment() -> None:
    site = Settings.model_validate({"site": {"trusted_proxies": "10.0.0.1, 10.1.0.0/16"}}).site
    assert site.trusted_proxies == ("10.0.0.1", "10.1.0.0/16")


@pytest.mark.parametrize(
    ("proxies", "network"), [("10.0.0.0/8", "203.0.113.0/24"), ("192.0.2.1", "10.0.0.0/24")]
)
def test_evidence_of_a_sign_up_names_the_visitors_network_not_the_proxys(
    project: Path,
    open_context: Callable[..., Context],
    clock: SimulatedClock,
    proxies: str,
    network: str,
) -> None:
    context = open_context(project, {"BYPOST_SITE__TRUSTED_PROXIES": proxies})
    Pass(context).run()
    site = make_site(context)
    headers = {"X-Forwarded-For": f"1.2.3.4, {VISITOR}", "X-Forwarded-Proto": "https"}
    with TestClient(site, client=(PROXY, 50000), headers=headers, follow_redirects=False) as client:
        page = LexborHTMLParser(client.get("/courses/letters").text)
        token = page.css_first("form [name=token]").attributes["value"]
        clock.advance(timedelta(seconds=5))
        fields = {"token": token, "email": "cy@example.org"}
        assert client.post("/courses/letters", data=fields).status_code == 303
    with context.store.read() as connection:
        person = subscribers.by_keys(connection, ["cy@example.org"])["cy@example.org"]
        (row,) = signups.of_subscriber(connection, person["id"])
    assert row["network"] == network


def test_the_web_server_believes_nobody_of_its_own_accord() -> None:
    # Its default is to believe this machine, and an environment variable that is not ours.
    assert listen.make_server(FastAPI()).config.proxy_headers is False
