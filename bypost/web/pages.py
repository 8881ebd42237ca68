"""Templates of the pages, filled with everything escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from bypost.web import when

_HERE = Path(__file__).parent
PAGES = _HERE / "pages"
STATIC = _HERE / "static"


class Pages:
    """Fills the templates in ``pages/``.

    Args:
        site: The name in the header of every page: the sender's.
        local: Whether this is the local page's site.
    """

    def __init__(self, site: str, *, local: bool) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(PAGES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(site=site, local=local)
        self._environment.filters.update(
            day=when.day, full_day=when.full_day, short_day=when.short_day, clock=when.clock
        )

    def show(self, name: str, status: int = 200, **values: object) -> HTMLResponse:
        """Return the page ``name`` filled with ``values``."""
        page = self._environment.get_template(f"{name}.html").render(values)
        return HTMLResponse(page, status)

    def say(self, title: str, *words: str, status: int = 200) -> HTMLResponse:
        """Return a page that only says something."""
        return self.show("say", status, title=title, words=words)
