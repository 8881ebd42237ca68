"""The export of Kit, once ConvertKit: ``first_name,email,tags,created_at`` and custom fields.

The states are those of its API (``active, cancelled, bounced, complained, inactive``; its schema,
looked at 2026-11) and those its pages show (Confirmed, Unconfirmed, Cancelled, Cold, Bounced,
Complained; its help, 2016). No page of Kit's says which columns an export has: it is told by
``first_name`` beside an address and one of ``state``, ``status``, ``created_at`` and
``subscribed_at``.
"""

from __future__ import annotations

from collections.abc import Mapping

from bypost.people.dialects.dialect import Dialect, state

_ADDRESSES = ("email", "email_address", "email address")
_FIRST = ("first_name", "first name")
_LAST = ("last_name", "last name")
_STATE = ("state", "status")
_SIGNS = frozenset({"state", "status", "created_at", "subscribed_at"})
#: "Cold" are confirmed people who have not opened anything for long; Kit goes on mailing them.
_STATES = {
    "active": "confirmed",
    "confirmed": "confirmed",
    "cold": "confirmed",
    "inactive": "unconfirmed",
    "unconfirmed": "unconfirmed",
    "cancelled": "left",
    "unsubscribed": "left",
    "bounced": "bounced",
    "complained": "complained",
}
_OWN = frozenset(
    {"id", "tags", "created_at", "subscribed_at", *_ADDRESSES, *_FIRST, *_LAST, *_STATE}
)


def _fits(columns: frozenset[str]) -> bool:
    return bool(
        columns & {*_ADDRESSES} and columns & {*_FIRST} and columns & _SIGNS
    ) and not columns & {"name", "courses", "newsletters"}


def _translate(cells: Mapping[str, str]) -> dict[str, str]:
    """Return a row in our columns; custom fields stay what they are called."""

    def first(names: tuple[str, ...]) -> str:
        return next((cells[name] for name in names if cells.get(name)), "")

    translated = {key: cell for key, cell in cells.items() if key not in _OWN}
    translated |= {
        "email": first(_ADDRESSES),
        "name": " ".join(filter(None, (first(_FIRST), first(_LAST)))),
    }
    if "tags" in cells:
        # Between tags there is a comma; ours are apart by a semicolon.
        translated["tags"] = ";".join(
            tag for part in cells["tags"].replace(";", ",").split(",") if (tag := part.strip())
        )
    if any(name in cells for name in _STATE):
        translated["status"] = state(first(_STATE), _STATES, "state")
    return translated


KIT = Dialect(
    name="Kit",
    lacks=(
        "A Kit export without a column for the state holds whoever was shown when it was made: "
        "export confirmed subscribers alone. Sequences and forms are not in it."
    ),
    fits=_fits,
    translate=_translate,
)
