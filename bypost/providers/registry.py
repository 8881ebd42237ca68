"""The email services by name; a new one is a module, a line here and a test class."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import SecretStr

from bypost.errors import SettingsError
from bypost.http import HttpClient
from bypost.providers.base import Provider
from bypost.providers.brevo import Brevo, BrevoHook
from bypost.providers.mailgun import Mailgun
from bypost.providers.mailgun_hook import MailgunHook
from bypost.providers.mailjet import Mailjet, MailjetHook
from bypost.providers.mailtrap import Mailtrap, MailtrapHook
from bypost.providers.outbox import Outbox
from bypost.providers.postmark import Postmark, PostmarkHook
from bypost.providers.resend import Resend, ResendHook
from bypost.providers.sendgrid import SendGrid
from bypost.providers.sendgrid_hook import SendGridHook
from bypost.providers.ses import Ses
from bypost.providers.ses_hook import SesHook
from bypost.providers.smtp import Smtp
from bypost.providers.webhook import Webhook
from scheduler.clock import Clock

_Builder = Callable[..., Provider]
_HookBuilder = Callable[[str, Clock, HttpClient], Webhook]

BUILDERS: Mapping[str, _Builder] = {
    "brevo": lambda *, http, clock, **options: Brevo(http=http, **options),
    "mailgun": lambda *, http, clock, **options: Mailgun(http=http, clock=clock, **options),
    "mailjet": lambda *, http, clock, **options: Mailjet(http=http, clock=clock, **options),
    "mailtrap": lambda *, http, clock, **options: Mailtrap(http=http, clock=clock, **options),
    "outbox": lambda *, http, clock, **options: Outbox(**options),
    "postmark": lambda *, http, clock, **options: Postmark(http=http, clock=clock, **options),
    "resend": lambda *, http, clock, **options: Resend(http=http, **options),
    "sendgrid": lambda *, http, clock, **options: SendGrid(http=http, **options),
    "ses": lambda *, http, clock, **options: Ses(http=http, clock=clock, **options),
    "smtp": lambda *, http, clock, **options: Smtp(**options),
}

#: Who posts events to ``/hooks/<name>``.
HOOKS: Mapping[str, _HookBuilder] = {
    "brevo": lambda secret, clock, _: BrevoHook(secret, clock),
    "mailgun": lambda secret, clock, _: MailgunHook(secret, clock),
    "mailjet": lambda secret, clock, _: MailjetHook(secret, clock),
    "mailtrap": lambda secret, clock, _: MailtrapHook(secret, clock),
    "postmark": lambda secret, clock, _: PostmarkHook(secret, clock),
    "resend": lambda secret, clock, _: ResendHook(secret, clock),
    "sendgrid": lambda secret, clock, _: SendGridHook(secret, clock),
    "ses": lambda secret, clock, http: SesHook(secret, clock, http),
}

#: Options of a provider that others act on: the budget and the webhooks.
_NOT_FOR_SENDING = frozenset(
    {
        "per_second",
        "per_day",
        "warm_up_start",
        "warm_up_first_day",
        "warm_up_growth",
        "webhook_secret",
    }
)


def build(name: str, options: Mapping[str, Any], *, http: HttpClient, clock: Clock) -> Provider:
    """Return the provider ``name``.

    Args:
        name: As in ``[sending] provider``.
        options: Its settings by key, such as ``path`` or ``api_key``; a secret may be wrapped.
        http: For the services behind HTTP.
        clock: For the date of mails that are written here, and for the age of a question.

    Raises:
        SettingsError: No provider of that name, or its settings cannot be used.
    """
    builder = BUILDERS.get(name)
    if builder is None:
        near = difflib.get_close_matches(name, BUILDERS, n=1)
        known = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(BUILDERS)}"
        raise SettingsError(f"[sending] provider = {name!r}: there is no such provider; {known}")
    plain = {
        key: value.get_secret_value() if isinstance(value, SecretStr) else value
        for key, value in options.items()
        if key not in _NOT_FOR_SENDING
    }
    return builder(http=http, clock=clock, **plain)


def build_hook(name: str, secret: str, *, clock: Clock, http: HttpClient) -> Webhook:
    """Return the reader of what the provider ``name`` posts.

    Args:
        name: One of :data:`HOOKS`.
        secret: Its ``webhook_secret``.
        clock: For the age of a signature.
        http: For Amazon's certificate, and to confirm the subscription to its topic.

    Raises:
        SettingsError: The secret is not of the form that this provider's have.
    """
    return HOOKS[name](secret, clock, http)
