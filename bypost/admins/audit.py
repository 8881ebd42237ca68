"""The log: every action at the desk and every command that changes something, by whom and when."""

from __future__ import annotations

import getpass
import re
from datetime import datetime
from typing import Literal

from bypost.store import Connection
from bypost.store import audit as store

Via = Literal["desk", "command", "api"]

_ADDRESS = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+")
_MOST_WHO, _MOST_ACTION, _MOST_SUBJECT, _MOST_DETAIL = 80, 64, 120, 500


def note(
    connection: Connection,
    *,
    now: datetime,
    who: str,
    via: Via,
    action: str,
    subject: str = "",
    detail: str = "",
) -> None:
    """Write an action into the log, in the transaction that carries it out.

    The log outlives the people in it: an address that gets into it by mistake is left out.

    Args:
        who: The account's name; for a command see :func:`user_here`.
        action: Noun and verb, e.g. ``course.pause``.
        subject: What it was done to: ``course:rejected``, ``subscriber:17``; empty for nothing.
        detail: What else is worth knowing, in one line; nothing secret.
    """
    store.add(
        connection,
        at=now,
        who=who[:_MOST_WHO],
        via=via,
        action=action[:_MOST_ACTION],
        subject=_plain(subject, _MOST_SUBJECT),
        detail=_plain(detail, _MOST_DETAIL),
    )


def by_command(
    connection: Connection, *, now: datetime, action: str, subject: str = "", detail: str = ""
) -> None:
    """Write what a command does into the log, under the name of this machine's user."""
    note(
        connection,
        now=now,
        who=user_here(),
        via="command",
        action=action,
        subject=subject,
        detail=detail,
    )


def user_here() -> str:
    """Return who runs this program; ``unknown`` where the machine has no name for them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may run under a number without a name
        return "unknown"


def _plain(text: str, most: int) -> str:
    one_line = " ".join(text.split())
    return _ADDRESS.sub("(an address)", one_line)[:most]
