"""Newsletters and their issues, as their files and the database have them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from bypost.model import course as model
from bypost.store import Row, issues
from bypost.web.api.bearer import needs
from bypost.web.api.paging import Asked, Page, page
from bypost.web.api.refusals import missing
from bypost.web.doors import Doors

_NEWSLETTER: dict[str, Any] = {
    "id": "clarity-notes",
    "title": "Clarity Notes",
    "summary": "One short letter a month.",
    "language": "en",
    "time_zone": "Europe/Berlin",
    "hour": "09:00",
    "url": "https://course.example.org/newsletters/clarity-notes",
}
_ISSUE: dict[str, Any] = {
    "id": "2026-12-01-first",
    "subject": "The first one",
    "preheader": "What it is about",
    "status": "ready",
    "at": None,
    "day": "2026-12-01",
    "hour": "09:00",
    "state": "planned",
    "first_seen_at": "2026-11-23T09:30:00Z",
}


class Newsletter(BaseModel):
    """A series of issues."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NEWSLETTER]})

    id: str
    title: str
    summary: str
    language: str
    time_zone: str
    hour: str
    url: Annotated[str, Field(description="its page")]


class Issue(BaseModel):
    """One dated mail of a newsletter."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ISSUE]})

    id: str
    subject: Annotated[str, Field(description="as written, with its expressions")]
    preheader: str
    status: Literal["draft", "ready"]
    at: Annotated[datetime | None, Field(description="one instant for all")]
    day: Annotated[date | None, Field(description="else each person's own `hour` on this day")]
    hour: str | None
    state: Annotated[
        Literal["planned", "done", "archived"] | None,
        Field(description="null: never seen ready; archived: seen too late to be sent"),
    ]
    first_seen_at: Annotated[datetime | None, Field(description="when it was first seen ready")]


Folder = Annotated[str, Path(max_length=64, examples=["clarity-notes"])]


class Newsletters:
    """Answers requests about newsletters."""

    def __init__(self, doors: Doors) -> None:
        self._context = doors.context
        self._catalogue = doors.catalogue

    def page(self, asked: Annotated[Asked, Query()]) -> Page[Newsletter]:
        """List newsletters, by id."""
        known = sorted(self._catalogue.newsletters(), key=lambda one: one.id)
        return page(
            self._context.links,
            "newsletters",
            asked,
            lambda after, limit: [one for one in known if one.id > after][:limit],
            lambda found: [self._shown(one) for one in found],
            key=lambda one: one.id,
            first="",
        )

    def get(self, newsletter: Folder) -> Newsletter:
        """Return one newsletter."""
        return self._shown(self._known(newsletter))

    def issues(self, newsletter: Folder, asked: Annotated[Asked, Query()]) -> Page[Issue]:
        """List the issues of a newsletter, by id."""
        found = self._known(newsletter)
        known = sorted(found.issues, key=lambda one: one.id)
        with self._context.store.read() as connection:

            def shown(some: Sequence[model.Issue]) -> list[Issue]:
                return [_issue(one, issues.find(connection, found.id, one.id)) for one in some]

            return page(
                self._context.links,
                f"issues:{found.id}",
                asked,
                lambda after, limit: [one for one in known if one.id > after][:limit],
                shown,
                key=lambda one: one.id,
                first="",
            )

    def _known(self, name: str) -> model.Newsletter:
        found = self._catalogue.newsletter(name)
        if found is None:
            raise missing("newsletter")
        return found

    def _shown(self, one: model.Newsletter) -> Newsletter:
        return Newsletter(
            id=one.id,
            title=one.title,
            summary=one.summary,
            language=one.language,
            time_zone=one.time_zone,
            hour=f"{one.hour:%H:%M}",
            url=f"{self._context.links.base_url}/newsletters/{one.id}",
        )


def routes(doors: Doors) -> APIRouter:
    """Return what can be asked about newsletters."""
    desk = Newsletters(doors)
    router = APIRouter(prefix="/newsletters", tags=["newsletters"])
    router.add_api_route("", desk.page, dependencies=[needs("read")])
    router.add_api_route("/{newsletter}", desk.get, dependencies=[needs("read")])
    router.add_api_route("/{newsletter}/issues", desk.issues, dependencies=[needs("read")])
    return router


def _issue(one: model.Issue, row: Row | None) -> Issue:
    return Issue(
        id=one.id,
        subject=one.subject,
        preheader=one.preheader,
        status=one.status.value,
        at=one.at,
        day=one.day,
        hour=f"{one.hour:%H:%M}" if one.hour else None,
        state=row["state"] if row else None,
        first_seen_at=row["first_seen_at"] if row else None,
    )
