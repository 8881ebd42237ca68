"""Rules for services that take a whole request or nothing of it, and give it one id."""

from __future__ import annotations

import pytest

from bypost.model.bulk import Bulk
from bypost.providers.base import Provider
from bypost.testing.fake_server import FakeServer
from tests.contracts.http_provider import HttpProviderContract
from tests.contracts.provider import make_message, make_messages


class WholeBatchContract(HttpProviderContract):
    """The contract of providers behind HTTP, where one answer is that to every message."""

    def test_every_message_gets_an_id_of_its_own(self, provider: Provider) -> None:
        """Each gets the one of its request: the reference tells them apart."""
        ids = [self.deliver(provider, *make_messages(5)) for _ in range(2)]
        assert [len(set(one)) for one in ids] == [1, 1]
        assert ids[0][0] != ids[1][0]

    def test_fewer_results_than_messages_leave_the_outcome_unknown(
        self, provider: Provider, fake: FakeServer
    ) -> None:
        """There are no fewer: the answer is to all that was asked."""
        one = provider.prepare([make_message()])
        assert len(provider.send(one, count=2, key="batch-1")) == 2

    def test_an_address_stands_in_a_request_only_once(self, provider: Provider) -> None:
        places = ["a", "b", "A", "c", "b", "d"]
        messages = [
            make_message(f"d-{n}", to=f"{place}@example.org") for n, place in enumerate(places)
        ]
        assert provider.room(Bulk.of(messages)) == 2
        assert provider.room(Bulk.of(messages[1:4])) == 3
        with pytest.raises(ValueError, match="same address twice"):
            provider.prepare([make_message("d-1"), make_message("d-2")])
