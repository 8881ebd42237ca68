"""Lists a page at a time.

A cursor is signed and names the last row that was shown, by its primary key. What is added while
somebody turns pages has a higher key and comes on a later page; so none is skipped or repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field

from bypost.links import Links
from bypost.web.problem import Problem

MOST = 200
_USUAL = 50
_PURPOSE = "cursor"

Item = TypeVar("Item", bound=BaseModel)
Key = TypeVar("Key", int, str)
Found = TypeVar("Found")


class Asked(BaseModel):
    """What a list is asked for; a name that is not known is an error, not ignored."""

    model_config = ConfigDict(extra="forbid")

    cursor: Annotated[
        str | None,
        Field(max_length=1000, description="`next` of the page before; without it, the first page"),
    ] = None
    limit: Annotated[int, Field(ge=1, le=MOST, description="most items on a page")] = _USUAL


class Page(BaseModel, Generic[Item]):
    """A part of a list, oldest first."""

    items: list[Item]
    next: Annotated[
        str | None, Field(description="`cursor` of the next page; null: this is the last for now")
    ]


def page(
    links: Links,
    noun: str,
    asked: Asked,
    look: Callable[[Key, int], Sequence[Found]],
    show: Callable[[Sequence[Found]], list[Item]],
    *,
    key: Callable[[Found], Key],
    first: Key,
) -> Page[Item]:
    """Return the page that is asked for.

    Args:
        noun: What is listed; a cursor of another list is refused.
        look: Returns rows behind a key, at most so many.
        show: Returns the items of some rows.
        key: Returns the key of a row.
        first: A key before all others.
    """
    about: list[str] = [noun, _filters(asked)]
    after = first if asked.cursor is None else _open(links, asked.cursor, about, first)
    rows = look(after, asked.limit + 1)
    shown = rows[: asked.limit]
    more = len(rows) > asked.limit
    return Page(
        items=show(shown),
        next=links.sign(_PURPOSE, [*about, key(shown[-1])]) if more else None,
    )


def _open(links: Links, cursor: str, about: list[str], first: Key) -> Key:
    """Return the key in a cursor of this very list."""
    found = links.unsign(_PURPOSE, cursor)
    if isinstance(found, list) and found[:-1] == about and isinstance(found[-1], type(first)):
        return found[-1]
    raise Problem(
        422,
        "This cursor does not belong to this list. Repeat the request without `cursor`, then take "
        "`next` of each answer, with the same filters.",
        code="cursor",
        errors=[{"field": "query.cursor", "message": "not a cursor of this list"}],
    )


def _filters(asked: Asked) -> str:
    """Return a short word for the filters; a cursor shows nothing of them."""
    given: dict[str, Any] = asked.model_dump(
        mode="json", exclude={"cursor", "limit"}, exclude_none=True
    )
    plain = orjson.dumps(given, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(plain, digest_size=8).hexdigest()
