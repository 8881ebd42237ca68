"""The only SQL: the tables, and functions over a connection whose transaction is the caller's."""

from bypost.store.engine import Connection, Store

__all__ = ["Connection", "Store"]
