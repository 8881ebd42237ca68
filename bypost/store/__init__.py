"""The only SQL: the tables, and functions over a connection whose transaction is the caller's."""

from bypost.store.engine import Connection, Row, Store

__all__ = ["Connection", "Row", "Store"]
