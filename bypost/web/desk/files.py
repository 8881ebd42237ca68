"""The project's files as the desk shows, checks and tests them."""

from __future__ import annotations

import threading
from functools import cached_property

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from bypost.check.finding import Finding, Level
from bypost.check.scope import scope, within
from bypost.content.loader import Library
from bypost.delivery.context import Context
from bypost.delivery.marked import Handed, MarkedTests
from bypost.settings import Settings
from bypost.web.desk.ask import Ask
from bypost.web.guard import mail_policy
from bypost.web.preview.choice import SCHEMES, Choice
from bypost.web.preview.frame import framed
from bypost.web.preview.session import Session
from bypost.web.preview.shelf import Entry
from bypost.web.preview.try_out import hand_over, marked_tests


class Files:
    """Reads the files when they changed; shared by all pages.

    A path is that of a lesson or an issue, from the project's folder.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._tests: tuple[Settings, MarkedTests] | None = None

    @cached_property
    def session(self) -> Session:
        """Return the project."""
        return Session(self._context.root, clock=self._context.clock)

    @property
    def library(self) -> Library:
        """Return what the files say now."""
        self.session.refresh()
        return self.session.state.library

    def mail(self, path: str) -> Entry | None:
        """Return the mail of a file."""
        return self.session.shelf.find(path)

    def text(self, path: str) -> str:
        """Return a file as it was written."""
        return (self.session.root / path).read_text(encoding="utf-8-sig", errors="replace")

    def frame(self, ask: Ask, path: str, assets: str) -> Response:
        """Return the mail of a file for a frame, where nothing of it can run.

        Args:
            ask: May name a ``persona`` and a ``scheme``.
            assets: Where the desk has the pictures of the mail.
        """
        entry = self.mail(path)
        persona = self.session.persona(ask.query.get("persona", ""))
        at = Choice().instant(persona, self.session.clock)
        mail = self.session.picture(entry, persona, at).mail if entry else None
        if mail is None:
            return PlainTextResponse("It cannot be shown: see the checks.\n", 404)
        scheme = ask.query.get("scheme", "")
        ours = f"{self.session.state.settings.site.base_url}/assets/"
        html = framed(mail.html, Choice(), scheme if scheme in SCHEMES else "light", assets=ours)
        html = html.replace('"/preview/assets/', f'"{assets}')
        return HTMLResponse(html, headers={"Content-Security-Policy": mail_policy()})

    def asset(self, ask: Ask) -> Response:
        """Return a picture of a mail that was looked at."""
        asset = self.session.asset(ask.path["asset"])
        if asset is None:
            return PlainTextResponse("There is no such image.\n", 404)
        return Response(asset.data, media_type=asset.media_type)

    def findings(self, path: str) -> list[Finding]:
        """Return what `bypost check` finds in a file; takes a second after a change."""
        session = self.session
        session.refresh()
        if session.checked != session.version or session.examined is None:
            session.examine()
        return list(within(session.findings, scope(session.root, [session.root / path])))

    def errors(self, path: str) -> list[Finding]:
        """Return the findings that keep an issue from being scheduled."""
        return [one for one in self.findings(path) if one.level is Level.ERROR]

    def send_test(self, entry: Entry, to: str, key: str = "") -> Handed:
        """Send a mail as a marked test; raises ByPostError where it is not sent.

        Args:
            key: The persona as whom.
        """
        session = self.session
        persona = session.persona(key)
        at = Choice().instant(persona, session.clock)
        return hand_over(session, self._current(), entry, persona, at, to)

    def _current(self) -> MarkedTests:
        """Return what sends tests; kept, because it counts how many leave."""
        settings = self.session.state.settings
        with self._lock:
            if self._tests is None or self._tests[0] != settings or self.session.state.problems:
                self._tests = settings, marked_tests(self.session)
            return self._tests[1]
