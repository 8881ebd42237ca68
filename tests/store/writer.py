"""Run as a process of its own: open a database, bring it up to date, and count up in it."""

from __future__ import annotations

import sys
from pathlib import Path

from bypost.store import Store, meta, migrate

store = Store(f"sqlite:///{sys.argv[1]}", root=Path())
migrate.upgrade(store)
for _ in range(int(sys.argv[2])):
    with store.write() as connection:
        meta.put(connection, "number", str(int(meta.get(connection, "number") or 0) + 1))
store.close()
