"""What the pages of the bench share: the project, the templates, the news; and how one is shown."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from bypost.web.pages import Pages
from bypost.web.preview import problems
from bypost.web.preview.choice import Choice, read_choice
from bypost.web.preview.live import Live, stamp_of
from bypost.web.preview.menu import MENU
from bypost.web.preview.session import Session
from bypost.web.preview.wording import coded


class Bench:
    """The author's bench of one project.

    Args:
        root: The project's folder; read with the first page.
        mailbox: Whether the local page stands beside it.

    Attributes:
        at_end: What pages have to put away when the server stops.
    """

    def __init__(self, root: Path, *, mailbox: bool = False) -> None:
        self._root = root
        self.mailbox = mailbox
        self.at_end: list[Callable[[], None]] = []
        self._session: Session | None = None
        self._lock = threading.Lock()

    @property
    def session(self) -> Session:
        """Return the project, as it was read last."""
        with self._lock:
            if self._session is None:
                self._session = Session(self._root)
            return self._session

    @cached_property
    def live(self) -> Live:
        """Return what tells pages about changes."""
        return Live(self.session)

    @cached_property
    def pages(self) -> Pages:
        """Return the templates."""
        return Pages(self.session.state.sender, local=True, menu=list)

    def close(self) -> None:
        """Let open pages go: the server stops."""
        if self._session is not None:
            self.live.close()
        for put_away in self.at_end:
            put_away()

    def show(
        self, request: Request, template: str, *, status: int = 200, **values: object
    ) -> Response:
        """Return a page of the bench, with the list of mails at its side.

        Args:
            template: A name in ``pages/`` whose page extends ``preview.html``.
        """
        session, choice = self.session, choice_of(request)
        found = session.told()
        page = self.pages.show(
            template,
            status,
            None,
            choice=choice,
            shelf=session.shelf,
            counts=problems.counts(found),
            clean=problems.Count(),
            total=problems.count(found),
            stamp=stamp_of(session),
            checking=session.checked != session.version,
            pages=MENU,
            mailbox=self.mailbox,
            coded=coded,
            here=request.url.path,
            **values,
        )
        page.background = BackgroundTask(self.live.check)
        return page

    def gone(self, request: Request) -> Response:
        """Say that there is no such page."""
        return self.show(request, "preview_gone", status=404)


def choice_of(request: Request) -> Choice:
    """Return what the address of a request asks to see."""
    return read_choice(request.query_params.multi_items())
