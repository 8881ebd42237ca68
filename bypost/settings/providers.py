"""The settings of the email services: one table each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from bypost.settings.kinds import Day, OneLine, Positive, Secret, SiteAddress
from bypost.settings.section import Section
from scheduler.pacing import SLOWEST_GROWTH


def _region(text: str) -> str:
    """Return a region of Amazon's; raise ValueError for anything else."""
    if re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]+", text):
        return text
    raise ValueError("write a region such as eu-west-1")


def _word(text: str) -> str:
    """Return the name of a configuration set of SES's; raise ValueError for anything else."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        return text
    raise ValueError("write its name: letters, digits, - and _")


def _domain(text: str) -> str:
    """Return a domain; raise ValueError for anything else."""
    if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text):
        return text
    raise ValueError("write the domain as it is named there, e.g. mg.example.org")


class Outbox(Section):
    """The local mailbox: one ``.eml`` file a mail."""

    path: Path = Path("var/outbox")


class Smtp(Section):
    """A catcher on this machine, such as Mailpit: no encryption, not for real mail."""

    host: OneLine = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 1025
    username: OneLine | None = None
    password: Secret | None = None
    password_file: Path | None = None


class HttpApi(Section):
    """What the providers behind an HTTP API share."""

    base_url: SiteAddress
    webhook_secret: Secret | None = None
    webhook_secret_file: Path | None = None
    per_second: Positive | None = None
    per_day: Annotated[int, Field(ge=1)] | None = None
    batch_size: Annotated[int, Field(ge=1)] | None = None
    warm_up_start: Day | None = None
    warm_up_first_day: Annotated[int, Field(ge=1)] = 50
    warm_up_growth: Annotated[float, Field(ge=SLOWEST_GROWTH, le=10)] = 1.5


class KeyApi(HttpApi):
    """One that knows us by a key."""

    api_key: Secret | None = None
    api_key_file: Path | None = None


class Postmark(KeyApi):
    """https://postmarkapp.com: it publishes no rate (2026-11); 10 requests a second are ours."""

    base_url: SiteAddress = "https://api.postmarkapp.com"
    per_second: Positive | None = 10
    bulk_stream: OneLine = "broadcast"
    transactional_stream: OneLine = "outbound"
    retention_days: Annotated[int, Field(ge=7, le=365)] = 45


class Resend(KeyApi):
    """https://resend.com: 5 requests a second per team (vendor's documentation, 2026-11)."""

    base_url: SiteAddress = "https://api.resend.com"
    per_second: Positive | None = 5


class Ses(HttpApi):
    """https://aws.amazon.com/ses: each account has a rate of its own, shown in its console."""

    base_url: SiteAddress = "https://email.us-east-1.amazonaws.com"
    region: Annotated[str, AfterValidator(_region)] = "us-east-1"
    access_key_id: Secret | None = None
    access_key_id_file: Path | None = None
    secret_access_key: Secret | None = None
    secret_access_key_file: Path | None = None
    session_token: Secret | None = None
    session_token_file: Path | None = None
    configuration_set: Annotated[str, AfterValidator(_word)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _the_host_is_that_of_the_region(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.keys() & {"region", "base_url"} == {"region"}:
            region = str(given["region"])
            end = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
            return {**given, "base_url": f"https://email.{region}.{end}"}
        return given


class Mailgun(KeyApi):
    """https://mailgun.com: it publishes no rate (2026-11); 10 requests a second are ours."""

    base_url: SiteAddress = "https://api.mailgun.net"  # Europe: https://api.eu.mailgun.net
    per_second: Positive | None = 10
    domain: Annotated[str, AfterValidator(_domain)] | None = None


class SendGrid(KeyApi):
    """https://sendgrid.com: no rate of a caller's size (2021); 10 requests a second are ours."""

    base_url: SiteAddress = "https://api.sendgrid.com"  # Europe: https://api.eu.sendgrid.com
    per_second: Positive | None = 10


class Brevo(KeyApi):
    """https://brevo.com: 100 requests with many mails a minute (vendor's page, 2026-11)."""

    base_url: SiteAddress = "https://api.brevo.com"
    per_second: Positive | None = 1.5


class Mailtrap(KeyApi):
    """https://mailtrap.io: 150 requests in 10 seconds per token (vendor's description, 2026-11)."""

    base_url: SiteAddress = "https://bulk.api.mailtrap.io"
    per_second: Positive | None = 15


class Mailjet(KeyApi):
    """https://mailjet.com: it publishes no rate (2026-11); 10 requests a second are ours."""

    base_url: SiteAddress = "https://api.mailjet.com"
    per_second: Positive | None = 10
    secret_key: Secret | None = None
    secret_key_file: Path | None = None


class Providers(Section):
    """One table per provider."""

    outbox: Outbox = Outbox()
    smtp: Smtp = Smtp()
    postmark: Postmark = Postmark()
    resend: Resend = Resend()
    ses: Ses = Ses()
    mailgun: Mailgun = Mailgun()
    sendgrid: SendGrid = SendGrid()
    brevo: Brevo = Brevo()
    mailtrap: Mailtrap = Mailtrap()
    mailjet: Mailjet = Mailjet()
