"""The project's files as the desk's pages about issues show, check and test them."""

from __future__ import annotations

import threading
from functools import cached_property

from bypost.check.finding import Finding, Level
from bypost.check.scope import scope, within
from bypost.content.loader import Library
from bypost.delivery.issue_find import Found, find
from bypost.delivery.marked import Handed, MarkedTests
from bypost.settings import Settings
from bypost.store import Connection
from bypost.web.desk.ask import Ask
from bypost.web.desk.desk import Desk
from bypost.web.preview.choice import Choice
from bypost.web.preview.frame import framed
from bypost.web.preview.session import Picture, Session
from bypost.web.preview.shelf import Entry
from bypost.web.preview.try_out import hand_over, marked_tests


class IssueBench:
    """Reads the files when they changed; shared by all pages about issues."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._tests: tuple[Settings, MarkedTests] | None = None

    @cached_property
    def session(self) -> Session:
        """Return the project."""
        return Session(self._desk.context.root, clock=self._desk.context.clock)

    @property
    def library(self) -> Library:
        """Return what the files say now."""
        self.session.refresh()
        return self.session.state.library

    def find(self, connection: Connection, ask: Ask) -> Found:
        """Return the issue that an address names.

        Raises:
            SettingsError: There is none.
        """
        name = f"{ask.path['newsletter']}/{ask.path['issue']}"
        return find(self._desk.context, connection, name, self.library)

    def entry(self, found: Found) -> Entry | None:
        """Return the mail of an issue."""
        return self.entry_at(found.written.source.path)

    def entry_at(self, path: str) -> Entry | None:
        """Return the mail of a file."""
        return self.session.shelf.find(path)

    def picture(self, entry: Entry, key: str = "") -> Picture:
        """Return the mail as a persona gets it now."""
        persona = self.session.persona(key)
        return self.session.picture(entry, persona, Choice().instant(persona, self.session.clock))

    def frame(self, html: str, scheme: str, assets: str) -> str:
        """Return a mail's HTML for a frame.

        Args:
            assets: Where the desk has the pictures of the mail.
        """
        ours = f"{self.session.state.settings.site.base_url}/assets/"
        plain = framed(html, Choice(), scheme, assets=ours)
        return plain.replace('"/preview/assets/', f'"{assets}')

    def text(self, found: Found) -> str:
        """Return the file as it was written."""
        path = self.session.root / found.written.source.path
        return path.read_text(encoding="utf-8-sig", errors="replace")

    def findings(self, found: Found) -> list[Finding]:
        """Return what `bypost check` finds in the issue's file."""
        return self.findings_at(found.written.source.path)

    def findings_at(self, path: str) -> list[Finding]:
        """Return what `bypost check` finds in a file; takes a second after a change."""
        session = self.session
        session.refresh()
        if session.checked != session.version or session.examined is None:
            session.examine()
        return list(within(session.findings, scope(session.root, [session.root / path])))

    def errors(self, found: Found) -> list[Finding]:
        """Return the findings that keep an issue from being scheduled."""
        return [one for one in self.findings(found) if one.level is Level.ERROR]

    def send_test(self, entry: Entry, to: str, key: str = "") -> Handed:
        """Send an issue as a marked test; raises ByPostError where it is not sent."""
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
