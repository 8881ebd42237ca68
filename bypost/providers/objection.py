"""What no provider may be handed: texts that would break out of the header they belong in."""

from __future__ import annotations

import re

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
        return "the body is not valid Unicode"
    return ""


def _bad_header(message: Message) -> str:
    for name, value in message.headers.items():
        if not _HEADER_NAME.fullmatch(name):
            return f"{name!r} is not the name of a header"
        if name.lower() in RESERVED:
            return f"the header {name} is made from the message itself and cannot be set"
        if not _HEADER_VALUE.fullmatch(value):
            return f"the header {name} holds a line break or is not plain ASCII: {value!r}"
        if any(len(word) > MAX_WORD for word in value.split(" ")):
            return f"the header {name} holds a part longer than {MAX_WORD} characters"
    return ""


def _is_unicode(text: str) -> bool:
    """Tell whether ``text`` can be written as UTF-8; half of a surrogate pair cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
