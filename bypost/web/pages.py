"""Templates of the pages, filled with everything escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from bypost.model.course import Sender
from bypost.model.quantity import quantity
from bypost.web import when

_HERE = Path(__file__).parent
PAGES = _HERE / "pages"
STATIC = _HERE / "static"


class Pages:
    """Fills the templates in ``pages/``.

    Args:
        sender: Who the site is of: the name stands in the header of every page.
        local: Whether this is the local page's site.
        menu: Returns the links at the head of public pages.
    """

    def __init__(
        self, sender: Sender, *, local: bool, menu: Callable[[], Sequence[object]]
    ) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(PAGES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            site=sender.name,
            sender=sender,
            local=local,
            # On the local page's site "/" is the mailbox.
            home="/courses" if local else "/",
            menu=menu,
        )
        self._environment.filters.update(
            day=when.day,
            full_day=when.full_day,
            short_day=when.short_day,
            clock=when.clock,
            moment=when.moment,
            number=_number,
            quantity=quantity,
            share=_share,
        )

    def show(
        self,
        name: str,
        /,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> HTMLResponse:
        """Return the page ``name`` filled with ``values``."""
        page = self._environment.get_template(f"{name}.html").render(values)
        return HTMLResponse(page, status, headers)

    def say(self, title: str, *words: str, status: int = 200) -> HTMLResponse:
        """Return a page that only says something."""
        return self.show("say", status, title=title, words=words)


def _number(value: float) -> str:
    """Return a number as it is read: 12,345."""
    return f"{value:,}"


def _share(part: float, whole: float = 1) -> str:
    """Return a part of a whole as "3.1 %"; "–" where there is no whole."""
    if not whole:
        return "–"
    share = 100 * part / whole
    return f"{share:.0f} %" if share in {0, 100} or share >= 10 else f"{share:.1f} %"
