"""Deliveries: what is owed to whom, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bypost.delivery.context import Context
from bypost.delivery.line import batch_ref
from bypost.store import Row, listing, trace
from bypost.web.api.bearer import needs
from bypost.web.api.fields import Number
from bypost.web.api.paging import Asked, Page, page
from bypost.web.api.refusals import missing
from bypost.web.doors import Doors

State = Literal["accepted", "failed", "cancelled", "unknown", "pending", "sending"]
#: A batch's word where a delivery has none of its own.
_SHARED = {"settled": "accepted", "unknown": "unknown", "sending": "sending"}
_MAIL: dict[str, Any] = {
    "ref": "k7mq2xw9-1042",
    "kind": "lesson",
    "collection": "after-the-interview",
    "item": "welcome",
    "copy": 0,
    "title": "After the interview",
    "subscriber_id": 12,
    "enrollment_id": 7,
    "subscription_id": None,
    "state": "accepted",
    "reason": "",
    "due_at": "2026-11-23T09:31:00Z",
    "accepted_at": "2026-11-23T09:31:02Z",
    "provider": "resend",
    "provider_id": "b3c7...",
}


class Delivery(BaseModel):
    """One message owed to one person."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MAIL]})

    ref: Annotated[str, Field(description="the reference that travels with the mail")]
    kind: Literal["lesson", "issue", "notice"]
    collection: Annotated[str, Field(description="course or newsletter; empty for a notice")]
    item: Annotated[str, Field(description="lesson, issue or notice id")]
    copy_: Annotated[
        int,
        Field(alias="copy", description="0; higher only where the person asked for it once more"),
    ]
    title: str
    subscriber_id: int
    enrollment_id: int | None
    subscription_id: int | None
    state: State
    reason: Annotated[str, Field(description="why it stands so; may be empty")]
    due_at: datetime
    accepted_at: datetime | None
    provider: str
    provider_id: Annotated[str, Field(description="the provider's id; empty where it gave none")]


class Attempt(BaseModel):
    """One request to the provider that carried it."""

    started_at: datetime
    ended_at: Annotated[datetime | None, Field(description="null: no answer was recorded")]
    outcome: str
    status: Annotated[int | None, Field(description="HTTP status of the provider's answer")]
    detail: str


class Heard(BaseModel):
    """What the provider later said about it."""

    provider: str
    kind: str
    at: datetime
    received_at: datetime


class Trace(Delivery):
    """A delivery with its attempts and events."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{**_MAIL, "batch": "k7mq2xw9-b61", "attempts": [], "events": []}]
        }
    )

    batch: Annotated[str, Field(description="the request's reference, as in the log")]
    attempts: list[Attempt]
    events: list[Heard]


class DeliveriesAsked(Asked):
    """Which deliveries to list."""

    state: State | None = None
    subscriber_id: Number | None = None
    since: Annotated[AwareDatetime | None, Field(description="due then or later")] = None


class Deliveries:
    """Answers requests about deliveries."""

    def __init__(self, doors: Doors) -> None:
        self._context = doors.context

    def page(self, asked: Annotated[DeliveriesAsked, Query()]) -> Page[Delivery]:
        """List deliveries."""
        filters = asked.model_dump(exclude={"cursor", "limit"})
        context = self._context

        def shown(rows: Sequence[Row]) -> list[Delivery]:
            return [Delivery(**_values(context, row)) for row in rows]

        with context.store.read() as connection:
            return page(
                context.links,
                "deliveries",
                asked,
                lambda after, limit: listing.mails(connection, after=after, limit=limit, **filters),
                shown,
                key=lambda row: int(row["id"]),
                first=0,
            )

    def get(self, ref: Annotated[str, Path(max_length=64, examples=["k7mq2xw9-1042"])]) -> Trace:
        """Return one delivery with its attempts and events."""
        number = self._context.delivery_id(ref)
        if number is None:
            raise missing("delivery")
        with self._context.store.read() as connection:
            row = listing.mail(connection, number)
            if row is None:
                raise missing("delivery")
            attempts = trace.attempts_of(connection, row["batch_id"])
            events = trace.events_of(connection, number)
        return Trace(
            **_values(self._context, row),
            batch=batch_ref(self._context, row["batch_id"]),
            attempts=[_taken(Attempt, one) for one in attempts],
            events=[_taken(Heard, one) for one in events],
        )


def routes(doors: Doors) -> APIRouter:
    """Return what can be asked about deliveries."""
    desk = Deliveries(doors)
    router = APIRouter(prefix="/deliveries", tags=["deliveries"])
    router.add_api_route("", desk.page, dependencies=[needs("read")])
    router.add_api_route("/{ref}", desk.get, dependencies=[needs("read")])
    return router


def _values(context: Context, row: Row) -> dict[str, Any]:
    own = row["state"]
    state = own or _SHARED.get(row["batch_state"], "pending")
    return {
        **{name: row[name] for name in Delivery.model_fields if name in row},
        "ref": context.reference(row["id"]),
        "copy": row["copy"],
        "state": state,
        "reason": row["detail"] or ("" if own else row["batch_detail"]),
        "accepted_at": row["accepted_at"] if state == "accepted" else None,
        "provider_id": row["provider_id"] or "",
    }


def _taken(model: Any, row: Row) -> Any:
    return model(**{name: row[name] for name in model.model_fields})
