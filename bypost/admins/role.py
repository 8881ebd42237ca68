"""What somebody at the desk may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """A viewer looks at everything; an operator also acts."""

    VIEWER = "viewer"
    OPERATOR = "operator"

    def may(self, needed: Role) -> bool:
        """Tell whether this role allows what needs another."""
        return self is Role.OPERATOR or needed is Role.VIEWER


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the desk.

    Attributes:
        name: As the log names them.
        admin_id: Their account; None on this machine's own page, where nobody has one yet.
    """

    name: str
    role: Role
    admin_id: int | None = None
