"""An adapter of each name, as the project builds it from its settings."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from bypost.providers.base import Provider
from bypost.providers.registry import build
from bypost.settings.providers import Providers
from scheduler.clock import SimulatedClock
from tests.contracts.provider import DATE

#: What has no default, by provider.
NEEDED: dict[str, dict[str, object]] = {
    "mailgun": {"domain": "mg.example.org"},
    "mailjet": {"secret_key": SecretStr("another")},
    "ses": {"access_key_id": SecretStr("AKIA1"), "secret_access_key": SecretStr("another")},
}


def options_of(name: str) -> dict[str, object]:
    """Return the settings of a provider as the project hands them over: files were read."""
    section = getattr(Providers(), name)
    given = {key: one for key, one in dict(section).items() if not key.endswith("_file")}
    keys = {"api_key": SecretStr("a_secret")} if "api_key" in given else {}
    return {**given, **keys, **NEEDED.get(name, {})}


def built(name: str, http: Any, **changes: object) -> Provider:
    """Return the adapter; ``http`` carries its requests, ``changes`` are settings."""
    return build(name, options_of(name) | changes, http=http, clock=SimulatedClock(DATE))
