"""What a kind of database is asked for: how it is opened, locked, measured and copied."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL, Engine
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from bypost.errors import StoreAway, StoreError
from scheduler.clock import Clock


class Backend(ABC):
    """One kind of database, behind :class:`bypost.store.Store`.

    Attributes:
        url: Where it is; may hold a password.
        name: Where it is, in words fit for everybody.
        reader: Gives read-only transactions, each a consistent look.
        writer: Gives transactions that may write.
        in_turn: Writers of one process are let in one by one before they ask the database.
    """

    url: URL
    name: str
    reader: Engine
    writer: Engine
    in_turn: bool

    @abstractmethod
    def exists(self) -> bool:
        """Tell whether anything was ever written there."""

    @abstractmethod
    def prepare(self) -> None:
        """Make what the first transaction needs, e.g. a folder."""

    @abstractmethod
    def lock(self, connection: Connection, *, together: bool) -> None:
        """Keep other writers out until the transaction of ``connection`` ends.

        Args:
            together: Only those who do not say so themselves.
        """

    @abstractmethod
    def clock(self, machine: Clock) -> Clock:
        """Return the clock by which everybody who uses this database goes.

        Args:
            machine: This machine's own.
        """

    @abstractmethod
    def size(self) -> int:
        """Return its bytes; 0 where there is nothing."""

    @abstractmethod
    def room(self) -> int | None:
        """Return the bytes that may still be written; None if that cannot be known from here."""

    @abstractmethod
    def stamp(self) -> object:
        """Return what is another value whenever somebody has written since."""

    @abstractmethod
    def settle_down(self) -> None:
        """Let go of what was written over, as far as the database keeps it."""

    @abstractmethod
    def copy_to(self, path: Path) -> None:
        """Write a consistent copy to a SQLite file, while others go on writing.

        Raises:
            StoreError: if the database cannot be read, or the copy not be written.
        """

    @abstractmethod
    def in_words(self, error: DBAPIError) -> StoreError | None:
        """Return an error an operator can act on; None for a mistake of ours."""

    def close(self) -> None:
        """Close every connection."""
        self.reader.dispose()
        self.writer.dispose()


def told(name: str, reason: str, fixes: Mapping[str, str], *, away: bool = False) -> StoreError:
    """Return the error in words: where, what, and the fix whose key stands in ``reason``.

    Args:
        away: It may be over the next moment.
    """
    fix = next((text for word, text in fixes.items() if word in reason), "")
    kind = StoreAway if away else StoreError
    return kind(f"{name}: {reason}" + (f"\n    {fix}" if fix else ""))
