"""The export of listmonk: ``uuid,email,name,attributes,status,created_at,updated_at``.

Source: the function that writes it, in the project's ``cmd/subscribers.go`` (looked at 2026-11).
The attributes are one JSON object a row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from bypost.people.dialects.dialect import Dialect, state

_COLUMNS = frozenset({"uuid", "email", "attributes", "status"})
#: "disabled" gets no mail there and has not left: here nothing is sent either, until confirmed.
_STATES = {"enabled": "confirmed", "disabled": "unconfirmed", "blocklisted": "left"}
_OWN = frozenset({"uuid", "email", "name", "attributes", "status", "created_at", "updated_at"})
#: Columns of ours that an attribute may not pretend to be.
_TAKEN = frozenset(
    {"email", "name", "status", "time_zone", "tags", "consent_note", "courses", "newsletters"}
)


def _translate(cells: Mapping[str, str]) -> dict[str, str]:
    """Return a row in our columns; each key of ``attributes`` becomes one."""
    return {
        **{key: cell for key, cell in cells.items() if key not in _OWN},
        **_attributes(cells.get("attributes", "")),
        "email": cells.get("email", ""),
        "name": cells.get("name", ""),
        "status": state(cells.get("status", ""), _STATES, "status"),
    }


def _attributes(cell: str) -> dict[str, str]:
    if not cell:
        return {}
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise ValueError("attributes is not readable as JSON") from error
    if not isinstance(found, dict):
        raise ValueError("attributes is not a JSON object")  # noqa: TRY004 - the row's reason
    named = {" ".join(str(key).casefold().split()): _text(value) for key, value in found.items()}
    return {key: text for key, text in named.items() if key and key not in _TAKEN}


def _text(value: object) -> str:
    """Return a value as it stands in a cell; lists and objects stay JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value, ensure_ascii=False)


LISTMONK = Dialect(
    name="listmonk",
    lacks=(
        "A listmonk export does not say on which lists somebody is, nor that they left one of "
        "them or never confirmed it: `enabled` only means that they are not blocked altogether. "
        "Export one list at a time, with the subscription status `confirmed`."
    ),
    fits=lambda columns: columns >= _COLUMNS,
    translate=_translate,
)
