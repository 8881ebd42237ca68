"""What every database must do with pictures."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from bypost.model.asset import Asset
from bypost.store import Store, assets
from bypost.store.schema import assets as table
from tests.contracts.rows import NOON

#: Every byte there is, so that none of them is changed on its way.
PICTURE = Asset(
    name="00112233445566778899.png",
    media_type="image/png",
    width=3,
    height=2,
    data=bytes(range(256)) * 40,
    path="lessons/letters/views.png",
    natural_width=3,
    natural_height=2,
    natural_bytes=99,
)


class AssetContract:
    """The rules of pictures."""

    def test_a_picture_comes_back_byte_for_byte(self, store: Store) -> None:
        with store.write() as connection:
            assets.save(connection, PICTURE, NOON)
        with store.read() as connection:
            found = assets.load(connection, PICTURE.name)
        assert found == assets.Kept("image/png", PICTURE.data)
        assert isinstance(found.data, bytes)

    def test_a_picture_is_kept_once_and_never_changed(self, store: Store) -> None:
        later = replace(PICTURE, data=b"other", media_type="image/gif")
        for at, one in ((NOON, PICTURE), (NOON + timedelta(days=1), later)):
            with store.write() as connection:
                assets.save(connection, one, at)
        with store.read() as connection:
            rows = connection.execute(select(table)).mappings().all()
        assert [(row["bytes"], row["created_at"]) for row in rows] == [(PICTURE.data, NOON)]

    def test_it_is_known_which_pictures_are_there(self, store: Store) -> None:
        with store.write() as connection:
            assets.save(connection, PICTURE, NOON)
            assert assets.known(connection, [PICTURE.name, "another.png"]) == {PICTURE.name}
            assert assets.known(connection, []) == frozenset()
            assert assets.load(connection, "another.png") is None
