"""From a stored content and a member to a finished message: values, headers, addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bypost.delivery.due import Run, parse_pace
from bypost.delivery.next_lesson import date_text, in_order, is_in_order, next_of
from bypost.delivery.recipe import Facts, Shared
from bypost.delivery.shape import Shape
from bypost.delivery.zones import zone
from bypost.errors import ContentError, Problem
from bypost.links import Links
from bypost.model.bulk import Bulk, Part, Person
from bypost.model.content import Content, Values
from bypost.model.course import Kind, Sender
from bypost.model.message import Message
from bypost.render.personalise import Personaliser, Rendered, header
from bypost.render.stored import load

# A check composes mails without a database; it need not load what talks to one.
if TYPE_CHECKING:
    from bypost.delivery.answers import Answer
    from bypost.delivery.context import Context
    from bypost.store import Row

#: Names under ``subscriber`` that every mail's facts hold by themselves.
_IN_FACTS = {"name", "email"}


class Composer:
    """Makes the messages of one batch.

    Args:
        stored: The content that the batch carries, as the store keeps it.
        shape: The course, for a lesson; None otherwise.
        now: The instant of the request, from which "the next lesson" is told.
        answers: Delivery -> what its notice can say; nothing for a lesson or an issue.
        firsts: Copy that somebody asked for -> the facts of the mail as it first came.
        runs: Enrollment -> its way through the course, where that need not be in order
            (:func:`needs_runs`).

    Attributes:
        shared: What all messages of the batch have in common, for its recipe.
    """

    def __init__(
        self,
        context: Context,
        stored: bytes,
        shape: Shape | None,
        now: datetime,
        answers: Mapping[int, Answer] | None = None,
        firsts: Mapping[int, Facts] | None = None,
        runs: Mapping[int, Run] | None = None,
    ) -> None:
        self._context = context
        self._answers = answers or {}
        self._firsts = firsts or {}
        self._runs = runs or {}
        self._fill, self._content = _filler(stored)
        self._shape = shape
        self._now = now
        #: What is said of the next lesson, by the clock and rhythm that people share.
        self._nexts: dict[tuple[object, ...], dict[str, str]] = {}
        self._needs = [name.split(".", 1) for name in self._content.needs]
        self.shared = shared(self._content, sender=context.sender, links=context.links, now=now)

    def facts(self, member: Row) -> Facts:
        """Return what makes the mail of one member their own.

        Raises:
            ContentError: if what a notice answers is gone.
        """
        if self._content.kind == Kind.NOTICE:
            return self._notice_facts(member)
        token = "" if member["link_id"] is None else self._context.links.token(member["link_id"])
        if first := self._firsts.get(member["id"]):
            return replace(first, to=member["email"], to_name=member["name"], token=token)
        return Facts(
            to=member["email"],
            to_name=member["name"],
            token=token,
            values=dict(self._values(member)),
        )

    def person(self, delivery_id: int, facts: Facts) -> Person:
        """Return one recipient of :meth:`bulk`.

        Raises:
            ContentError: if a slot cannot be filled for this person.
        """
        ref = self._context.reference(delivery_id)
        return person(self._fill, self._content, self.shared, facts, ref)

    def bulk(self, people: Sequence[Person]) -> Bulk:
        """Return the mails of these people: those that :func:`rebuild` gives, to the letter."""
        return bulk(self._fill, self._content, self.shared, people)

    def _notice_facts(self, member: Row) -> Facts:
        """Return the facts of a notice; nobody is named on the word of an unconfirmed person."""
        answer = self._answers.get(member["id"])
        if answer is None:
            fix = "nothing is sent; it can be asked for again"
            raise ContentError(Problem(member["request"], None, "this request is gone", fix))
        known = answer.named and member["person_status"] == "confirmed"
        about = {".".join(name): "" for name in self._needs if name[0] == "about"}
        return Facts(
            to=answer.to or member["email"],
            to_name=member["name"] if known else "",
            token=answer.token,
            values={**(dict(self._values(member)) if known else {}), **about, **answer.values},
        )

    def _values(self, member: Row) -> Iterator[tuple[str, str]]:
        """Yield the values of the names that the slots use, as far as this person has them."""
        own = _zone_of(member, self._shape)
        for root, name in self._needs:
            if root == "subscriber" and name not in _IN_FACTS:
                value = _of_subscriber(member, name, own)
            elif root == "links":
                value = self._link(member, name)
            elif root == "next":
                value = self._next(member, own).get(name)
            else:
                continue
            if value is not None:
                yield f"{root}.{name}", value

    def _link(self, member: Row, name: str) -> str | None:
        """Return a link that is made for each mail; the others follow from the person's token."""
        links, link_id = self._context.links, member["link_id"]
        if link_id is None:
            return None
        if name == "click":
            return links.click(link_id)
        return links.done(links.token(link_id), self._content.item) if name == "done" else None

    def _next(self, member: Row, own: ZoneInfo) -> dict[str, str]:
        """Return what the mail says of the next lesson; empty after the last one."""
        if self._shape is None or self._content.kind != Kind.LESSON:
            return {}
        known = self._runs.get(member["enrollment_id"])
        place = (frozenset(known.had), known.begins_with, known.finished) if known else None
        key = (own.key, member["hour"], member["pace"] or "", member["counts_from"], place)
        if key not in self._nexts:
            run = known or in_order(self._shape, self._content.item, self._run(member, own))
            self._nexts[key] = next_of(self._shape, self._content.item, run, self._now)
        return self._nexts[key]

    def _run(self, member: Row, own: ZoneInfo) -> Run:
        """Return what a batch knows of one member's way through the course."""
        return Run(
            zone=own,
            own_hour=time.fromisoformat(member["hour"]) if member["hour"] else None,
            started_at=self._now,
            hint=self._now,
            had={},
            pace=parse_pace(member["pace"] or ""),
            counts_from=member["counts_from"],
        )


def needs_runs(stored: bytes, shape: Shape | None) -> bool:
    """Tell whether a mail speaks of the lesson after it, and the course does not say which."""
    if shape is None or is_in_order(shape):
        return False
    return any(name.startswith("next.") for name in _filler(stored)[1].needs)


def person(fill: Personaliser, content: Content, shared: Shared, facts: Facts, ref: str) -> Person:
    """Return one recipient of :func:`bulk`: the values of the slots, then of the headers."""
    links = _links(shared, facts.token)
    headers = _headers(content.kind, shared, links)
    values = (*fill.texts(_filled(facts, links)), *headers.values())
    return Person(ref, facts.to, facts.to_name, values)


def bulk(fill: Personaliser, content: Content, shared: Shared, people: Sequence[Person]) -> Bulk:
    """Return one mail for many: that of :func:`rebuild` for each of them, to the letter."""
    subject, html, text = fill.parts()
    names = list(_headers(content.kind, shared, _links(shared, "-")))
    width = max((slot + 1 for part in (subject, html, text) for slot in part.slots), default=0)
    subject, people = _headed(subject, people)
    return Bulk(
        date=shared.at,
        from_email=shared.from_email,
        from_name=shared.from_name,
        reply_to=shared.reply_to,
        stream=_stream(content.kind),
        subject=subject,
        html=html,
        text=text,
        headers={name: Part(("", ""), (width + place,)) for place, name in enumerate(names)},
        people=people,
    )


def _headed(subject: Part, people: Sequence[Person]) -> tuple[Part, Sequence[Person]]:
    """Make of each person's subject what a header can carry.

    Where that is more than filling slots, the whole subject is a value.
    """
    if subject.is_constant:
        return Part((header(subject.texts[0]),)), people
    filled = [subject.fill(person.values) for person in people]
    headed = [header(text) for text in filled]
    if filled == headed:
        return subject, people
    width = len(people[0].values)
    whole = [
        replace(person, values=(*person.values, text))
        for person, text in zip(people, headed, strict=True)
    ]
    return Part(("", ""), (width,)), whole


def rebuild(stored: bytes, shared: Shared, facts: Facts, ref: str) -> Message:
    """Return a mail as it was handed over, from its content and its part of the recipe."""
    return _message(*_filler(stored), shared, facts, ref)


def _message(
    fill: Personaliser, content: Content, shared: Shared, facts: Facts, ref: str
) -> Message:
    """Return a finished mail: a pure function, so that it can be made again at any time."""
    rendered = fill.render(_filled(facts, _links(shared, facts.token)))
    return finished(content.kind, rendered, shared, facts, ref)


def finished(kind: Kind, rendered: Rendered, shared: Shared, facts: Facts, ref: str) -> Message:
    """Return a rendered mail with its addresses and headers, ready for a provider."""
    return Message(
        ref=ref,
        date=shared.at,
        to=facts.to,
        to_name=facts.to_name,
        from_email=shared.from_email,
        from_name=shared.from_name,
        reply_to=shared.reply_to,
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        headers=_headers(kind, shared, _links(shared, facts.token)),
        stream=_stream(kind),
    )


def _stream(kind: Kind) -> str:
    return "transactional" if kind == Kind.NOTICE else "bulk"


def shared(content: Content, *, sender: Sender, links: Links, now: datetime) -> Shared:
    """Return what all mails of one content have in common when they leave at ``now``."""
    return Shared(
        at=now,
        from_email=sender.email,
        from_name=sender.name,
        reply_to=sender.reply_to,
        leave=links.leave(""),
        progress=links.progress(""),
        list_id="" if content.kind == Kind.NOTICE else list_id(content, sender.email),
    )


def _of_subscriber(member: Row, name: str, own: ZoneInfo) -> str | None:
    """Return what a person has under a name; None for nothing."""
    if name == "time_zone":
        return own.key
    if name == "since":
        return date_text(member["since"].astimezone(own)) if member["since"] else ""
    value: str | None = (member["attributes"] or {}).get(name)
    return value


def _filled(facts: Facts, links: Mapping[str, str]) -> Values:
    """Return the values by root, as slots are filled from them."""
    roots: dict[str, dict[str, str]] = {"subscriber": {}, "next": {}}
    for key, value in facts.values.items():
        root, _, name = key.partition(".")
        roots.setdefault(root, {})[name] = value
    roots["subscriber"] |= {"name": facts.to_name, "email": facts.to}
    return {**roots, "links": {**links, **roots.get("links", {})}}


def _links(shared: Shared, token: str) -> dict[str, str]:
    if not token:
        return {}
    return {"leave": shared.leave + token, "progress": shared.progress + token}


def _headers(kind: Kind, shared: Shared, links: Mapping[str, str]) -> dict[str, str]:
    """Return the list headers of a lesson or issue (RFC 2369, 2919, 8058)."""
    if kind == Kind.NOTICE:
        return {"Auto-Submitted": "auto-generated"}  # RFC 3834: no vacation replies
    return {
        "List-Id": shared.list_id,
        "List-Unsubscribe": f"<{links['leave']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


@lru_cache(maxsize=64)
def _filler(stored: bytes) -> tuple[Personaliser, Content]:
    """Return a stored content ready to be filled; its templates are compiled once."""
    content = load(stored)
    return Personaliser(content), content


def list_id(content: Content, sender_email: str) -> str:
    """Return ``<collection.domain>``: stable, whatever the title becomes (RFC 2919)."""
    label = content.collection.encode("ascii", "ignore").decode().replace("_", "-") or "list"
    return f"<{label}.{sender_email.rpartition('@')[2]}>"


def _zone_of(member: Row, shape: Shape | None) -> ZoneInfo:
    return zone(member["time_zone"], shape.time_zone if shape else "")
