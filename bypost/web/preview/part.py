"""The parts of a mail that are read rather than looked at: text, HTML, MJML, the whole message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bypost.content.personas import Persona
from bypost.errors import ContentError
from bypost.model.course import Course, Newsletter
from bypost.web.preview.session import Session
from bypost.web.preview.shelf import Entry
from bypost.web.preview.source import Line, lines_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one view shows.

    Attributes:
        text: As it is.
        size: Bytes of it in UTF-8.
        data: The same as it travels.
        headers: Names and values, of a message.
        lines: Of a file.
        complaint: Why there is none.
    """

    text: str = ""
    size: int = 0
    data: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    lines: tuple[Line, ...] = ()
    complaint: str = ""


def part_of(
    session: Session, entry: Entry, persona: Persona, at: datetime, view: str
) -> Part | None:
    """Return what ``view`` shows of a mail; None for the mail itself, which needs frames."""
    if view == "mail":
        return None
    try:
        if view == "markdown":
            return Part(lines=tuple(lines_of(session.root, entry.path) or ()))
        if view == "mjml":
            return _whole(session.mjml(entry))
        if view == "message":
            return _message(session, entry, persona, at)
        if view == "text" and (mail := session.picture(entry, persona, at).mail):
            return _whole(mail.text)  # the last good one while the file is broken
        return _whole(session.rendered(entry, persona, at).html)
    except ContentError as error:
        return Part(complaint=str(error))


def _whole(text: str) -> Part:
    data = text.encode()
    return Part(text=text, size=len(data), data=data)


def _message(session: Session, entry: Entry, persona: Persona, at: datetime) -> Part:
    from bypost.check import envelope
    from bypost.check.sample import Reading, Sample, Surroundings

    item, series, state = entry.item, entry.series, session.state
    if item is None:
        return Part(complaint=f"{entry.path} cannot be read")
    mail = session.rendered(entry, persona, at)
    sample = Sample(
        around=Surroundings(
            root=state.root, sender=state.sender, base_url=state.settings.site.base_url, now=at
        ),
        kind=entry.kind,
        item=item,
        series=series if isinstance(series, Course | Newsletter) else None,
        subject=item.subject,
        preheader=item.preheader,
        source=item.source,
        content=session.content(entry),
        marked=session.content(entry, lines=True),
        readings=(),
        page=None,
    )
    message = envelope.message(sample, Reading(persona, mail))
    try:
        data = envelope.raw(message)
    except ValueError as error:
        return Part(complaint=str(error))
    head, _, _ = data.partition(b"\r\n\r\n")
    return Part(
        text=data.decode("utf-8", "replace"), size=len(data), data=data, headers=_headers(head)
    )


def _headers(head: bytes) -> tuple[tuple[str, str], ...]:
    from email import message_from_bytes, policy

    parsed = message_from_bytes(head + b"\r\n\r\n", policy=policy.default)
    return tuple((name, str(value)) for name, value in parsed.items())
