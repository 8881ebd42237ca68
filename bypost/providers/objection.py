"""What no provider may be handed: texts that would break out of the header they belong in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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


def are_plain(bulk: Bulk) -> bool:
    """Tell whether nothing that is each person's own can break out of its place.

    Thousands of texts are looked at as one. True is sure; after False, :func:`objection` of each
    mail says who it is, if anybody: addresses and headers are checked more strictly here.
    """
    refs, to = [one.ref for one in bulk.people], [one.to for one in bulk.people]
    if not (_all(_REF, refs) and _all(_ADDRESS, to)):
        return False
    columns = list(zip(*[one.values for one in bulk.people], strict=True))
    if any(_longest(part, columns) > MAX_WORD for part in bulk.headers.values()):
        return False
    in_headers = {slot for part in bulk.headers.values() for slot in part.slots}
    headed = "".join([text for slot in in_headers for text in columns[slot]])
    named = [text for slot in bulk.subject.slots for text in columns[slot]]
    named += [one.to_name for one in bulk.people]
    if not _HEADER_VALUE.fullmatch(headed) or _CONTROL.search("".join([*to, *named])):
        return False
    return _is_unicode("".join(to + named + [text for column in columns for text in column]))


def _longest(part: Part, columns: Sequence[Sequence[str]]) -> int:
    """Return how many characters a part has at most."""
    own = sum(max(map(len, columns[slot])) for slot in part.slots)
    return sum(map(len, part.texts)) + own


def _all(pattern: re.Pattern[str], texts: Sequence[str]) -> bool:
    """Tell whether each text matches, none of which may hold a line break."""
    joined = "\n".join(texts)
    many = re.compile(f"(?:{pattern.pattern}\n)*{pattern.pattern}")
    return joined.count("\n") == len(texts) - 1 and many.fullmatch(joined) is not None


def extremes(bulk: Bulk) -> Bulk:
    """Return the shortest and the longest mails that can be made of the values of ``bulk``.

    Longest by characters and by bytes. They are for whom the first mail is for.
    """
    columns = list(zip(*[one.values for one in bulk.people], strict=True))
    shortest = tuple([min(column, key=len) for column in columns])
    longest = tuple([max(column, key=len) for column in columns])
    heaviest = tuple([max(column, key=_size) for column in map(_weighty, columns)])
    people = [replace(bulk.people[0], values=own) for own in (shortest, longest, heaviest)]
    return replace(bulk, people=people)


def _weighty(column: Sequence[str]) -> Sequence[str]:
    """Return those of a column that may be the longest in bytes."""
    if "".join(column).isascii():
        return [max(column, key=len)]
    return column


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
