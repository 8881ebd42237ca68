"""One request to the desk, and what a page answers with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.datastructures import FormData, QueryParams
from starlette.responses import Response

from bypost.admins.role import Role, Visitor
from bypost.web.guard import MOST_BYTES

#: Nobody has signed in: whom only the page for signing in ever meets.
NOBODY = Visitor("", Role.VIEWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request, after signing in and, for a POST, after its token was checked.

    Attributes:
        url: Path and query, e.g. ``/desk/courses?page=2``.
        path: What stands for the names in an address, e.g. ``{"course": "rejected"}``.
        form: Fields and files of a POST.
        network: The address it comes from, shortened.
        csrf: The token that each form of the page carries in a field ``csrf``.
        part: htmx asks for a part of the page only.
        said: What the action before it has to say, shown once.
        token: The secret of this browser's session; never written anywhere.
        cookies: What else the browser holds.
    """

    who: Visitor
    url: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: QueryParams = field(default_factory=QueryParams)
    form: FormData = field(default_factory=FormData)
    network: str = ""
    csrf: str = field(default="", repr=False)
    part: bool = False
    said: str = ""
    token: str = field(default="", repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def operates(self) -> bool:
        """Tell whether the visitor may act, and not only look."""
        return self.who.role.may(Role.OPERATOR)

    def text(self, name: str, most: int = 2000) -> str:
        """Return a field of the form without space around it; empty where there is none."""
        value = self.form.get(name)
        return value[:most].strip() if isinstance(value, str) else ""

    def number(self, name: str, *, least: int = 1, most: int = 10**12) -> int | None:
        """Return a whole number from the address, as of a page; None where there is none."""
        text = self.query.get(name, "")
        known = text.isascii() and text.isdigit() and len(text) < 18
        return int(text) if known and least <= int(text) <= most else None

    def typed(self, word: str) -> bool:
        """Tell whether what has to be typed before a destructive action was typed."""
        return self.text("typed") == word


Handler = Callable[[Ask], Response]


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the desk, below ``/desk``.

    Attributes:
        path: Empty for the first page; e.g. ``/courses/{course}``.
        needs: Who may ask for it; None: anybody, for signing in.
        most_bytes: How large a POST may be; a file that is uploaded needs more than the default.
    """

    method: str
    path: str
    handler: Handler
    needs: Role | None = Role.VIEWER
    most_bytes: int = MOST_BYTES


class Section(Protocol):
    """A part of the desk: one noun, its pages and its actions."""

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
