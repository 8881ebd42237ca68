"""Events: what providers told about deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bypost.model.event import EventKind
from bypost.store import Row, listing
from bypost.web.api.bearer import needs
from bypost.web.api.fields import Word
from bypost.web.api.paging import Asked, Page, page
from bypost.web.api.refusals import missing
from bypost.web.doors import Doors

_EVENT: dict[str, Any] = {
    "id": 501,
    "provider": "resend",
    "kind": "delivered",
    "delivery": "k7mq2xw9-1042",
    "at": "2026-11-23T09:31:05Z",
    "received_at": "2026-11-23T09:31:06Z",
}


class Event(BaseModel):
    """One thing that happened to one mail, as its provider says."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EVENT]})

    id: int
    provider: str
    kind: EventKind
    delivery: Annotated[
        str | None, Field(description="reference of the delivery; null: it is not ours")
    ]
    at: Annotated[datetime, Field(description="when it happened")]
    received_at: Annotated[datetime, Field(description="when we heard")]


class EventsAsked(Asked):
    """Which events to list."""

    kind: EventKind | None = None
    provider: Word | None = None
    delivery: Annotated[Word | None, Field(description="reference of a delivery")] = None
    since: Annotated[AwareDatetime | None, Field(description="heard then or later")] = None


class Events:
    """Answers requests about events."""

    def __init__(self, doors: Doors) -> None:
        self._context = doors.context

    def page(self, asked: Annotated[EventsAsked, Query()]) -> Page[Event]:
        """List events, in the order in which we heard of them."""
        context = self._context
        number = context.delivery_id(asked.delivery) if asked.delivery is not None else None
        if asked.delivery is not None and number is None:
            raise missing("delivery")

        def shown(rows: Sequence[Row]) -> list[Event]:
            return [self._shown(row) for row in rows]

        with context.store.read() as connection:
            return page(
                context.links,
                "events",
                asked,
                lambda after, limit: listing.told(
                    connection,
                    after=after,
                    limit=limit,
                    kind=asked.kind,
                    provider=asked.provider,
                    delivery_id=number,
                    since=asked.since,
                ),
                shown,
                key=lambda row: int(row["id"]),
                first=0,
            )

    def _shown(self, row: Row) -> Event:
        number = row["delivery_id"]
        return Event(
            **{name: row[name] for name in Event.model_fields if name != "delivery"},
            delivery=self._context.reference(number) if number is not None else None,
        )


def routes(doors: Doors) -> APIRouter:
    """Return what can be asked about events."""
    router = APIRouter(prefix="/events", tags=["events"])
    router.add_api_route("", Events(doors).page, dependencies=[needs("read")])
    return router
