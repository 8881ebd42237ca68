from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.utils import parseaddr
from typing import Any

import orjson
import pytest

from bypost.http import HttpClient
from bypost.model.message import Message, Search
from bypost.providers.postmark import Postmark
from bypost.testing.fake_postmark import FakePostmark
from scheduler.clock import SimulatedClock
from tests.contracts.http_provider import SECRET, HttpProviderContract
from tests.contracts.provider import DATE

OK = {"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "To": "ann@example.org"}
OTHER = {"MessageID": "pm-2", "Metadata": {"ref": "another"}}


class TestPostmark(HttpProviderContract):
    send_class = Search(lag=timedelta(minutes=5))
    most = 500

    @pytest.fixture
    def clock(self) -> SimulatedClock:
        self.now = SimulatedClock(DATE)
        return self.now

    @pytest.fixture
    def fake(self, clock: SimulatedClock) -> Iterator[FakePostmark]:
        with FakePostmark(api_key=SECRET, clock=clock) as fake:
            yield fake

    def make(self, http: HttpClient, base_url: str, batch_size: int | None = None) -> Postmark:
        clock = getattr(self, "now", None) or SimulatedClock(DATE)
        return Postmark(
            http=http, clock=clock, api_key=SECRET, base_url=base_url, batch_size=batch_size
        )

    def received(self) -> list[Message]:
        return [_read(item) for item in orjson.loads(self.fake_in_use.requests[-1].body)]


def _read(item: dict[str, Any]) -> Message:
    """Read a message as a mail server would: names and addresses through its own parser."""
    to_name, to_address = parseaddr(item["To"])
    from_name, from_address = parseaddr(item["From"])
    return Message(
        ref=item["Metadata"]["ref"],
        date=DATE,
        to=to_address,
        to_name=to_name,
        from_email=from_address,
        from_name=from_name,
        reply_to=item.get("ReplyTo", ""),
        subject=item["Subject"],
        html=item["HtmlBody"],
        text=item["TextBody"],
        headers={header["Name"]: header["Value"] for header in item["Headers"]},
        stream={"broadcast": "bulk", "outbound": "transactional"}[item["MessageStream"]],
    )
