"""Every setting there is: its section, form, limits and default."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    model_validator,
)

from bypost.settings.alarms import Alarms, Doctor
from bypost.settings.keep import Keep
from bypost.settings.kinds import (
    Count,
    MailAddress,
    OneLine,
    Positive,
    Secret,
    SiteAddress,
    Words,
    words,
)
from bypost.settings.providers import Providers
from bypost.settings.section import Section
from bypost.settings.theme import ThemeSection


def _networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return IP addresses and networks; raise ValueError for anything else."""
    for text in texts:
        try:
            ip_network(text)
        except ValueError:
            raise ValueError("write addresses or networks, e.g. 10.0.0.1 or 10.0.0.0/8") from None
    return texts


Secrets = Annotated[tuple[Secret, ...], BeforeValidator(words)]


class Site(Section):
    """Where the public pages live."""

    base_url: SiteAddress = "http://localhost:8000"
    trusted_proxies: Annotated[Words, AfterValidator(_networks)] = ()
    secret_keys: Secrets = ()
    secret_keys_file: Path | None = None
    address_key: Secret | None = None
    address_key_file: Path | None = None
    metrics_token: Secret | None = None
    metrics_token_file: Path | None = None


class SenderSection(Section):
    """Who the mails come from."""

    name: OneLine = "Clarity Notes"
    email: MailAddress = "course@example.org"
    reply_to: MailAddress = "hello@example.org"
    postal_address: Annotated[str, Field(pattern=r"\S")] = "1 Example Street, 12345 Exampletown"


class Database(Section):
    """Where people and sends live."""

    url: Annotated[str, Field(repr=False)] = "sqlite:///var/bypost.db"  # may hold a password


class Sending(Section):
    """How the pass behaves; seconds and hours may be decimals."""

    provider: Annotated[Words, Field(min_length=1)] = ("outbox",)
    tick_seconds: Positive = 5
    lease_seconds: Positive = 120
    timeout_seconds: Positive = 30
    quiet_seconds: Positive = 900
    retry_seconds: Positive = 30
    late_hours: Positive = 24
    unknown_hold_hours: Positive = 24
    failover_seconds: Positive = 300
    batch_without_key: Annotated[int, Field(ge=1, le=1000)] = 100
    breaker_bounce_share: Positive = 0.05
    breaker_complaint_share: Positive = 0.003
    breaker_hours: Positive = 24
    breaker_accepted: Annotated[int, Field(ge=1)] = 100
    breaker_events: Annotated[int, Field(ge=1)] = 5
    threads: Annotated[int, Field(ge=1, le=64)] = 8
    engine: Literal["threads", "procrastinate"] = "threads"


class Log(Section):
    """What is written to standard error, one line a record."""

    level: Literal["debug", "info", "warning", "error"] | None = None  # None: by the command
    format: Literal["text", "json"] = "text"


def _zone(name: str) -> str:
    """Return an IANA zone; raise ValueError for anything else."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("write a time zone such as Europe/Berlin") from None
    return name


class Caps(Section):
    """How many mails one person gets, and which goes first where there is room for one."""

    per_day: Count | None = None
    per_week: Count | None = None
    first: Literal["course", "newsletter"] = "course"
    newsletters_wait_days: Annotated[int, Field(ge=0, le=90)] = 0
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"

    @property
    def limited(self) -> bool:
        """Tell whether mails are counted at all."""
        return self.per_day is not None or self.per_week is not None

    @property
    def on(self) -> bool:
        """Tell whether anything is ever kept back."""
        return self.limited or self.newsletters_wait_days > 0


class Import(Section):
    """What a CSV row without these cells means, and how large a file the desk takes."""

    courses: Words = ()
    newsletters: Words = ()
    most_mb: Annotated[int, Field(ge=1, le=10_000)] = 200


class SignUp(Section):
    """How the sign-up form behaves, and how often it may be used."""

    confirm_days: Positive = 7
    keep_unconfirmed_days: Positive = 14
    per_address_per_day: Count = 1
    per_address_ever: Count = 3
    per_network_per_hour: Count = 20
    per_form_per_hour: Count = 500
    per_hour: Count = 1000
    disposable: Literal["mark", "refuse"] = "mark"
    allowed_origins: Annotated[tuple[SiteAddress, ...], BeforeValidator(words)] = ()

    @model_validator(mode="after")
    def _a_link_does_not_outlive_its_request(self) -> Self:
        if self.keep_unconfirmed_days < self.confirm_days:
            raise ValueError("keep_unconfirmed_days must be at least confirm_days")
        return self


class Api(Section):
    """How much one token of the HTTP API may ask for."""

    per_minute: Count = 600


class Check(Section):
    """What ``bypost check`` minds; which rules there are is known there."""

    off: Words = ()
    errors: Words = ()
    warnings: Words = ()
    infos: Words = ()
    clients: Words = ("gmail", "apple-mail", "outlook", "yahoo")
    links_most: Count = 200
    links_timeout_seconds: Positive = 10
    links_pause_seconds: Annotated[float, Field(ge=0, le=60)] = 1
    links_total_seconds: Positive = 120
    links_cache_hours: Annotated[float, Field(ge=0, le=720)] = 24


def _editor(text: str) -> str:
    """Return an address that opens an editor; raise ValueError for one that could run a script."""
    if not re.match(r"[a-z][a-z0-9+.-]*:", text) or re.match(r"(javascript|data|vbscript):", text):
        raise ValueError("write an address that opens your editor, e.g. vscode://file{path}:{line}")
    if "{path}" not in text:
        raise ValueError("say with {path} where the file's path goes")
    return text


class Preview(Section):
    """The author's bench."""

    editor: Annotated[str, AfterValidator(_editor)] = "vscode://file{path}:{line}"
    addresses: Annotated[tuple[MailAddress, ...], BeforeValidator(words)] = ()


class Settings(Section):
    """Everything the operator decides."""

    site: Site = Site()
    sender: SenderSection = SenderSection()
    database: Database = Database()
    sending: Sending = Sending()
    caps: Caps = Caps()
    log: Log = Log()
    import_: Annotated[Import, Field(alias="import")] = Import()
    signup: SignUp = SignUp()
    api: Api = Api()
    alarms: Alarms = Alarms()
    doctor: Doctor = Doctor()
    keep: Keep = Keep()
    check: Check = Check()
    preview: Preview = Preview()
    theme: ThemeSection = ThemeSection()
    providers: Providers = Providers()


#: A key as the sections that lead to it and its name.
Key = tuple[str, ...]


def _keys(model: type[BaseModel], above: Key = ()) -> Iterator[tuple[Key, bool]]:
    """Yield every key there is, and whether it is a secret."""
    for name, field in model.model_fields.items():
        key = (*above, field.alias or name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation, key)
        else:
            yield key, "SecretStr" in repr(field.annotation)


#: Every key, and whether it is a secret.
KEYS: Mapping[Key, bool] = dict(_keys(Settings))
