"""One mail for many people, made column by column: what is each person's own is never repeated.

A batch of a thousand is a few columns of texts. Whatever differs from nobody to nobody is constant
text of the bulk, a link leaves its token, and texts that are equal for each person share a slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from bypost.delivery.recipe import Roll, Shared
from bypost.model.bulk import Bulk, Column, Part, Person
from bypost.model.content import Content
from bypost.model.course import Kind
from bypost.render.personalise import Personaliser, header
from bypost.render.slots import Table


def bulk(
    fill: Personaliser, content: Content, shared: Shared, roll: Roll, refs: Sequence[str]
) -> Bulk:
    """Return one mail for many: that of :func:`~bypost.delivery.compose.rebuild` for each of them.

    Args:
        refs: Of the deliveries of ``roll``, in its order.

    Raises:
        ContentError: if a slot cannot be filled for somebody.
    """
    own = _Values()
    columns = fill.columns(_table(shared, roll))
    places = {slot: own.place(column) for slot, column in enumerate(columns)}
    subject, html, text = (part.over(places) for part in fill.parts())
    subject = _headed(subject, own)
    headers = {
        name: Part(("", ""), (0,)).over({0: own.place(column)})
        for name, column in headers_of(content.kind, shared, roll.token).items()
    }
    rows = zip(refs, roll.to, roll.to_name, own.rows(len(refs)), strict=True)
    return Bulk(
        date=shared.at,
        from_email=shared.from_email,
        from_name=shared.from_name,
        reply_to=shared.reply_to,
        stream=stream_of(content.kind),
        subject=subject,
        html=html,
        text=text,
        headers=headers,
        people=[Person(*row) for row in rows],
        is_folded=len(refs) > 1,
    )


def headers_of(kind: Kind, shared: Shared, tokens: Sequence[str]) -> dict[str, Column]:
    """Return the list headers of lessons or issues (RFC 2369, 2919, 8058)."""
    if kind == Kind.NOTICE:
        return {"Auto-Submitted": Column("auto-generated")}  # RFC 3834: no vacation replies
    return {
        "List-Id": Column(shared.list_id),
        "List-Unsubscribe": Column(f"<{shared.leave}", tokens, ">"),
        "List-Unsubscribe-Post": Column("List-Unsubscribe=One-Click"),
    }


def links_of(shared: Shared, tokens: Sequence[str]) -> dict[str, Column]:
    """Return the links that follow from people's tokens; who has none has no links."""
    return {
        name: Column(address, tokens)
        if all(tokens)
        else Column("", [address + token if token else None for token in tokens])
        for name, address in (("leave", shared.leave), ("progress", shared.progress))
    }


def stream_of(kind: Kind) -> str:
    """Return the stream that a kind of mail goes by."""
    return "transactional" if kind == Kind.NOTICE else "bulk"


def _table(shared: Shared, roll: Roll) -> Table:
    """Return the values by root, as slots are filled from them."""
    roots: dict[str, dict[str, Column]] = {
        "subscriber": {},
        "next": {},
        "links": links_of(shared, roll.token),
    }
    for key, texts in roll.values.items():
        root, _, name = key.partition(".")
        if any(text is not None for text in texts):
            roots.setdefault(root, {})[name] = _column(texts)
    roots["subscriber"] |= {"name": _column(roll.to_name), "email": _column(roll.to)}
    return Table(len(roll.ids), roots)


def _column(texts: Sequence[str | None]) -> Column:
    """Return texts as a column; what all people have in common is one text."""
    first = texts[0]
    alike = first is not None and all(text == first for text in texts)
    return Column(first or "") if alike else Column("", texts)


class _Values:
    """The values of a bulk's people as they are gathered: each different column once."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, ...], int] = {}

    def place(self, column: Column) -> tuple[str, int | None, str]:
        """Return what stands before a column's values, which values these are, and what follows."""
        if column.texts is None:
            return column.head, None, ""
        own = cast("tuple[str, ...]", tuple(column.texts))  # slots and headers leave none out
        return column.head, self._columns.setdefault(own, len(self._columns)), column.tail

    def rows(self, count: int) -> Iterable[tuple[str, ...]]:
        """Return each person's values."""
        rows: Iterable[Any] = zip(*self._columns, strict=True) if self._columns else [()] * count
        return rows


def _headed(subject: Part, own: _Values) -> Part:
    """Make of each person's subject what a header can carry.

    Where that is more than filling slots, the whole subject is a value.
    """
    if subject.is_constant:
        return Part((header(subject.texts[0]),))
    filled = [subject.fill(values) for values in own.rows(0)]
    headed = [header(text) for text in filled]
    if filled == headed:
        return subject
    return Part(("", ""), (0,)).over({0: own.place(Column("", headed))})
