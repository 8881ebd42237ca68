"""What is told of a subscriber, and what is asked about one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bypost.web.api.fields import (
    Email,
    Folder,
    Given,
    Hour,
    Name,
    SomeEmail,
    Statement,
    TimeZone,
)
from bypost.web.api.paging import Asked

_MOST_NEWSLETTERS = 20
_ANA: dict[str, Any] = {
    "id": 12,
    "email": "ana@example.org",
    "name": "Ana",
    "time_zone": "Europe/Berlin",
    "hour": "",
    "status": "confirmed",
    "tags": [],
    "attributes": {},
    "created_at": "2026-11-23T09:30:00Z",
    "confirmed_at": "2026-11-23T09:31:00Z",
    "suppressed": None,
}


class Subscriber(BaseModel):
    """A person with an address, a time zone and an hour."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ANA]})

    id: int
    email: Annotated[str | None, Field(description="null once erased")]
    name: str
    time_zone: Annotated[str, Field(description="IANA name; empty: the course's")]
    hour: Annotated[str, Field(description="local hour HH:MM; empty: the course's")]
    status: Literal["unconfirmed", "confirmed", "erased"]
    tags: list[str]
    attributes: dict[str, str]
    created_at: datetime
    confirmed_at: datetime | None
    suppressed: Annotated[
        str | None, Field(description="why nothing is sent to this address; null: it is")
    ]


class NewSubscriber(Given):
    """Somebody to be asked for consent, or taken on with it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "email": "ana@example.org",
                    "course": "after-the-interview",
                    "wording": "Send me the course by email.",
                    "ip": "203.0.113.7",
                },
                {
                    "email": "bo@example.org",
                    "course": "after-the-interview",
                    "consent": "Ticked “send me the course” at the till, 2026-11-20.",
                },
            ]
        }
    )

    email: Email
    name: Name = ""
    time_zone: TimeZone = ""
    hour: Hour = ""
    course: Annotated[Folder | None, Field(description="its folder's name")] = None
    newsletters: Annotated[
        list[Folder],
        Field(
            default_factory=list,
            max_length=_MOST_NEWSLETTERS,
            description="their folders' names",
        ),
    ]
    consent: Annotated[
        Statement | None,
        Field(
            description="How, when and to what they agreed, where they have: they are confirmed "
            "at once. Without it they get a mail that asks. Needs the scope `write`."
        ),
    ] = None
    wording: Annotated[
        Statement | None,
        Field(description="Without `consent`: the text under which they typed their address."),
    ] = None
    ip: Annotated[
        str,
        Field(
            max_length=64,
            description="Without `consent`: where they did. It is shortened before it is kept, "
            "and the limits of the sign-up form count it.",
        ),
    ] = ""
    language: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9-]{1,35}$", description="of the wording, BCP 47")
    ] = "en"


class Requested(BaseModel):
    """The mail that asks is on its way, if one may be sent; it is not told whether."""

    outcome: Literal["requested"] = "requested"


class SubscriberChange(Given):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"time_zone": "Asia/Tokyo"}]})

    name: Name | None = None
    time_zone: TimeZone | None = None
    hour: Hour | None = None


class SubscribersAsked(Asked):
    """Which subscribers to list."""

    status: Annotated[
        Literal["unconfirmed", "confirmed", "erased"] | None,
        Field(description="without it, everybody who is not erased"),
    ] = None
    email: Annotated[SomeEmail | None, Field(description="the one with this address")] = None
