"""What is told of an enrollment, and what is asked about one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bypost.people import pace
from bypost.web.api.fields import Folder, Given, Number, Statement
from bypost.web.api.paging import Asked

_RUN: dict[str, Any] = {
    "id": 7,
    "subscriber_id": 12,
    "course": "after-the-interview",
    "run": 1,
    "status": "active",
    "started_at": "2026-11-23T09:31:00Z",
    "next_due": "2026-11-25T08:00:00Z",
    "paused_until": None,
    "pace": "",
    "asked_next_at": None,
    "finished_at": None,
    "left_at": None,
    "begins_with": "",
}


class Enrollment(BaseModel):
    """One run of one subscriber through one course."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RUN]})

    id: int
    subscriber_id: int
    course: str
    run: Annotated[int, Field(description="1 for the first time through, then 2 ...")]
    status: Literal["active", "finished", "left"]
    started_at: datetime
    next_due: Annotated[
        datetime | None, Field(description="the next lesson comes then or later; null: none does")
    ]
    paused_until: datetime | None
    pace: Annotated[str, Field(description="own rhythm; empty: the course's")]
    asked_next_at: Annotated[
        datetime | None, Field(description="when the next lesson was asked for; null: it was not")
    ]
    finished_at: datetime | None
    left_at: datetime | None
    begins_with: Annotated[str, Field(description="lesson they began with; empty: the first")]


class NewEnrollment(Given):
    """Somebody who agreed to a course."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "subscriber_id": 12,
                    "course": "after-the-interview",
                    "consent": "Asked for it by phone, 2026-11-20.",
                }
            ]
        }
    )

    subscriber_id: Number
    course: Annotated[Folder, Field(description="its folder's name")]
    consent: Annotated[Statement, Field(description="how, when and to what they agreed")]
    from_lesson: Annotated[
        Folder | None,
        Field(description="id of the lesson they begin with; those before it are none of theirs"),
    ] = None


class Pause(Given):
    """For how long nothing comes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"weeks": 2}, {"until": "2027-01-07"}]}
    )

    weeks: Literal[1, 2, 4] | None = None
    until: Annotated[
        date | None,
        Field(description="the day on which it goes on, in the person's zone; within a year"),
    ] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.weeks is None) == (self.until is None):
            raise ValueError("write either `weeks` or `until`")
        return self


class NextNow(BaseModel):
    """What came of asking for the next lesson now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"answer": "asked"}]})

    answer: Annotated[
        pace.Answer,
        Field(
            description="asked: the next pass sends it; on-its-way: one is being sent; enough: had "
            "as many within a day as the author allows; paused: it goes on first; ended: left or "
            "finished"
        ),
    ]


class EnrollmentsAsked(Asked):
    """Which enrollments to list."""

    subscriber_id: Number | None = None
    course: Folder | None = None
    status: Literal["active", "finished", "left"] | None = None
