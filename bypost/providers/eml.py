"""A message as the text of RFC 5322, ready for any mail program.

Written by hand because the standard library's generator encodes a long word of a header that does
not fit its line, and a List-Unsubscribe URL is such a word: the link would no longer be one.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from email.header import Header
from email.utils import format_datetime

from bypost.model.message import Message
from bypost.providers.mailbox import phrase
from bypost.providers.objection import MAX_WORD

#: Where a line of a header is folded if it has a space: 76 where it holds an encoded word
#: (RFC 2047 2), else 78 (RFC 5322 2.1.1).
WIDTH = 76


def eml(message: Message) -> bytes:
    """Return ``message`` as a mail: text first, then HTML, both UTF-8.

    Args:
        message: One without an objection.
    """
    head = "".join(_fold(name, value) for name, value in _headers(message))
    kinds = (("plain", message.text), ("html", message.html))
    parts = [_part(kind, content) for kind, content in kinds if content]
    if len(parts) == 1:
        return head.encode() + parts[0]
    # The boundary cannot occur in a part: there, every equals sign is followed by a hex number.
    boundary = f"=_{message.ref}"
    head += _fold("Content-Type", f'multipart/alternative; boundary="{boundary}"')
    between = f"\r\n--{boundary}\r\n".encode()
    joined = b"".join(between + part for part in parts)
    return head.encode() + joined + f"\r\n--{boundary}--\r\n".encode()


def _headers(message: Message) -> Iterator[tuple[str, str]]:
    yield "From", ascii_mailbox(message.from_name, message.from_email)
    yield "To", ascii_mailbox(message.to_name, message.to)
    if message.reply_to:
        yield "Reply-To", message.reply_to
    yield "Subject", _text(message.subject)
    yield "Date", format_datetime(message.date)
    yield "Message-ID", f"<{message.ref}@{_domain(message.from_email)}>"
    yield "MIME-Version", "1.0"
    yield from message.headers.items()


def ascii_mailbox(name: str, address: str) -> str:
    """Return a name and an address for a header of plain ASCII: other letters as encoded words."""
    if not name:
        return address
    return f"{phrase(name) if _is_plain(name) else _encoded(name)} <{address}>"


def _text(value: str) -> str:
    # Spaces at an edge or in a row would not surely survive folding and unfolding.
    return value if _is_plain(value) and value == " ".join(value.split()) else _encoded(value)


def _is_plain(value: str) -> bool:
    """Tell whether ``value`` can stand as it is; one that looks encoded would be decoded."""
    return value.isascii() and "=?" not in value and len(value) <= MAX_WORD


def _encoded(value: str) -> str:
    """Return ``value`` as encoded words (RFC 2047), with a space between them."""
    room = WIDTH - len("Reply-To: ")
    return Header(value, "utf-8", maxlinelen=room).encode(linesep="").strip()


def _fold(name: str, value: str) -> str:
    """Return a header line, folded at single spaces only; a word is never broken."""
    line = f"{name}: {value}"
    if len(line) <= WIDTH or "  " in line:
        return line + "\r\n"
    lines = [""]
    for word in line.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        # A line holding the name alone would fold before the value: not all readers take that.
        if len(joined) <= WIDTH or lines[-1] in ("", f"{name}:"):
            lines[-1] = joined
        else:
            lines.append(f" {word}")
    return "\r\n".join(lines) + "\r\n"


def _part(kind: str, content: str) -> bytes:
    head = (
        f'Content-Type: text/{kind}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    lines = content.replace("\r\n", "\n").replace("\r", "\n").encode()
    return head.encode() + binascii.b2a_qp(lines).replace(b"\n", b"\r\n")


def _domain(address: str) -> str:
    domain = address.rpartition("@")[2]
    try:
        return domain.encode("idna").decode()
    except UnicodeError:  # a label too long or empty: an id in UTF-8 is an id too (RFC 6532 3.2)
        return domain
