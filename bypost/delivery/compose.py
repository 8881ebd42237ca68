"""From a stored content and a member to a finished message: values, headers, addresses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from bypost.delivery.context import Context
from bypost.delivery.due import Run, parse_pace, predict
from bypost.delivery.owe import zone
from bypost.delivery.shape import Shape, Step
from bypost.model.content import Content, Values
from bypost.model.course import Kind
from bypost.model.message import Message
from bypost.render.personalise import Personaliser
from bypost.render.stored import load
from bypost.store import Row

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)

#: A weekday alone says which day is meant for as long.
_SAME_WEEK_DAYS = 6


class Composer:
    """Makes the messages of one batch.

    Args:
        stored: The content that the batch carries, as the store keeps it.
        shape: The course, for a lesson; None otherwise.
        now: The instant of the request, from which "the next lesson" is told.
    """

    def __init__(self, context: Context, stored: bytes, shape: Shape | None, now: datetime) -> None:
        self._context = context
        self._fill, content = _filler(stored)
        self._content = content
        self._shape = shape
        self._now = now
        #: What is said of the next lesson, by the clock and rhythm that people share.
        self._nexts: dict[tuple[str, str, str], dict[str, str]] = {}
        self._list_id = list_id(content, context.sender.email)

    def message(self, member: Row) -> Message:
        """Return the mail for one member.

        Raises:
            ContentError: if a slot cannot be filled for this person.
        """
        links = self._links(member)
        rendered = self._fill.render(self._values(member, links))
        sender = self._context.sender
        return Message(
            ref=self._context.reference(member["id"]),
            date=self._now,
            to=member["email"],
            to_name=member["name"],
            from_email=sender.email,
            from_name=sender.name,
            reply_to=sender.reply_to,
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            headers=self._headers(links),
            stream="transactional" if self._content.kind == Kind.NOTICE else "bulk",
        )

    def _links(self, member: Row) -> dict[str, str]:
        if member["link_id"] is None:
            return {}
        token = self._context.links.token(member["link_id"])
        return {
            "leave": self._context.links.leave(token),
            "progress": self._context.links.progress(token),
        }

    def _headers(self, links: Mapping[str, str]) -> dict[str, str]:
        """Return the list headers of a lesson or issue (RFC 2369, 2919, 8058)."""
        if self._content.kind == Kind.NOTICE:
            return {"Auto-Submitted": "auto-generated"}  # RFC 3834: no vacation replies
        return {
            "List-Id": self._list_id,
            "List-Unsubscribe": f"<{links['leave']}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }

    def _values(self, member: Row, links: Mapping[str, str]) -> Values:
        own = _zone_of(member, self._shape)
        subscriber = {
            **(member["attributes"] or {}),
            "name": member["name"],
            "email": member["email"],
            "time_zone": own.key,
            "since": date_text(member["since"].astimezone(own)) if member["since"] else "",
        }
        return {"subscriber": subscriber, "links": links, "next": self._next(member, own)}

    def _next(self, member: Row, own: ZoneInfo) -> dict[str, str]:
        """Return what the mail says of the next lesson; empty after the last one."""
        if self._shape is None or self._content.kind != Kind.LESSON:
            return {}
        key = (own.key, member["hour"], member["pace"] or "")
        if key not in self._nexts:
            self._nexts[key] = _next_of(
                self._shape, self._content.item, own, *key[1:], now=self._now
            )
        return self._nexts[key]


@lru_cache(maxsize=64)
def _filler(stored: bytes) -> tuple[Personaliser, Content]:
    """Return a stored content ready to be filled; its templates are compiled once."""
    content = load(stored)
    return Personaliser(content), content


def _next_of(
    shape: Shape, lesson: str, own: ZoneInfo, hour: str, pace: str, *, now: datetime
) -> dict[str, str]:
    """Return the next lesson's title and time; empty texts after the last one."""
    step = following(shape, lesson, now.astimezone(own))
    if step is None:
        return {"title": "", "when": "", "date": ""}
    run = Run(
        zone=own,
        own_hour=time.fromisoformat(hour) if hour else None,
        started_at=now,
        hint=now,
        had={lesson: now},
        pace=parse_pace(pace),
    )
    at = predict(shape, step, run, accepted=now).astimezone(own)
    return {
        "title": step.title,
        "when": when_text(at, now.astimezone(own)),
        "date": f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}",
    }


def following(shape: Shape, lesson: str, local: datetime) -> Step | None:
    """Return the step after ``lesson``."""
    place = next((i for i, step in enumerate(shape.steps) if step.lesson == lesson), -1)
    had = {step.lesson for step in shape.steps[: place + 1]} | {lesson}
    return shape.next_step(dict.fromkeys(had), local.date())


def when_text(at: datetime, now: datetime) -> str:
    """Return "Tuesday at 09:00", with the date where a weekday alone could be misread."""
    hour = f"{at:%H:%M}"
    if at.date() == now.date():
        return f"today at {hour}"
    if (at.date() - now.date()).days <= _SAME_WEEK_DAYS:
        return f"{_DAYS[at.weekday()]} at {hour}"
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} at {hour}"


def date_text(local: datetime) -> str:
    """Return "23 November 2026"."""
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"


def list_id(content: Content, sender_email: str) -> str:
    """Return ``<collection.domain>``: stable, whatever the title becomes (RFC 2919)."""
    label = content.collection.encode("ascii", "ignore").decode().replace("_", "-") or "list"
    return f"<{label}.{sender_email.rpartition('@')[2]}>"


def _zone_of(member: Row, shape: Shape | None) -> ZoneInfo:
    return zone(member["time_zone"] or (shape.time_zone if shape else "UTC"))
