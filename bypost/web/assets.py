"""``/assets/NAME``: the pictures of mails and pages, from the database.

Mail programs, their proxies and pages elsewhere fetch them without a word of whose mail it is: the
address is the same for everybody. The bytes of a name never change, so it may be kept for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from starlette.responses import PlainTextResponse, Response

from bypost.errors import StoreError
from bypost.render.assets import ADDRESS, NAME
from bypost.store import Store, assets
from bypost.store.assets import Kept
from bypost.web.doors import Doors

ROUTE = f"{ADDRESS}{{name}}"
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class Assets:
    """Serves pictures.

    Args:
        elsewhere: Further databases in which a picture may be: those of simulations.
    """

    def __init__(self, doors: Doors, elsewhere: Callable[[], Iterable[Store]] = lambda: ()) -> None:
        self._store = doors.context.store
        self._catalogue = doors.catalogue
        self._elsewhere = elsewhere

    def show(self, name: str) -> Response:
        """Return a picture."""
        found = self._find(name) if NAME.fullmatch(name) else None
        if found is None:
            return PlainTextResponse("There is no such picture.\n", 404)
        return Response(found.data, media_type=found.media_type, headers=_HEADERS)

    def _find(self, name: str) -> Kept | None:
        with self._store.read() as connection:
            found = assets.load(connection, name)
        if found is not None:
            return found
        # A page shows a text as soon as it is saved; the next pass stores its pictures.
        made = self._catalogue.picture(name)
        return Kept(made.media_type, made.data) if made else self._find_elsewhere(name)

    def _find_elsewhere(self, name: str) -> Kept | None:
        for store in self._elsewhere():
            try:
                with store.read() as connection:
                    found = assets.load(connection, name)
            except StoreError:  # a simulation that was thrown away meanwhile
                continue
            if found is not None:
                return found
        return None


def from_this_site(html: str, base_url: str) -> str:
    """Return a mail whose pictures come from the site it is looked at on.

    That may be another one than the mail names: the local page, or the site at its former address.
    """
    return html.replace(f'src="{base_url}{ADDRESS}', f'src="{ADDRESS}')
