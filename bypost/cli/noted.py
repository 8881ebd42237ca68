"""What a command changes, written into the log under the name of this machine's user."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bypost.delivery.context import Context
    from bypost.store import Connection


def noted(
    context: Context, action: str, subject: str = "", detail: str = ""
) -> Callable[[Connection], None]:
    """Return what writes the line, in the transaction that carries the action out.

    Args:
        action: Noun and verb, e.g. ``course.pause``.
        subject: What it is done to, e.g. ``course:rejected``; a person by their number.
        detail: What else is worth knowing; nothing secret and no address.
    """
    from bypost.admins import audit

    def note(connection: Connection) -> None:
        now = context.clock.now()
        audit.by_command(connection, now=now, action=action, subject=subject, detail=detail)

    return note
