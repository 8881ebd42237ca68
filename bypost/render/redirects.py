"""Links that are counted: addresses of a compiled mail become ones of ours that lead there.

Only where a course or newsletter asks for it, and only in the HTML part: plain text keeps its
addresses. A link of ours is one slot, the same for all links of a mail, and the link's number in
constant text; so a mail costs one value more per person. What is personal already is left alone
(leaving, the person's own page), and so is everything that is not an address on the web or that
leads to this site.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bypost.model.content import Content, Slot, Template
from bypost.model.course import Kind
from bypost.render.stored import hashed

#: Stands for the number of a link that people do not see: whoever follows it reads by machine.
TRAP = "t"
#: The person's part of each address.
SLOT = Slot("{{ links.click }}")
NEEDS = "links.click"
_LINK = re.compile(r'(<a\b[^>]*?\shref=")(https?://[^"]*)(")', re.IGNORECASE)
_BYTES = 9
_END = re.compile(r"</body>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where a link of a mail leads.

    Attributes:
        link: Its number: 12 letters of a hash over the other fields.
        collection: ``course:ID`` or ``newsletter:ID``.
        address: As the mail would hold it without counting, byte for byte.
    """

    link: str
    collection: str
    item: str
    address: str


def counted(content: Content, base_url: str) -> tuple[Content, tuple[Redirect, ...]]:
    """Return a mail whose links are counted, and where they lead.

    Args:
        base_url: Of this site, whose own addresses stay as they are.
    """
    kind = "newsletter" if content.kind == Kind.ISSUE else "course"
    collection = f"{kind}:{content.collection}"
    found: dict[str, Redirect] = {}
    parts: list[str | Slot] = []
    for part in content.html.parts:
        if isinstance(part, Slot):
            parts.append(part)
        else:
            parts += _rewritten(part, collection, content.item, base_url, found)
    if not found:
        return content, ()
    made = hashed(
        kind=content.kind,
        item=content.item,
        collection=content.collection,
        title=content.title,
        language=content.language,
        subject=content.subject,
        html=Template(tuple(_joined(_with_trap(parts)))),
        text=content.text,
        needs=tuple(sorted({*content.needs, NEEDS})),
    )
    return made, tuple(found.values())


def link_of(collection: str, item: str, address: str) -> str:
    """Return the number of a link: the same on every machine, and another in another lesson."""
    whole = "\0".join((collection, item, address)).encode()
    digest = hashlib.blake2b(whole, digest_size=_BYTES).digest()
    return base64.urlsafe_b64encode(digest).decode()


def _rewritten(
    text: str, collection: str, item: str, base_url: str, found: dict[str, Redirect]
) -> Iterator[str | Slot]:
    """Yield constant text with its links exchanged; an address cut by a slot is none of them."""
    at = 0
    for link in _LINK.finditer(text):
        address = html.unescape(link[2])
        if not _may_count(address, base_url):
            continue
        number = link_of(collection, item, address)
        found[number] = Redirect(number, collection, item, address)
        yield text[at : link.end(1)]
        yield SLOT
        yield f"/{number}"
        at = link.end(2)
    yield text[at:]


def _may_count(address: str, base_url: str) -> bool:
    """Tell whether a redirect can lead there, and should."""
    own = base_url.rstrip("/")
    if address == own or address.startswith((f"{own}/", f"{own}?", f"{own}#")):
        return False
    return address.isascii() and address.isprintable() and " " not in address


def _with_trap(parts: list[str | Slot]) -> Iterator[str | Slot]:
    """Yield the parts with a link before the end of the mail that nobody sees or reaches by key."""
    for part in parts:
        end = _END.search(part) if isinstance(part, str) else None
        if end is None or not isinstance(part, str):
            yield part
            continue
        yield (
            part[: end.start()] + '<div style="display:none;mso-hide:all" aria-hidden="true">'
            '<a href="'
        )
        yield SLOT
        yield f'/{TRAP}" tabindex="-1" rel="nofollow"></a></div>' + part[end.start() :]


def _joined(parts: Iterator[str | Slot]) -> Iterator[str | Slot]:
    """Yield the parts, constant text that stands together as one."""
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        if text:
            yield text
        yield part
        text = ""
    if text:
        yield text
