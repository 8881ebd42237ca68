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
from bypost.people.change_address import ASKED, MOVED
from bypost.store import (
    Connection,
    Row,
    address_changes,
    contents,
    enrollments,
    notices,
    signups,
    subscriptions,
)

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
        to: Where it goes; empty for the person's address.
    """

    values: Mapping[str, str]
    token: str = ""
    named: bool = True
    to: str = ""


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
    if request.startswith(f"{ASKED}:"):
        return _why_not_moving(connection, request, now)
    if not request.startswith(signups.REQUEST):
        return ""
    row = signups.by_id(connection, _number(request))
    if row is None:
        return "the request was removed: nobody confirmed it in time"
    if row["confirmed_at"] is not None:
        return "the request is confirmed already"
    return "the link has expired" if row["expires_at"] <= now else ""


def _why_not_moving(connection: Connection, request: str, now: datetime) -> str:
    wish = address_changes.by_id(connection, _number(request))
    if wish is None or wish["confirmed_at"] is not None:
        return "another address was asked for meanwhile, or this one is confirmed"
    return "the link has expired" if wish["expires_at"] <= now else ""


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


def _new_address(look: Look, request: str) -> Answer | None:
    """Return what is told to an address that nobody has confirmed: nothing of the person."""
    wish = address_changes.by_id(look.connection, _number(request))
    if wish is None:
        return None
    links = look.context.links
    return Answer(
        values={
            "about.title": "Your new address",
            "about.text": (
                "Somebody asked that their mails go to this address from now on. If it was you, "
                "press the button. If it was not you, do nothing, and nothing happens."
            ),
            "about.link": links.address(links.token(wish["link_id"])),
            "about.action": "Use this address",
        },
        named=False,
        to=wish["email"],
    )


def _old_address(look: Look, request: str) -> Answer | None:
    wish = address_changes.by_id(look.connection, _number(request))
    if wish is None or not wish["old_email"]:
        return None
    text = (
        "Your mails go to another address from now on, as you asked and confirmed there. Nothing "
        "more is sent to this one. If it was not you, answer this mail: a person reads it."
    )
    return Answer(
        values={"about.title": "Your address was changed", "about.text": text},
        to=wish["old_email"],
    )


_KINDS: Mapping[str, Callable[[Look, str], Answer | None]] = {
    "signup": _signup,
    "left": _left_course,
    "left-newsletter": _left_newsletter,
    "fresh": _fresh,
    ASKED: _new_address,
    MOVED: _old_address,
}


def _number(request: str) -> int:
    return int(request.split(":")[1])


def _title(look: Look, courses: list[str], newsletters: list[str]) -> str:
    """Return what these are called, by their authors."""
    applied = contents.applied(look.connection)
    known = notices.newsletter_titles(look.connection)
    titles = [applied[name]["title"] if name in applied else name for name in courses]
    return " and ".join([*titles, *(known.get(name, name) for name in newsletters)])
