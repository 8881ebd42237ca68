"""The budget of each service: declared by its adapter with where it is from; settings override."""

from __future__ import annotations

import re

import pytest

from bypost.providers import registry
from bypost.providers.http_provider import HttpProvider
from bypost.settings.providers import Providers

ADAPTERS = [one for one in HttpProvider.__subclasses__() if one.name in registry.BUILDERS]


def test_there_are_adapters() -> None:
    assert {one.name for one in ADAPTERS} >= {"postmark", "resend"}


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda one: one.name)
def test_the_settings_begin_with_what_the_adapter_declares(adapter: type[HttpProvider]) -> None:
    section = getattr(Providers(), adapter.name)
    assert section.per_second == adapter.limits.per_second
    assert section.per_day == adapter.limits.per_day


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda one: one.name)
def test_a_limit_says_where_it_is_from_and_when_that_was_read(adapter: type[HttpProvider]) -> None:
    assert re.search(r"\w+ 20\d\d", adapter.limits.source)
    assert adapter.default_batch_size >= 1
    assert adapter.max_bytes > adapter.default_batch_size
    assert adapter.title != HttpProvider.title
