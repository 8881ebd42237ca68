from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from bypost.errors import SettingsError
from bypost.http import HttpClient
from bypost.providers.registry import BUILDERS, HOOKS, build, build_hook
from bypost.settings.providers import Providers
from bypost.testing import fake_postmark, fake_resend, told
from scheduler.clock import SimulatedClock
from tests.contracts.built import options_of

COMMON = {"per_second": 10, "per_day": None, "batch_size": None, "webhook_secret": None}
OPTIONS = {name: options_of(name) for name in BUILDERS}
CLOCK = SimulatedClock(datetime(2026, 11, 23, tzinfo=UTC))


@pytest.fixture
def http() -> Iterator[HttpClient]:
    client = HttpClient(timeout=1, user_agent="bypost-tests/1")
    yield client
    client.close()


@pytest.mark.parametrize("name", BUILDERS)
def test_every_name_builds_the_provider_of_that_name(http: HttpClient, name: str) -> None:
    assert build(name, OPTIONS[name], http=http, clock=CLOCK).name == name


def test_a_misspelt_name_is_told_the_nearest(http: HttpClient) -> None:
    with pytest.raises(SettingsError, match="did you mean 'resend'"):
        build("resent", {}, http=http, clock=CLOCK)


def test_a_strange_name_is_told_what_there_is(http: HttpClient) -> None:
    with pytest.raises(SettingsError, match=r"known: .*outbox, postmark, resend"):
        build("pigeon", {}, http=http, clock=CLOCK)


SECRETS = {name: told.secret(name) for name in HOOKS} | {
    "postmark": fake_postmark.WEBHOOK_SECRET,
    "resend": fake_resend.WEBHOOK_SECRET,
}


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_reads_for_the_provider_of_its_name(http: HttpClient, name: str) -> None:
    assert name in Providers.model_fields
    assert build_hook(name, SECRETS[name], clock=CLOCK, http=http).name == name


@pytest.mark.parametrize("name", sorted(OPTIONS.keys() & HOOKS.keys()))
def test_the_webhook_s_secret_is_nothing_for_sending(http: HttpClient, name: str) -> None:
    options = OPTIONS[name] | {"webhook_secret": SecretStr("not even of the right form")}
    assert build(name, options, http=http, clock=CLOCK).name == name
