"""museletter: its own sender over its own database, with Cloudflare's address changed to a sink."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from museletter import cloudflare
from museletter.config import Settings
from museletter.db import open_db, utcnow
from museletter.mailer import create_mailer
from museletter.sender import SenderLoop

#: More people a second than it can send to, so that it does not run out of them.
_PER_SECOND = 3000
_LISTS = (
    "INSERT INTO lists (id, slug, name, created_at, template_id) VALUES ('l', 'l', 'L', ?, 't')"
)
_TEMPLATES = (
    "INSERT INTO templates (id, name, html, created_at, updated_at) "
    "VALUES ('t', 'bare', '$content$footer', ?, ?)"
)
_CAMPAIGNS = (
    "INSERT INTO campaigns (id, list_id, subject, body_markdown, track_opens, status, "
    "recipient_count, created_at, started_at) VALUES ('c', 'l', ?, ?, 0, 'sending', ?, ?, ?)"
)
_SUBSCRIBERS = (
    "INSERT INTO subscribers (id, list_id, email, name, status, created_at) "
    "VALUES (?, 'l', ?, ?, 'active', ?)"
)
_RECIPIENTS = (
    "INSERT INTO campaign_recipients (campaign_id, subscriber_id, email, name, updated_at) "
    "VALUES ('c', ?, ?, ?, ?)"
)


async def main() -> None:
    """Send until the time is over, and print what it took."""
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    cloudflare.API_BASE = given["url"]
    os.environ["CLOUDFLARE_API_TOKEN"] = "of-nobody"
    settings = Settings(
        base_url="https://x.example",
        from_email=given["from"],
        postal_address="1 Street",
        attribution=False,
        send_rate=1e9,  # of 10 a second, else
        email_provider="cloudflare",
        cloudflare_account_id="nobodys",
    )
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as folder:
        db = await open_db(f"{folder}/museletter.db")
        await _fill(db, given)
        state = SimpleNamespace(
            db=db, settings=settings, secret="of-nobody", mailer=create_mailer(settings)
        )
        sender = SenderLoop(SimpleNamespace(state=state))
        wall, cpu = time.perf_counter(), time.process_time()
        until = wall + given["seconds"]
        while time.perf_counter() < until:
            assert await sender.tick()
        took = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        mails = await _count(db, "sent")
        assert await _count(db, "pending")
        await db.close()
    sys.stdout.write(json.dumps({"mails": mails, **took}))


async def _fill(db, given) -> None:
    """Write down a campaign that is under way, and everybody who is to get it."""
    count, now = int(_PER_SECOND * given["seconds"]) + 100, utcnow()
    people = [
        (f"s{n}", f"p{n}@example.com", given["names"][n % len(given["names"])], now)
        for n in range(count)
    ]
    await db.execute(_TEMPLATES, (now, now))
    await db.execute(_LISTS, (now,))
    await db.execute(_CAMPAIGNS, (given["subject"], _markdown(given["html"]), count, now, now))
    await db.executemany(_SUBSCRIBERS, people)
    await db.executemany(_RECIPIENTS, people)
    await db.commit()


def _markdown(html: str) -> str:
    """Return HTML as Markdown that leaves it as it is: one block, which a line break could end."""
    return " ".join(html.removeprefix("<!doctype html>").split("\n"))


async def _count(db, status: str) -> int:
    question = "SELECT count(*) FROM campaign_recipients WHERE status = ?"
    async with db.execute(question, (status,)) as cursor:
        (number,) = await cursor.fetchone()
    return number


if __name__ == "__main__":
    asyncio.run(main())
