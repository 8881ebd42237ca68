"""The tags of this database: the present one, and those it had before a backup was put back.

A reference is a tag and the number of a delivery. After a backup is put back, numbers that were
given out since it was made are given out again, to others. A new tag keeps the two apart; the old
one goes on naming the deliveries that the backup knows.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from sqlalchemy import func, select

from bypost.store import meta
from bypost.store.engine import Connection
from bypost.store.schema import deliveries

_FORMER = "former_tags"


def former(connection: Connection) -> dict[str, int]:
    """Return each former tag with the last delivery it names, oldest first."""
    tags: Mapping[str, int] = orjson.loads(meta.get(connection, _FORMER) or "{}")
    return dict(sorted(tags.items(), key=lambda item: item[1]))


def renew(connection: Connection) -> str:
    """Give the database another tag for every delivery from now on; return it."""
    last = connection.execute(select(func.coalesce(func.max(deliveries.c.id), 0))).scalar_one()
    tags = {**former(connection), str(meta.tag(connection)): last}
    meta.put(connection, _FORMER, orjson.dumps(tags).decode())
    return meta.make_tag(connection)
