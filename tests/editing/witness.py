"""What must be true of every mail, whoever sent it for whatever reason: rules, not predictions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.editing.model import Mail, Model


@dataclass
class Witness:
    """Remembers every mail and every order of the course that ever held."""

    orders: list[tuple[int, list[str]]] = field(default_factory=list)
    had: dict[int, list[tuple[str, int]]] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    finished: set[int] = field(default_factory=set)

    def see(self, model: Model, mails: Iterable[Mail], now: int) -> None:
        """Look at the mails of one pass."""
        order = [one.lesson.id for one in model.book.slots if not one.empty]
        if not self.orders or self.orders[-1][1] != order:
            self.orders.append((now, order))
