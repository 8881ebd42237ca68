"""What must hold whatever happens, by what the provider accepted and what people asked for.

That the numbers agree, and that no enrollment has two open deliveries, :class:`Stage` checks at
every commit.
"""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select

from bypost.model.message import Key, Search
from bypost.store import Connection, Row, enrollments, subscribers
from bypost.store.schema import batches, deliveries
from tests.delivery.stage import Stage


class Truth:
    """The truth about one stage.

    Attributes:
        muted: People to whose address nothing may go any more.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._provider = stage.provider
        self.muted: set[int] = set()
        #: Reference -> first request that must not carry it any more, but for the one of this key.
        self._stopped: dict[str, tuple[int, str]] = {}

    def stop(self, connection: Connection, run: Row) -> None:
        """Note that no first attempt may start for somebody, once this transaction has committed.

        A request that had begun may end, and be repeated under its key.
        """
        query = select(
            deliveries.c.id,
            deliveries.c.batch_id,
            batches.c.state,
            batches.c.ambiguous,
            batches.c.generation,
        ).join(batches, batches.c.id == deliveries.c.batch_id)
        for row in connection.execute(query.where(deliveries.c.enrollment_id == run["id"])):
            begun = row.state == "sending" or row.ambiguous
            key = f"{self._stage.context.tag}-b{row.batch_id}-{row.generation}" if begun else ""
            ref = self._stage.context.reference(row.id)
            self._stopped.setdefault(ref, (len(self._provider.requests), key))

    def check(self) -> None:
        """Check what must hold at any time."""
        self._nobody_has_anything_twice()
        self._what_is_settled_as_accepted_was_accepted()
        self._no_first_attempt_started_after_somebody_left()
        self._no_key_was_used_for_other_bytes()

    def is_over(self) -> bool:
        """Tell whether nothing more is to come."""
        with self._stage.context.store.read() as connection:
            statuses = {
                run["status"]
                for run in runs_of_all(connection)
                if run["subscriber_id"] not in self.muted
            }
        now = self._stage.numbers()
        return "active" not in statuses and not now.pending and not (now.unknown and self._asks())

    def check_the_end(self) -> None:
        """Check what must hold when time has passed without faults: nobody is stuck."""
        now = self._stage.numbers()
        assert now.pending == 0
        assert not (now.unknown and self._asks())
        self._everybody_came_to_the_end()

    def _asks(self) -> bool:
        return isinstance(self._provider.send_class, Search)

    def _nobody_has_anything_twice(self) -> None:
        assert max(self._provider.accepted.values(), default=0) <= 1

    def _what_is_settled_as_accepted_was_accepted(self) -> None:
        assert self._stage.refs("accepted") <= set(self._provider.accepted)

    def _no_first_attempt_started_after_somebody_left(self) -> None:
        for request in self._provider.requests:
            for ref in request.refs:
                number, key = self._stopped.get(ref, (request.number + 1, ""))
                assert request.number < number or request.key == key

    def _no_key_was_used_for_other_bytes(self) -> None:
        # A provider that does not compare bytes may be handed another text for the same people.
        send_class = self._provider.send_class
        loose = isinstance(send_class, Key) and not send_class.same_bytes
        used = defaultdict(set)
        for request in self._provider.requests:
            used[request.key].add(request.refs if loose else request.body)
        assert all(len(different) == 1 for different in used.values())

    def _everybody_came_to_the_end(self) -> None:
        """Check that whoever did not leave has each lesson: accepted, failed or shown."""
        query = select(deliveries.c.enrollment_id, deliveries.c.item)
        with self._stage.context.store.read() as connection:
            runs = runs_of_all(connection)
            had = defaultdict(set)
            for enrollment, item in connection.execute(query):
                had[enrollment].add(item)
        for run in runs:
            if run["status"] != "left" and run["subscriber_id"] not in self.muted:
                assert run["status"] == "finished", dict(run)
                assert had[run["id"]] == {"one", "two", "three", "four", "five"}


def runs_of_all(connection: Connection) -> list[Row]:
    """Return everybody's enrollments."""
    people = [person["id"] for person in subscribers.every(connection)]
    return list(enrollments.of_subscribers(connection, people))
