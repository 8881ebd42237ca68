"""Pages: what subscribers reach from their mails, and the page of ``bypost serve --local``."""

from bypost.web.site import make_site
from bypost.web.ticks import Ticks

__all__ = ["Ticks", "make_site"]
