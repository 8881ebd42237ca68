"""Pages: what subscribers reach from their mails, and the page of ``bypost serve --local``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bypost.web.site import make_site
    from bypost.web.ticks import Ticks

__all__ = ["Ticks", "make_site"]


def __getattr__(name: str) -> Any:
    """Load the site when it is asked for: the author's bench lives here too, and starts without."""
    if name == "make_site":
        from bypost.web.site import make_site

        return make_site
    if name == "Ticks":
        from bypost.web.ticks import Ticks

        return Ticks
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
