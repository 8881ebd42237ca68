"""How a finished message is built: its plain text, the order of its parts, its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes

from selectolax.lexbor import LexborNode

from bypost.check import envelope
from bypost.check.finding import Finding, Level
from bypost.check.frame import Letter, judged, letters
from bypost.check.page import Page
from bypost.check.rule import Rule
from bypost.check.sample import Sample, Whole
from bypost.model.course import Kind

#: Octets of a line without its end (RFC 5322, 2.1.1).
LONGEST_LINE = 998
#: How much the plain text may say of what the HTML says, by letters, links apart.
LEAST, MOST = 0.5, 2.0

TEXT_PART = Rule(
    id="text-part",
    level=Level.ERROR,
    title="A plain text that is not the mail",
    why="Watches, screen readers, text-only programs and filters read the plain text. It has to "
    f"say the same: {LEAST} to {MOST:g} times the letters of the HTML, every link of it, and the "
    "way out. It is made from the same Markdown, so what is missing is missing in the template.",
    fix="Give the `.txt` template `{{ body }}` and `{{ links.leave }}`.",
    source="RFC 2046, 5.1.4: each part is an alternative to the other, with the same content",
    bad="Open this mail in your browser: {{ links.progress }}",
    good="{{ heading }}\n\n{{ body }}\n\nLeave this course:\n{{ links.leave }}",
)
MIME_ORDER = Rule(
    id="mime-order",
    level=Level.ERROR,
    title="A message whose parts are not in order",
    why="A mail program shows the last part that it understands, so the plain text comes first and "
    "the HTML after it, both as UTF-8. With one of them missing, or a header that no provider "
    "takes, the mail is not what you see in the preview.",
    fix="Look for a template that comes out empty, and at the sender in bypost.toml.",
    source="RFC 2046, 5.1.4; RFC 5322, 2.2",
    bad="An empty lesson.txt, which leaves the HTML alone.",
    good="lesson.mjml and lesson.txt, both with the body.",
)
LINE_LENGTH = Rule(
    id="line-length",
    level=Level.WARNING,
    title="A line of plain text that is too long to travel",
    why=f"A line of a mail has at most {LONGEST_LINE} octets. Text is wrapped, but an address is "
    "one word and cannot be. Where a provider does not encode the text, a longer line is cut by "
    "a server on the way, and the link is broken.",
    fix="Link to a shorter address. A picture inside an address (`data:`) does not work in mail.",
    source="RFC 5322, 2.1.1; RFC 5321, 4.5.3.1.6",
    bad="[The form](https://example.org/form?answers=...a thousand letters...)",
    good="[The form](https://example.org/form)",
)

RULES = (TEXT_PART, MIME_ORDER, LINE_LENGTH)

_URL = re.compile(r"\b(?:https?|mailto|tel):\S+")
_KINDS = ["text/plain", "text/html"]
_ALL = (Kind.LESSON, Kind.ISSUE, Kind.NOTICE)
#: Parts of a page that nobody sees: the preheader before the mail begins.
_UNSEEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)


def text_part(whole: Whole) -> Iterator[Finding]:
    """The plain text beside the HTML of every mail."""
    fix = "give the template `{{ body }}`, and lessons and issues `{{ links.leave }}`"
    yield from judged(TEXT_PART, list(letters(whole, *_ALL)), _text, ending="txt", fix=fix)


def mime_order(whole: Whole) -> Iterator[Finding]:
    """The parts of every message, as it would travel."""
    fix = "look for a template that comes out empty, and at the sender in bypost.toml"
    yield from judged(MIME_ORDER, list(letters(whole, *_ALL)), _order, ending="mjml", fix=fix)


def line_length(sample: Sample) -> Iterator[Finding]:
    """The longest line of a mail's plain text."""
    lines = (line for it in sample.readings for line in it.mail.text.splitlines())
    longest = max((len(line.encode()) for line in lines), default=0)
    if longest <= LONGEST_LINE:
        return
    page = sample.page
    links = page.find("a[href]") if page else []
    longest_link = max(links, key=lambda it: len(_address(it)), default=None)
    yield sample.finding(
        LINE_LENGTH,
        f"a line of the plain text has {longest:,} octets; {LONGEST_LINE} can travel",
        "link to a shorter address",
        line=page.line(longest_link) if page and longest_link else None,
    )


def _text(mail: Letter) -> str:
    text = mail.mail.text
    if not text.strip():
        return "the plain text is empty"
    if mail.sample.kind is not Kind.NOTICE and mail.leave not in text:
        return "the plain text has no link with which to leave"
    html = _letters(_visible(mail.page()))
    share = _letters(_URL.sub(" ", text)) / html if html else 1.0
    if not LEAST <= share <= MOST:
        return f"the plain text says {share:.1f} times as much as the HTML"
    lost = [link for link in _links(mail) if link not in text]
    return f"the plain text lacks a link of the HTML: {lost[0]}" if lost else ""


def _links(mail: Letter) -> Iterator[str]:
    """Yield where the author's links lead, as they stand in the text of the same persona."""
    page = mail.sample.page
    for link in page.find("a[href]") if page else ():
        if page and page.line(link) is not None and not _address(link).startswith("#"):
            yield _address(link).removeprefix("mailto:")


def _visible(page: Page) -> str:
    body = page.tree.body
    if body is None:
        return ""
    for node in page.find("[style]"):
        if _UNSEEN.search((node.attributes or {}).get("style") or ""):
            node.decompose()
    return body.text(separator=" ")


def _letters(text: str) -> int:
    return sum(sign.isalnum() for sign in text)


def _order(mail: Letter) -> str:
    try:
        raw = envelope.raw(mail.mail)
    except ValueError as error:
        return f"no provider would take this mail: {error}"
    if max(map(len, raw.split(b"\r\n"))) > LONGEST_LINE:
        return f"a line of the message is longer than {LONGEST_LINE} octets"
    message = message_from_bytes(raw)
    parts = [part for part in message.walk() if not part.is_multipart()]
    kinds = [part.get_content_type() for part in parts]
    if message.get_content_type() != "multipart/alternative" or kinds != _KINDS:
        return f"the mail is made of {' and '.join(kinds)}, not of {' and '.join(_KINDS)}"
    others = {str(part.get_content_charset()) for part in parts} - {"utf-8"}
    return f"a part of the mail is in {min(others)}, not in UTF-8" if others else ""


def _address(link: LexborNode) -> str:
    return (link.attributes or {}).get("href") or ""


SAMPLE_CHECKS = (line_length,)
PROJECT_CHECKS = (text_part, mime_order)
