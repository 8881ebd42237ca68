"""From a stored content and a member to a finished message: values, headers, addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bypost.delivery import mailing
from bypost.delivery.due import Run, parse_pace
from bypost.delivery.mailing import headers_of, links_of, stream_of
from bypost.delivery.next_lesson import date_text, in_order, is_in_order, next_of
from bypost.delivery.recipe import Facts, Roll, Shared
from bypost.delivery.shape import Shape
from bypost.delivery.zones import zone
from bypost.errors import ContentError, Problem
from bypost.links import Links
from bypost.model.bulk import Bulk, Column
from bypost.model.content import Content, Values
from bypost.model.course import Kind, Sender
from bypost.model.message import Message
from bypost.render.personalise import Personaliser, Rendered
from bypost.render.stored import load

# A check composes mails without a database; it need not load what talks to one.
if TYPE_CHECKING:
    from bypost.delivery.answers import Answer
    from bypost.delivery.context import Context
    from bypost.store.batch_members import Member

#: Names that every mail's facts hold by themselves.
_IN_FACTS = {
    ("subscriber", "name"),
    ("subscriber", "email"),
    ("links", "leave"),
    ("links", "progress"),
}


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
        #: When people began, in words, by instant and zone.
        self._dates: dict[tuple[datetime | None, str], str] = {}
        self._needs = [_split(name) for name in self._content.needs]
        self.shared = shared(self._content, sender=context.sender, links=context.links, now=now)

    def roll(self, members: Sequence[Member]) -> tuple[Roll, dict[int, str]]:
        """Return what makes each member's mail their own, and for whom there is none, with why."""
        refused: dict[int, str] = {}
        if self._content.kind != Kind.NOTICE and not self._firsts:
            return self._columns(members), refused
        people: dict[int, Facts] = {}
        for member in members:
            try:
                people[member.id] = self._facts(member)
            except ContentError as error:
                refused[member.id] = str(error)
        return Roll.of(people), refused

    def bulk(self, roll: Roll) -> Bulk:
        """Return the mails of these people: those that :func:`rebuild` gives, to the letter.

        Raises:
            ContentError: if a slot cannot be filled for somebody.
        """
        refs = [self._context.reference(number) for number in roll.ids]
        return mailing.bulk(self._fill, self._content, self.shared, roll, refs)

    def _columns(self, members: Sequence[Member]) -> Roll:
        """Return the facts of people on a course or newsletter."""
        pairs = [(member, _zone_of(member, self._shape)) for member in members]
        token = self._context.links.token
        return Roll(
            ids=[member.id for member in members],
            to=[member.email or "" for member in members],
            to_name=[member.name for member in members],
            token=[token(member.link_id) if member.link_id else "" for member in members],
            values={
                f"{root}.{name}": [self._value(root, name, *pair) for pair in pairs]
                for root, name in self._needs
                if (root, name) not in _IN_FACTS
            },
        )

    def _facts(self, member: Member) -> Facts:
        """Return the facts of a notice, or of a copy that somebody asked for.

        Raises:
            ContentError: if what a notice answers is gone.
        """
        if self._content.kind == Kind.NOTICE:
            return self._notice_facts(member)
        token = "" if member.link_id is None else self._context.links.token(member.link_id)
        to = member.email or ""
        if first := self._firsts.get(member.id):
            return replace(first, to=to, to_name=member.name, token=token)
        return Facts(to=to, to_name=member.name, token=token, values=self._of_person(member))

    def _notice_facts(self, member: Member) -> Facts:
        """Return the facts of a notice; nobody is named on the word of an unconfirmed person."""
        answer = self._answers.get(member.id)
        if answer is None:
            fix = "nothing is sent; it can be asked for again"
            raise ContentError(Problem(member.request, None, "this request is gone", fix))
        known = answer.named and member.person_status == "confirmed"
        about = {f"about.{name}": "" for root, name in self._needs if root == "about"}
        return Facts(
            to=answer.to or member.email or "",
            to_name=member.name if known else "",
            token=answer.token,
            values={**(self._of_person(member) if known else {}), **about, **answer.values},
        )

    def _of_person(self, member: Member) -> dict[str, str]:
        return dict(self._values(member, _zone_of(member, self._shape)))

    def _values(self, member: Member, own: ZoneInfo) -> Iterator[tuple[str, str]]:
        """Yield the values of the names that the slots use, as far as this person has them."""
        for root, name in self._needs:
            value = None if (root, name) in _IN_FACTS else self._value(root, name, member, own)
            if value is not None:
                yield f"{root}.{name}", value

    def _value(self, root: str, name: str, member: Member, own: ZoneInfo) -> str | None:
        """Return what a person has under a name; None for nothing."""
        if root == "next":
            return self._next(member, own).get(name)
        if root == "subscriber":
            return self._of_subscriber(member, name, own)
        return self._link(member, name) if root == "links" else None

    def _link(self, member: Member, name: str) -> str | None:
        """Return a link that is made for each mail; the others follow from the person's token."""
        links, link_id = self._context.links, member.link_id
        if link_id is None:
            return None
        if name == "click":
            return links.click(link_id)
        return links.done(links.token(link_id), self._content.item) if name == "done" else None

    def _of_subscriber(self, member: Member, name: str, own: ZoneInfo) -> str | None:
        """Return what the database has of a person under a name; None for nothing."""
        if name == "time_zone":
            return own.key
        if name != "since":
            return (member.attributes or {}).get(name)
        key = (member.since, own.key)
        if key not in self._dates:
            self._dates[key] = date_text(member.since.astimezone(own)) if member.since else ""
        return self._dates[key]

    def _next(self, member: Member, own: ZoneInfo) -> dict[str, str]:
        """Return what the mail says of the next lesson; empty after the last one."""
        if self._shape is None or self._content.kind != Kind.LESSON:
            return {}
        known = self._runs.get(member.enrollment_id) if member.enrollment_id else None
        place = (frozenset(known.had), known.begins_with, known.finished) if known else None
        key = (own.key, member.hour, member.pace or "", member.counts_from, place)
        if key not in self._nexts:
            run = known or in_order(self._shape, self._content.item, self._run(member, own))
            self._nexts[key] = next_of(self._shape, self._content.item, run, self._now)
        return self._nexts[key]

    def _run(self, member: Member, own: ZoneInfo) -> Run:
        """Return what a batch knows of one member's way through the course."""
        return Run(
            zone=own,
            own_hour=time.fromisoformat(member.hour) if member.hour else None,
            started_at=self._now,
            hint=self._now,
            had={},
            pace=parse_pace(member.pace or ""),
            counts_from=member.counts_from,
        )


def needs_runs(stored: bytes, shape: Shape | None) -> bool:
    """Tell whether a mail speaks of the lesson after it, and the course does not say which."""
    if shape is None or is_in_order(shape):
        return False
    return any(name.startswith("next.") for name in _filler(stored)[1].needs)


def rebuild(stored: bytes, shared: Shared, facts: Facts, ref: str) -> Message:
    """Return a mail as it was handed over, from its content and its part of the recipe."""
    return _message(*_filler(stored), shared, facts, ref)


def _message(
    fill: Personaliser, content: Content, shared: Shared, facts: Facts, ref: str
) -> Message:
    """Return a finished mail: a pure function, so that it can be made again at any time."""
    rendered = fill.render(_filled(facts, _of_one(links_of(shared, [facts.token]))))
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
        headers=_of_one(headers_of(kind, shared, [facts.token])),
        stream=stream_of(kind),
    )


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


def _filled(facts: Facts, links: Mapping[str, str]) -> Values:
    """Return the values by root, as slots are filled from them."""
    roots: dict[str, dict[str, str]] = {"subscriber": {}, "next": {}}
    for key, value in facts.values.items():
        root, _, name = key.partition(".")
        roots.setdefault(root, {})[name] = value
    roots["subscriber"] |= {"name": facts.to_name, "email": facts.to}
    return {**roots, "links": {**links, **roots.get("links", {})}}


def _split(name: str) -> tuple[str, str]:
    """Return root and name."""
    root, _, rest = name.partition(".")
    return root, rest


def _of_one(columns: Mapping[str, Column]) -> dict[str, str]:
    """Return what columns of one person hold."""
    texts = {name: column.text(0) for name, column in columns.items()}
    return {name: text for name, text in texts.items() if text is not None}


@lru_cache(maxsize=64)
def _filler(stored: bytes) -> tuple[Personaliser, Content]:
    """Return a stored content ready to be filled; its templates are compiled once."""
    content = load(stored)
    return Personaliser(content), content


def list_id(content: Content, sender_email: str) -> str:
    """Return ``<collection.domain>``: stable, whatever the title becomes (RFC 2919)."""
    label = content.collection.encode("ascii", "ignore").decode().replace("_", "-") or "list"
    return f"<{label}.{sender_email.rpartition('@')[2]}>"


def _zone_of(member: Member, shape: Shape | None) -> ZoneInfo:
    return zone(member.time_zone, shape.time_zone if shape else "")
