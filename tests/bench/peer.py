"""Who else sends mails: what each needs, how it writes what differs, what ours has to reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.bench.sink import SERVICES, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Somebody else's way to send.

    Attributes:
        title: What it is, with its version.
        does: What a reader has to know of the comparison.
        needs: What its process needs, pinned on 2026-11-24.
        service: What the sink is for it; the json module writes a blank after each colon.
        beside: Our provider for mails of the same form.
        tags: As :func:`tests.bench.notation.written` takes them.
        goal: How many times as fast ours has to be; None where nothing is promised.
    """

    name: str
    title: str
    does: str
    needs: tuple[str, ...]
    service: Service
    beside: str
    tags: Mapping[str, str] | None
    goal: float | None = None


PEERS = (
    Peer(
        name="anymail",
        title="django-anymail 15.2, merge_data",
        does="1,000 people in a SendGrid request, as in ours here, over one connection; no ledger",
        needs=("django-anymail==15.2", "django==5.2.19", "requests==2.34.2"),
        service=replace(SERVICES["sendgrid"], mark=b'"to": ['),
        beside="sendgrid",
        tags={
            "subscriber.name": "-name-",
            "links.leave": "-leave-",
            "links.progress": "-progress-",
        },
        goal=5.0,
    ),
    Peer(
        name="museletter",
        title="museletter 1.5.0",
        does="its sender over its SQLite ledger, one call a mail, no limit of rate; no server",
        needs=("museletter==1.5.0", "httpx==0.28.1", "aiosqlite==0.22.1"),
        service=Service(
            b'"to": "',
            lambda ids: {"success": True, "errors": [], "result": {"message_id": ids[0]}},
        ),
        beside="postmark",
        tags={"subscriber.name": "{{name|Hello}}"},
        goal=25.0,
    ),
    Peer(
        name="loop",
        title="compiled Jinja 3.1.6 with requests.Session",
        does="one call a mail, over one connection; no ledger",
        needs=("jinja2==3.1.6", "requests==2.34.2"),
        service=replace(SERVICES["postmark"], mark=b'"To": "'),
        beside="postmark",
        tags=None,
    ),
)
