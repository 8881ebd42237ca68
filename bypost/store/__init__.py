"""The only SQL: the tables, and functions over a connection whose transaction is the caller's."""

from bypost.store.engine import Condition, Connection, Row, Store, driver

__all__ = ["Condition", "Connection", "Row", "Store", "driver"]
