"""Events come late, twice, in any order and before our own answer: the end is the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bypost.delivery import events
from bypost.delivery.context import Context
from bypost.model.event import EventKind
from bypost.store import enrollments
from bypost.store.schema import batches, deliveries, suppressions
from bypost.store.schema import events as table
from tests.conftest import MONDAY
from tests.delivery.desk import add_people, mails, numbers, owe_lesson, put, told

#: An answer that is lost: the batch becomes unknown.
LOST = ("first", "second")
#: What settles a mail of unknown fate comes often, so that it meets its opposite.
_KIND = st.sampled_from(list(EventKind)) | st.sampled_from(
    [EventKind.REJECTED, EventKind.DELIVERED, EventKind.SOFT_BOUNCED]
)
#: About which of the four mails of which person, or (4) about none of ours.
_EVENT = st.tuples(_KIND, st.integers(0, 4), st.integers(0, 1), st.booleans())


class World:
    """Two people with a mail each in four batches: one settled, one unknown, two being sent."""

    def __init__(self, context: Context) -> None:
        self._context = context
        with context.store.write() as connection:
            self._people = add_people(connection, 2)
            self._batches = [owe_lesson(connection, self._people, f"{n}") for n in range(4)]
            for batch, state in zip(
                self._batches, ("settled", "unknown", "sending", "sending"), strict=True
            ):
                put(connection, batch, state)
            self._mails = [mails(connection, batch) for batch in self._batches]
        self._sending = dict(zip(LOST, self._batches[2:], strict=True))

    def happen(self, story: Sequence[Any], *, alone: bool) -> None:
        """Let things happen in this order.

        Args:
            alone: Each event comes in a post of its own; else those that follow each other in one.
        """
        post: list[Any] = []
        for what in story:
            if what in LOST:
                self._take(post)
                self._lose(self._sending[what])
                post = []
            else:
                post.append(what)
            if alone:
                self._take(post)
                post = []
        self._take(post)

    def _take(self, post: Sequence[Any]) -> None:
        heard = []
        for number, (kind, mail, person, large) in post:
            ours = self._mails[mail][person] if mail < len(self._mails) else None
            address = f"p{self._people[person]}@example.org"
            heard.append(
                told(
                    self._context,
                    kind,
                    ours,
                    event_id=f"{self._people[0]}-{number}",
                    provider_id=f"m-{mail}-{person}" if ours and number % 3 else "",
                    recipient=address if number % 2 or not ours else "",
                    too_large=large,
                )
            )
        events.take(self._context, "resend", heard)

    def _lose(self, batch: int) -> None:
        with self._context.store.write() as connection:
            put(connection, batch, "unknown")
            events.settle_from_events(connection, batch, MONDAY)

    def end(self) -> Any:
        """Return all that events change, told alike for every world."""
        fate = select(
            deliveries.c.state,
            deliveries.c.provider_id,
            batches.c.state,
            batches.c.members,
            batches.c.accepted,
            batches.c.failed,
            batches.c.accepted_at,
        )
        fate = fate.join(batches, batches.c.id == deliveries.c.batch_id)
        ours = [number for both in self._mails for number in both]
        heard = select(func.count()).where(table.c.delivery_id.in_(ours))
        why = select(suppressions.c.reason, suppressions.c.scope)
        with self._context.store.read() as connection:
            return (
                connection.execute(
                    fate.where(deliveries.c.id.in_(ours)).order_by(deliveries.c.id)
                ).all(),
                [
                    set(connection.execute(why.where(suppressions.c.address_hash == key)).all())
                    for key in map(
                        self._context.address_hash, [f"p{i}@example.org" for i in self._people]
                    )
                ],
                [r["status"] for r in enrollments.of_subscribers(connection, self._people)],
                connection.execute(heard).scalar_one(),
            )


@pytest.fixture
def context(empty_project: Path, open_context: Callable[..., Context]) -> Context:
    return open_context(empty_project)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), said=st.lists(_EVENT, max_size=9))
def test_the_order_of_events_and_their_repeats_do_not_matter(
    context: Context, data: st.DataObject, said: list[Any]
) -> None:
    heard: list[Any] = list(enumerate(said))
    mixed = data.draw(st.permutations([*heard, *LOST]), label="another order")
    repeats = data.draw(st.lists(st.sampled_from(heard), max_size=4) if heard else st.just([]))
    ends = []
    for story, alone in (
        ([*LOST, *heard], False),
        ([*mixed, *repeats], True),
        ([*heard, *LOST], False),
    ):
        world = World(context)
        world.happen(story, alone=alone)
        ends.append(world.end())
    assert ends[0] == ends[1] == ends[2]
    numbers(context)
