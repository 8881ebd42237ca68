"""What a notice answers, and what it can say of that: one small table of requests.

A request is ``kind:number``, with more behind another colon where the same may be asked for again.
Its values are looked up when the mail is made. Nothing that an unconfirmed person typed is among
them: a form that mails strangers must not carry words of whoever fills it in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bypost.delivery.context import Context
from bypost.store import Connection, Row, contents, enrollments, notices, signups, subscriptions

#: What a fresh link is for: title, what was asked for, button.
FRESH = {
    "address": ("Change your address", "change the address your mails go to", "Change my address"),
    "export": ("Everything we keep about you", "get everything we keep about you", "Get my data"),
    "erase": ("Erase everything about you", "erase everything we keep about you", "Erase me"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a notice can say.

    Attributes:
        values: ``root.name`` -> text, for ``about`` and further ``links``.
        token: Names what it is about in the usual links; empty for none.
        named: Whether the person is known, so that the mail may call them by their name.
    """

    values: Mapping[str, str]
    token: str = ""
    named: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Where values are looked up."""

    context: Context
    connection: Connection
    now: datetime


def left_course(enrollment_id: int) -> str:
    """Return the request of a goodbye to a course."""
    return f"left:{enrollment_id}"


def left_newsletter(subscription_id: int, at: datetime) -> str:
    """Return the request of a goodbye to a newsletter, which can be left more than once."""
    return f"left-newsletter:{subscription_id}:{at:%Y%m%dT%H%M%S}"


def fresh(purpose: str, subscriber_id: int, at: datetime) -> str:
    """Return the request of a link that works for half an hour; one a minute at most.

    Raises:
        KeyError: for a purpose there is no mail for.
    """
    FRESH[purpose]
    return f"fresh:{subscriber_id}:{purpose}:{at:%Y%m%dT%H%M}"


def why_not(connection: Connection, request: str, now: datetime) -> str:
    """Return why a notice is not worth sending any more; empty if nothing stands against it."""
    if not request.startswith(signups.REQUEST):
        return ""
    row = signups.by_id(connection, _number(request))
    if row is None:
        return "the request was removed: nobody confirmed it in time"
    if row["confirmed_at"] is not None:
        return "the request is confirmed already"
    return "the link has expired" if row["expires_at"] <= now else ""


def answer(look: Look, request: str) -> Answer | None:
    """Return what a notice can say of its request; None where that is gone, or not known."""
    find = _KINDS.get(request.partition(":")[0])
    return find(look, request) if find else None


def _signup(look: Look, request: str) -> Answer | None:
    row = signups.by_id(look.connection, _number(request))
    if row is None:
        return None
    links = look.context.links
    link = links.confirm(links.token(row["link_id"]))
    courses = [row["course"]] if row["course"] else []
    return Answer(
        values={
            "about.title": _title(look, courses, row["newsletters"]),
            "about.action": "Confirm",
            "about.link": link,
            "links.confirm": link,
        },
        named=False,
    )


def _left_course(look: Look, request: str) -> Answer | None:
    row = enrollments.by_id(look.connection, _number(request))
    return _left(look, row, _title(look, [row["course"]], [])) if row is not None else None


def _left_newsletter(look: Look, request: str) -> Answer | None:
    row = subscriptions.by_id(look.connection, _number(request))
    return _left(look, row, _title(look, [], [row["newsletter"]])) if row is not None else None


def _left(look: Look, row: Row, title: str) -> Answer:
    links = look.context.links
    token = links.token(row["link_id"])
    values = {"about.title": title, "about.action": "Open my page"}
    return Answer(values={**values, "about.link": links.progress(token)}, token=token)


def _fresh(look: Look, request: str) -> Answer | None:
    purpose = request.split(":")[2]
    title, what, action = FRESH[purpose]
    text = (
        f"You asked on your page to {what}. The link works for half an hour; after that, ask "
        "again. If it was not you, do nothing, and nothing happens."
    )
    link = look.context.links.fresh(purpose, _number(request), look.now)
    return Answer(
        values={
            "about.title": title,
            "about.text": text,
            "about.link": link,
            "about.action": action,
        }
    )


_KINDS: Mapping[str, Callable[[Look, str], Answer | None]] = {
    "signup": _signup,
    "left": _left_course,
    "left-newsletter": _left_newsletter,
    "fresh": _fresh,
}


def _number(request: str) -> int:
    return int(request.split(":")[1])


def _title(look: Look, courses: list[str], newsletters: list[str]) -> str:
    """Return what these are called, by their authors."""
    applied = contents.applied(look.connection)
    known = notices.newsletter_titles(look.connection)
    titles = [applied[name]["title"] if name in applied else name for name in courses]
    return " and ".join([*titles, *(known.get(name, name) for name in newsletters)])
