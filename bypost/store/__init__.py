"""The only SQL: the tables, and functions over a connection whose transaction is the caller's."""

from bypost.store.engine import Columns, Condition, Connection, Row, Store, driver

__all__ = ["Columns", "Condition", "Connection", "Row", "Store", "driver"]
