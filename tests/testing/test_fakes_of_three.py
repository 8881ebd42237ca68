"""What the fakes of Brevo, Mailtrap and Mailjet tell, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from bypost.errors import Refused
from bypost.http import HttpClient
from bypost.model.event import EventKind
from bypost.providers.base import Provider
from bypost.providers.registry import HOOKS, build
from bypost.testing.fake_brevo import FakeBrevo
from bypost.testing.fake_mailjet import FakeMailjet
from bypost.testing.fake_mailtrap import FakeMailtrap
from bypost.testing.fake_provider import FakeProvider
from bypost.testing.told import UNTOLD
from scheduler.clock import SystemClock
from tests.contracts.http_provider import no_proxies
from tests.contracts.provider import make_message

FAKES: dict[str, tuple[Callable[..., FakeProvider], dict[str, str]]] = {
    "brevo": (FakeBrevo, {"api_key": "xkeysib-test"}),
    "mailjet": (FakeMailjet, {"api_key": "mj_test_key", "secret_key": "mj_test_secret"}),
    "mailtrap": (FakeMailtrap, {"api_key": "mt_test_key"}),
}


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpClient]:
    no_proxies(monkeypatch)
    with closing(HttpClient(timeout=5, user_agent="x")) as client:
        yield client


def adapter(name: str, fake: FakeProvider, http: HttpClient, **changes: str) -> Provider:
    options = {**FAKES[name][1], "base_url": fake.url, **changes}
    return build(name, options, http=http, clock=SystemClock())


@pytest.mark.parametrize("name", FAKES)
def test_what_it_tells_of_a_mail_is_read_by_the_hook(name: str, http: HttpClient) -> None:
    with FAKES[name][0]() as fake:
        provider = adapter(name, fake, http)
        (sent,) = provider.send(provider.prepare([make_message("d-1")]), count=1, key="k")
        hook = HOOKS[name](fake.webhook_secret, SystemClock(), http)
        for kind in set(EventKind) - UNTOLD.get(name, frozenset()):
            (event,) = hook.read(*fake.event("d-1", kind))
            assert (event.kind, event.ref, event.provider_id) == (kind, "d-1", sent.provider_id)
            assert event.recipient == "ann@example.org"
        for kind in UNTOLD.get(name, frozenset()):
            with pytest.raises(ValueError, match="tells of no event"):
                fake.event("d-1", kind)


@pytest.mark.parametrize("name", FAKES)
def test_one_that_discards_answers_each_mail(name: str, http: HttpClient) -> None:
    with FAKES[name][0](discard=True) as fake:
        provider = adapter(name, fake, http)
        says = '"to": "From": "CustomID": "custom_variables":'
        messages = [make_message(f"d-{n}", html=f"<p>{says}</p>") for n in range(7)]
        results = provider.send(provider.prepare(messages), count=7, key="k")
        assert len({result.provider_id for result in results}) == 7
        assert not fake.accepted


@pytest.mark.parametrize("name", FAKES)
def test_it_lets_no_other_key_in(name: str, http: HttpClient) -> None:
    with FAKES[name][0]() as fake:
        provider = adapter(name, fake, http, api_key="another")
        with pytest.raises(Refused, match="check its api_key"):
            provider.send(provider.prepare([make_message("d-1")]), count=1, key="k")
        with pytest.raises(Refused, match="check its api_key"):
            provider.account("example.org")
        assert not fake.accepted
