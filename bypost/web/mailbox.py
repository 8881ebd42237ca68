"""The local mailbox, read back: the ``.eml`` files that the provider ``outbox`` wrote."""

from __future__ import annotations

import email.policy
import heapq
import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from functools import lru_cache
from pathlib import Path

from bypost.web.assets import from_this_site

#: A reference as it may stand in an address; nothing in it leads out of the folder.
_REF = re.compile(r"[A-Za-z0-9-]{1,40}")
_OLD = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A mail as the list shows it.

    Attributes:
        name: The person's name; their address where there is none.
        at: When it was written.
    """

    ref: str
    at: datetime
    name: str
    to: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail with all its parts."""

    entry: Entry
    headers: Sequence[tuple[str, str]]
    html: str
    text: str
    source: bytes


class Mailbox:
    """The mails in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def newest(self, limit: int) -> tuple[list[Entry], int]:
        """Return the newest mails, newest first, and how many there are in all."""
        try:
            files = [(path.stat().st_mtime_ns, path) for path in self.folder.glob("*.eml")]
        except OSError:
            return [], 0
        found = heapq.nlargest(limit, files, key=lambda file: (file[0], file[1].name))
        entries = [entry for when, path in found if (entry := _entry(path, when))]
        return sorted(entries, key=lambda e: (e.at, _number(e.ref)), reverse=True), len(files)

    def entry(self, ref: str) -> Entry | None:
        """Return one mail as the list shows it; None if it is not there."""
        path = self._path(ref)
        try:
            return _entry(path, path.stat().st_mtime_ns) if path else None
        except OSError:
            return None

    def mail(self, ref: str) -> Mail | None:
        """Return one mail; None if it is not there."""
        entry, path = self.entry(ref), self._path(ref)
        if entry is None or path is None:
            return None
        source = path.read_bytes()
        parsed = BytesParser(policy=email.policy.default).parsebytes(source)
        return Mail(
            entry=entry,
            headers=[(name, str(value)) for name, value in parsed.items()],
            html=_part(parsed, "html"),
            text=_part(parsed, "plain"),
            source=source,
        )

    def _path(self, ref: str) -> Path | None:
        """Return the file of a reference, which comes from an address and may be anything."""
        return self.folder / f"{ref}.eml" if _REF.fullmatch(ref) else None


@lru_cache(maxsize=2048)
def _entry(path: Path, _changed: int) -> Entry | None:
    try:
        with path.open("rb") as file:
            head = BytesHeaderParser(policy=email.policy.default).parse(file)
    except OSError:
        return None
    date, to = head["Date"], head["To"]
    address = to.addresses[0] if isinstance(to, AddressHeader) and to.addresses else None
    return Entry(
        ref=path.stem,
        at=getattr(date, "datetime", None) or _OLD,
        name=(address.display_name or address.addr_spec) if address else "",
        to=address.addr_spec if address else str(to or ""),
        subject=str(head["Subject"] or ""),
    )


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _number(ref: str) -> int:
    """Return the delivery's number within a reference, for order among mails of one second."""
    number = ref.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def frame(mail: Mail, base_url: str) -> str:
    """Return the HTML of a mail for a frame on this site.

    Its links to people's pages lead here and its pictures come from here, whatever public address
    the mail names; every link opens a page of its own.
    """
    if not mail.html:
        return f"<!doctype html><title>text</title><pre>{html.escape(mail.text)}</pre>"
    shown = re.sub(rf'(href="){re.escape(base_url)}(/[pu]/)', r"\1\2", mail.html)
    shown = from_this_site(shown, base_url)
    return re.sub(r"(<head\b[^>]*>)", r'\1<base target="_blank">', shown, count=1)


def frame_height(mail: Mail) -> int:
    """Return about how many CSS pixels the mail is high, judged by its text; on the high side.

    Scripts measure it where they run; without them this saves most people a second scroll bar.
    """
    lines = sum(max(1, math.ceil(len(line) / 62)) for line in mail.text.splitlines())
    return min(3200, 320 + 27 * lines)
