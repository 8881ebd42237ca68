"""What no provider may be handed: texts that would break out of the header they belong in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bypost.model.bulk import Bulk, Part
from bypost.model.message import Message

# Line and paragraph separators count as line breaks to some of the programs behind a provider.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_REF = re.compile(r"[A-Za-z0-9-]{1,40}")
# Stricter than RFC 5322: a comma, a bracket or a space would make two recipients out of one.
_ADDRESS = re.compile(r"""[^\s@<>()\[\],;:"\\]+@[^\s@<>()\[\],;:"\\]+""")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,70}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")

#: Longest part of a header without a space: a line of a mail ends at 998 octets (RFC 5322 2.1.1).
MAX_WORD = 900

#: Headers that come from the fields of a message, or from the provider itself.
RESERVED = frozenset(
    {"from", "sender", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id"}
    | {"mime-version", "content-type", "content-transfer-encoding", "content-disposition"}
)


_NO_UNICODE = "the body is not valid Unicode"


@dataclass(frozen=True, slots=True)
class Weight:
    """How long a mail is, in bytes of UTF-8.

    Attributes:
        html: Its HTML.
        text: Its text.
        whole: Both, its subject and its further headers.
    """

    html: int
    text: int
    whole: int

    @classmethod
    def of(cls, message: Message) -> Weight:
        """Return the weight of a whole message."""
        return cls.around(message, _size(message.html), _size(message.text))

    @classmethod
    def around(cls, message: Message, html: int, text: int) -> Weight:
        """Return the weight of a message whose HTML and text are so long."""
        headers = sum(len(name) + len(value) + 4 for name, value in message.headers.items())
        return cls(html, text, html + text + headers + _size(message.subject))


def outlines(bulk: Bulk) -> Iterator[tuple[Message, Weight, str]]:
    """Return each mail of ``bulk`` without HTML and text, its weight, and what is wrong with these.

    What everybody gets is measured once.
    """
    bodies = (bulk.html, bulk.text)
    bare = replace(bulk, html=Part(("",)), text=Part(("",)))
    constant = [sum(map(_size, part.texts)) for part in bodies]
    spoilt = not all(_is_unicode(text) for part in bodies for text in part.texts)
    for index, person in enumerate(bulk.people):
        own = [[person.values[slot] for slot in part.slots] for part in bodies]
        sizes = [size + sum(map(_size, texts)) for size, texts in zip(constant, own, strict=True)]
        message = bare.message(index)
        bad = spoilt or not _is_unicode("".join(own[0] + own[1]))
        yield message, Weight.around(message, *sizes), _NO_UNICODE if bad else ""


def objection(message: Message) -> str:
    """Return why ``message`` may not be handed to any provider; empty when it may."""
    return _bad_field(message) or _bad_header(message)


def _bad_field(message: Message) -> str:
    if not _REF.fullmatch(message.ref):
        return f"the reference {message.ref!r} is not 1 to 40 letters, digits and dashes"
    addresses = {"to": message.to, "from": message.from_email}
    if message.reply_to:
        addresses["reply-to"] = message.reply_to
    for field, address in addresses.items():
        if not _ADDRESS.fullmatch(address) or _CONTROL.search(address):
            return f"the {field} address {address!r} is not a single address"
    for field, text in (
        ("to name", message.to_name),
        ("from name", message.from_name),
        ("subject", message.subject),
    ):
        if _CONTROL.search(text):
            return f"the {field} {text!r} holds a line break or another control character"
    for text in (*addresses.values(), message.to_name, message.from_name, message.subject):
        if not _is_unicode(text):
            return f"{text!r} is not valid Unicode"
    if not (_is_unicode(message.html) and _is_unicode(message.text)):
        return _NO_UNICODE
    return ""


def _bad_header(message: Message) -> str:
    for name, value in message.headers.items():
        if not _HEADER_NAME.fullmatch(name):
            return f"{name!r} is not the name of a header"
        if name.lower() in RESERVED:
            return f"the header {name} is made from the message itself and cannot be set"
        if not _HEADER_VALUE.fullmatch(value):
            return f"the header {name} holds a line break or is not plain ASCII: {value!r}"
        if len(value) > MAX_WORD and any(len(word) > MAX_WORD for word in value.split(" ")):
            return f"the header {name} holds a part longer than {MAX_WORD} characters"
    return ""


def _size(text: str) -> int:
    """Return the bytes of ``text`` in UTF-8; half of a surrogate pair is refused elsewhere."""
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def _is_unicode(text: str) -> bool:
    """Tell whether ``text`` can be written as UTF-8; half of a surrogate pair cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
