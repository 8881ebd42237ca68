"""Telling the operator: messages wait in the database until somebody has taken them over.

They are no deliveries. A delivery is owed to a subscriber, and stands still with the ledger when a
provider is stopped, which is just what the operator must hear of; so a message goes past budget and
breaker, and at least once: an attempt whose answer is lost is made again. Of two equal mails nobody
takes harm, and a webhook carries the same id.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bypost import __version__
from bypost.delivery import alarm_hook, compose
from bypost.delivery.context import Context
from bypost.delivery.notices import NOTICE
from bypost.delivery.recipe import Facts
from bypost.errors import ByPostError, Refused
from bypost.http import HttpClient
from bypost.model.message import Message
from bypost.providers.base import Provider
from bypost.providers.words import without_addresses
from bypost.render.jinja import Markup, escape
from bypost.render.personalise import Personaliser
from bypost.render.stored import load
from bypost.store import Row, budgets, contents
from bypost.store import alarms as store
from bypost.store import notices as notice_store
from scheduler.backoff import retry_delay

_LOG = logging.getLogger(__name__)

#: Seconds for one webhook: a receiver that hangs must not hold up the pass.
_TIMEOUT = 10.0
#: Messages of one pass.
_MOST = 4
#: An attempt that was not heard of for so long died; the next one repeats it.
_LEASE = timedelta(minutes=2)
#: After so long a message is no news any more; the page says that it was given up.
GIVE_UP = timedelta(hours=24)
_COMMAND = re.compile(r"`([^`]+)`")


def tell(context: Context) -> int:
    """Try every message whose time has come; return how many were taken over."""
    if not context.guarded:
        return 0
    now, told = context.clock.now(), 0
    with context.store.read() as connection:
        due = store.due_messages(connection, now, _MOST)
    for row in due:
        with context.store.write() as connection:
            taken = store.take_message(connection, row, context.clock.now() + _LEASE)
        if taken:
            told += _attempt(context, row)
    return told


def _attempt(context: Context, row: Row) -> bool:
    """Hand one message over; write down what came of it."""
    try:
        _WAYS[row["way"]](context, row)
        trouble = ""
    except ByPostError as error:
        trouble = without_addresses(str(error).partition("\n")[0])
    now = context.clock.now()
    values: dict[str, Any] = {"state": "sent", "ended_at": now, "detail": ""}
    if trouble:
        wait = retry_delay(
            row["attempts"] + 1, first=timedelta(seconds=context.settings.sending.retry_seconds)
        )
        given_up = now + wait - row["created_at"] > GIVE_UP
        values = {
            "state": "given-up" if given_up else "open",
            "ended_at": now if given_up else None,
            "next_try": now + wait,
            "detail": trouble[:300],
        }
        _LOG.warning("an alarm could not be told by %s: %s", row["way"], trouble)
    with context.store.write() as connection:
        store.end_message(connection, row["id"], values)
    return not trouble


def _post(context: Context, row: Row) -> None:
    settings = context.settings.alarms
    if settings.webhook_url is None:
        raise Refused("[alarms] webhook_url is not set any more")
    site, now = context.settings.site.base_url, context.clock.now()
    body = alarm_hook.payload(row["body"], site=site, at=row["created_at"])
    timeout = min(_TIMEOUT, context.settings.sending.timeout_seconds)
    http = HttpClient(timeout=timeout, user_agent=f"ByPost/{__version__}")
    try:
        alarm_hook.post(http, settings, message_id=_name(context, row), body=body, now=now)
    finally:
        http.close()


def _mail(context: Context, row: Row) -> None:
    to = context.settings.alarms.email
    if to is None:
        raise Refused("[alarms] email is not set any more")
    provider = _provider(context)
    body = provider.prepare([_message(context, row["body"], to, row)])
    # Other bytes are another request: a template that was edited meanwhile, another provider.
    key = f"{_name(context, row)}-{hashlib.sha256(body).hexdigest()[:12]}"
    (result,) = provider.send(body, count=1, key=key)
    if not result.accepted:
        raise Refused(f"{provider.name}: {result.error}")


def _message(context: Context, told: Mapping[str, Any], to: str, row: Row) -> Message:
    """Return the mail: the project's own notice, so that it looks like all others."""
    with context.store.read() as connection:
        digest = notice_store.texts(connection).get(NOTICE)
        stored = contents.load(connection, digest) if digest else None
    if stored is None:
        raise Refused("templates/email/notice.md: there is no usable text for a notice")
    content = load(stored)
    shared = compose.shared(
        content, sender=context.sender, links=context.links, now=row["created_at"]
    )
    link = f"{context.settings.site.base_url}/desk"
    about = {"title": told["title"], "text": told["text"], "link": link, "action": "Open the desk"}
    values = {"subscriber": {"name": "", "email": to}, "next": {}, "links": {}, "about": about}
    fill = Personaliser(content)
    # What a slot puts into HTML is escaped unless it is markup; the other parts take plain text.
    plain = told["title"].replace("`", "")  # it stands in <title> too, which knows no elements
    about_html = {**about, "title": plain, "text": _html(told["text"])}
    html = fill.render({**values, "about": about_html}).html
    rendered = replace(fill.render(values), html=html)
    facts = Facts(to=to, to_name="")
    return compose.finished(content.kind, rendered, shared, facts, _name(context, row))


def _html(words: str) -> Markup:
    """Return words as HTML: paragraphs, and commands without their backticks."""
    commands = _COMMAND.sub(r"<code>\1</code>", str(escape(words)))
    return Markup(commands.replace("\n\n", "<br><br>"))  # escaped above


def _provider(context: Context) -> Provider:
    """Return the first provider that is not stopped; the first of all where each is."""
    with context.store.read() as connection:
        stopped = budgets.breakers(connection)
    running = [one for name, one in context.providers.items() if name not in stopped]
    return running[0] if running else context.provider


def _name(context: Context, row: Row) -> str:
    """Return what names a message for good; no delivery's reference begins like this."""
    return f"alarm-{context.tag}-{row['id']}"


_WAYS: Mapping[str, Callable[[Context, Row], None]] = {"mail": _mail, "webhook": _post}
