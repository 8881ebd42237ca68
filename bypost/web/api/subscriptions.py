"""Subscriptions: looked at, begun with a consent, ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from bypost.people import leave
from bypost.people.admit import Basis, subscribe
from bypost.people.leave import Membership
from bypost.store import Connection, Row, listing, subscribers, subscriptions
from bypost.web.api.bearer import needs
from bypost.web.api.content import require_newsletters
from bypost.web.api.fields import Folder, Given, Number, NumberInPath, Statement
from bypost.web.api.once import CallOf, Once, Reply
from bypost.web.api.paging import Asked, Page, page
from bypost.web.api.refusals import missing
from bypost.web.doors import Doors
from bypost.web.problem import API

_LETTER: dict[str, Any] = {
    "id": 3,
    "subscriber_id": 12,
    "newsletter": "clarity-notes",
    "status": "active",
    "started_at": "2026-11-23T09:31:00Z",
    "left_at": None,
}


class Subscription(BaseModel):
    """One subscriber on one newsletter."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LETTER]})

    id: int
    subscriber_id: int
    newsletter: str
    status: Literal["active", "left"]
    started_at: datetime
    left_at: datetime | None


class NewSubscription(Given):
    """Somebody who agreed to a newsletter."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "subscriber_id": 12,
                    "newsletter": "clarity-notes",
                    "consent": "Asked for it by phone, 2026-11-20.",
                }
            ]
        }
    )

    subscriber_id: Number
    newsletter: Annotated[Folder, Field(description="its folder's name")]
    consent: Annotated[Statement, Field(description="how, when and to what they agreed")]


class SubscriptionsAsked(Asked):
    """Which subscriptions to list."""

    subscriber_id: Number | None = None
    newsletter: Folder | None = None
    status: Literal["active", "left"] | None = None


class Subscriptions:
    """Answers requests about subscriptions."""

    def __init__(self, doors: Doors, once: Once) -> None:
        self._doors = doors
        self._context = doors.context
        self._once = once

    def page(self, asked: Annotated[SubscriptionsAsked, Query()]) -> Page[Subscription]:
        """List subscriptions."""
        filters = asked.model_dump(exclude={"cursor", "limit"})
        with self._context.store.read() as connection:
            return page(
                self._context.links,
                "subscriptions",
                asked,
                lambda after, limit: listing.letters(
                    connection, after=after, limit=limit, **filters
                ),
                _shown,
                key=lambda row: int(row["id"]),
                first=0,
            )

    def get(self, subscription_id: NumberInPath) -> Subscription:
        """Return one subscription."""
        with self._context.store.read() as connection:
            return _shown([_known(connection, subscription_id)])[0]

    def create(self, body: NewSubscription, call: CallOf) -> Response:
        """Put somebody on a newsletter who agreed to it; 200 where they are on it already."""
        require_newsletters(self._doors.catalogue, [body.newsletter], "")

        def act(connection: Connection, now: datetime) -> Reply:
            person = subscribers.by_id(connection, body.subscriber_id)
            if person is None:
                raise missing("subscriber")
            basis = Basis(statement=body.consent, address_hash=self._context.address_hash, now=now)
            number, new = subscribe(connection, person, body.newsletter, basis)
            return _reply(connection, number, 201 if new else 200)

        return self._once.run(call, body, act)

    def leave(self, subscription_id: NumberInPath, call: CallOf) -> Response:
        """End this newsletter for this person, at once; a second time changes nothing."""

        def act(connection: Connection, now: datetime) -> Reply:
            row = _known(connection, subscription_id)
            member = Membership(
                "newsletter",
                row["newsletter"],
                row["id"],
                row["subscriber_id"],
                row["status"] == "left",
            )
            leave.leave(connection, member, by="api", now=now)
            return _reply(connection, subscription_id, 200)

        return self._once.run(call, None, act)


def routes(doors: Doors, once: Once) -> APIRouter:
    """Return what can be asked about subscriptions."""
    desk = Subscriptions(doors, once)
    router = APIRouter(prefix="/subscriptions", tags=["subscriptions"])
    router.add_api_route("", desk.page, dependencies=[needs("read")])
    router.add_api_route("/{subscription_id}", desk.get, dependencies=[needs("read")])
    router.add_api_route(
        "",
        desk.create,
        methods=["POST"],
        status_code=201,
        response_model=Subscription,
        responses={200: {"model": Subscription}},
        dependencies=[needs("write")],
    )
    router.add_api_route(
        "/{subscription_id}/leave",
        desk.leave,
        methods=["POST"],
        response_model=Subscription,
        dependencies=[needs("write")],
    )
    return router


def _known(connection: Connection, subscription_id: int) -> Row:
    row = subscriptions.by_id(connection, subscription_id)
    if row is None:
        raise missing("subscription")
    return row


def _reply(connection: Connection, subscription_id: int, status: int) -> Reply:
    shown = _shown([_known(connection, subscription_id)])[0]
    location = f"{API}/subscriptions/{subscription_id}" if status == 201 else ""
    return Reply(status=status, body=shown, location=location, subscriber_id=shown.subscriber_id)


def _shown(rows: Sequence[Row]) -> list[Subscription]:
    return [Subscription(**{name: row[name] for name in Subscription.model_fields}) for row in rows]
