"""What a provider posted: objects of JSON, no field of which is sure to be there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from bypost.errors import Malformed
from bypost.model.event import EventKind
from bypost.providers.words import MAX_WORDS, one_line, without_addresses

#: Longest id of a message or an event that is kept.
MAX_ID = 120

_REF = re.compile(r"[A-Za-z0-9-]{1,40}")
#: An address, bare or as ``Name <address>``.
_MAILBOX = re.compile(r"(?:[^<>]*<)?\s*([^\s<>@]+@[^\s<>@]+?)\s*>?")
#: What receiving servers say of a mail they find too long: RFC 3463 X.2.3 and X.3.4, or words.
#: 552 alone would be a full mailbox as well.
_TOO_LARGE = re.compile(
    r"(?i)\b[45]\.(?:2\.3|3\.4)\b|message ?too ?(?:large|big|long)"
    r"|(?:size|length) exceed|exceeds? [\w ]{0,40}\b(?:size|length)\b|size limit"
)


class Payload:
    """Gives fields in the form they are wanted in, or nothing.

    Attributes:
        raw: Everything.
    """

    def __init__(self, body: bytes | Mapping[str, Any]) -> None:
        """Read ``body``; an object that was read before is taken as it is.

        Raises:
            Malformed: It is not an object of JSON, or nested too deeply to be written again.
        """
        raw = _read(body) if isinstance(body, bytes) else body
        if not isinstance(raw, dict):
            raise Malformed("the body is not an object of JSON")
        self.raw: Mapping[str, Any] = raw

    def field(self, *path: str) -> Any:
        """Return what stands at ``path``, or None."""
        found: Any = self.raw
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def text(self, *path: str) -> str:
        """Return the text or whole number at ``path`` as one line, at most 300 characters."""
        found = self.field(*path)
        if isinstance(found, bool) or not isinstance(found, (str, int)):
            return ""
        return one_line(str(found)[: 10 * MAX_WORDS])

    def instant(self, *path: str) -> datetime | None:
        """Return the instant at ``path`` in UTC; one without an offset is taken for UTC."""
        try:
            moment = datetime.fromisoformat(self.text(*path))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    def epoch(self, *path: str, per_second: int = 1) -> datetime | None:
        """Return the instant in UTC for a number of seconds since 1970, or of parts of one."""
        found = self.field(*path)
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            return None
        try:
            return datetime.fromtimestamp(found / per_second, UTC)
        except (ValueError, OverflowError, OSError):
            return None


def entries(body: bytes) -> Sequence[Payload]:
    """Return what is in an array of objects, or the one object there is.

    Raises:
        Malformed: It is neither, or an array of nothing.
    """
    raw = _read(body)
    return [Payload(raw)] if isinstance(raw, dict) else listed(raw)


def listed(found: object) -> Sequence[Payload]:
    """Return the objects in a list that was read before.

    Raises:
        Malformed: It is no list of objects, or an empty one.
    """
    if not isinstance(found, list) or not found:
        raise Malformed("there is no list of events in the body")
    return [Payload(one) for one in found]


def _read(body: bytes) -> Any:
    """Return what the JSON says; what is nested too deeply could not be written again."""
    try:
        raw = orjson.loads(body)
        orjson.dumps(raw)
    except (ValueError, TypeError):
        raise Malformed("the body is not JSON") from None
    return raw


def reference(text: object) -> str:
    """Return ``text`` where it can be a reference of ours, else nothing."""
    return text if isinstance(text, str) and _REF.fullmatch(text) else ""


def address(text: object) -> str:
    """Return the address in a recipient's field, else nothing."""
    if not isinstance(text, str) or len(text) > 2 * MAX_WORDS:
        return ""
    mailbox = _MAILBOX.fullmatch(text.strip())
    return mailbox.group(1) if mailbox else ""


def detail(*texts: str) -> str:
    """Return the first words there are; without addresses, which are erased elsewhere."""
    return one_line(without_addresses(next(filter(None, texts), "")))


def is_too_large(*texts: str) -> bool:
    """Tell whether a receiving server's words mean that the mail was too long for it."""
    return any(_TOO_LARGE.search(text) for text in texts)


def is_about_size(kind: EventKind, *texts: str) -> bool:
    """Tell whether a bounce for good is none of the address, but of this mail's size.

    For services that call every final refusal of a receiving server a bounce for good.
    """
    return kind is EventKind.BOUNCED and is_too_large(*texts)


def digest(body: bytes | Mapping[str, Any]) -> str:
    """Return an id for an event that came without one: the same content, the same id."""
    if not isinstance(body, bytes):
        body = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(body, digest_size=16).hexdigest()
