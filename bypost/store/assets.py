"""Pictures by name: every machine serves the same bytes, also after a file is gone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from bypost.model.asset import Asset
from bypost.store.engine import Connection
from bypost.store.once import add_once
from bypost.store.schema import assets


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture as it is served."""

    media_type: str
    data: bytes


def known(connection: Connection, names: Collection[str]) -> frozenset[str]:
    """Return which of ``names`` are there."""
    rows = connection.execute(select(assets.c.name).where(assets.c.name.in_(names)))
    return frozenset(rows.scalars())


def save(connection: Connection, asset: Asset, now: datetime) -> None:
    """Keep a picture; one that is there already stays as it is, for its name says its bytes."""
    values = {
        "name": asset.name,
        "media_type": asset.media_type,
        "width": asset.width,
        "height": asset.height,
        "bytes": asset.data,
        "created_at": now,
    }
    add_once(connection, assets, values)


def load(connection: Connection, name: str) -> Kept | None:
    """Return a picture; None where there is none of that name."""
    query = select(assets.c.media_type, assets.c.bytes).where(assets.c.name == name)
    row = connection.execute(query).first()
    return None if row is None else Kept(row.media_type, row.bytes)
