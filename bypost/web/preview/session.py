"""A project under the author's hands: what its files say now, and what was last sound of them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from bypost.check.finding import Finding, from_problem
from bypost.content.personas import Persona
from bypost.errors import ContentError, Problem, SettingsError
from bypost.model.asset import Asset
from bypost.model.content import Content
from bypost.model.course import Course
from bypost.render.personalise import Rendered
from bypost.web.preview import press
from bypost.web.preview.press import Press
from bypost.web.preview.shelf import Entry, Shelf, shelve
from bypost.web.preview.state import Signature, State, read, settings_problems, signature_of
from scheduler.clock import Clock, SystemClock

if TYPE_CHECKING:
    from bypost.check.memory import Memory
    from bypost.check.run import Examined


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A mail as the page shows it.

    Attributes:
        mail: With the marks of its lines; None where it never was sound since the start.
        problems: Why ``mail`` is not what the files say now; empty where it is.
        last_good: When the mail that is shown instead was made; None where it is the newest.
    """

    mail: Rendered | None
    problems: tuple[Problem, ...] = ()
    last_good: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Good:
    """The last version of a mail that could be made."""

    entry: Entry
    content: Content
    next_title: str
    at: datetime


class Session:
    """The state of a project, read anew when its files change; safe from several threads.

    Args:
        root: The project's folder.
        clock: The system's by default.

    Attributes:
        state: What the files say.
        shelf: The mails of it.
        born: Tells this session from the ones before it, to pages that outlive them.
        version: Counts up with each change of the files.
        examined: What the last check made of the version ``checked``; None before the first.
        findings: What it said; checks come later than files.
    """

    def __init__(self, root: Path, *, clock: Clock | None = None) -> None:
        self.root = root.resolve()
        self.clock = clock or SystemClock()
        self.born = f"{self.clock.now().timestamp():.3f}"
        self.version = 1
        self.checked = 0
        self.examined: Examined | None = None
        self.findings: tuple[Finding, ...] = ()
        self.state: State = read(self.root)
        self.shelf: Shelf = shelve(self.root, self.state.library)
        self._press = Press()
        self._good: dict[str, _Good] = {}
        self._failed: dict[str, tuple[Problem, ...]] = {}
        self._seen = self.state.signature
        self._memory: Memory | None = None
        self._lock = threading.RLock()
        self._examining = threading.Lock()

    def refresh(self) -> bool:
        """Read what changed; return whether anything did."""
        if signature_of(self.root) == self.state.signature:
            return False
        with self._lock:
            self.state = read(self.root, self.state)
            self.shelf = shelve(self.root, self.state.library, self.shelf)
            self.version += 1
        return True

    def persona(self, key: str) -> Persona:
        """Return a persona by its key; the first one for a key that nobody has."""
        personas = self.state.personas
        return next((one for one in personas if one.key == key), personas[0])

    def content(self, entry: Entry, *, lines: bool = False) -> Content:
        """Return a mail compiled, with or without the marks of its lines.

        Raises:
            ContentError: with everything that is wrong in it.
        """
        with self._lock:
            return self._press.content(self.state, entry, lines=lines)

    def rendered(
        self, entry: Entry, persona: Persona, at: datetime, *, lines: bool = False
    ) -> Rendered:
        """Return a mail as ``persona`` gets it at the instant ``at``.

        Raises:
            ContentError: it cannot be compiled, or not be made for them.
        """
        content = self.content(entry, lines=lines)
        title = self._next_title(entry, content)
        return press.rendered(self.state, entry, content, persona, at, title)

    def mjml(self, entry: Entry) -> str:
        """Return the MJML that a mail is made from, with expressions where values go.

        Raises:
            ContentError: with everything that is wrong in it.
        """
        with self._lock:
            return self._press.mjml(self.state, entry)

    def asset(self, name: str) -> Asset | None:
        """Return an image of a mail that was looked at."""
        with self._lock:
            return self._press.asset(name)

    def picture(self, entry: Entry, persona: Persona, at: datetime) -> Picture:
        """Return what to show of a mail: the newest version, or the last that was sound."""
        try:
            content = self.content(entry, lines=True)
            title = self._next_title(entry, content)
            mail = press.rendered(self.state, entry, content, persona, at, title)
        except ContentError as error:
            reasons = self._failed[entry.path] = self._reasons(entry, error)
            return self._former(entry, persona, at, reasons)
        self._failed.pop(entry.path, None)
        self._good[entry.path] = _Good(entry, content, title, self.clock.now())
        return Picture(mail=mail, problems=self.state.problems)

    def examine(self) -> None:
        """Run all checks on the project as it stands; takes a second or so."""
        from bypost.check.levels import AS_THEY_ARE, levels_of
        from bypost.check.memory import Memory
        from bypost.check.run import examine

        with self._examining:
            version, state, settings = self.version, self.state, self.state.settings
            self._memory = self._memory or Memory()
            found: tuple[Finding, ...] = ()
            try:
                levels = levels_of(settings.check)
            except SettingsError as error:
                levels = AS_THEY_ARE
                found = tuple(map(from_problem, settings_problems(str(error))))
            self.examined = examine(
                self.root,
                sender=state.sender,
                base_url=settings.site.base_url,
                # The same for as long as may be: what was made for it need not be made again.
                now=self.clock.now().replace(minute=0, second=0, microsecond=0),
                clients=settings.check.clients,
                levels=levels,
                theme=settings.theme.theme(),
                memory=self._memory,
            )
            wrong = map(from_problem, state.problems)
            self.findings = tuple(dict.fromkeys((*found, *wrong, *self.examined.findings)))
            self._seen, self.checked = state.signature, version

    def told(self) -> Sequence[Finding]:
        """Return what is known to be wrong: the last findings, and what was noticed since."""
        if self.checked == self.version:
            return self.findings
        broken = self.state.library.broken.values()
        since = (*self.state.problems, *chain(*broken), *chain(*self._failed.values()))
        changed = _changed(self._seen, self.state.signature)
        before = (one for one in self.findings if one.path not in changed)
        return list(dict.fromkeys((*map(from_problem, since), *before)))

    def _next_title(self, entry: Entry, content: Content) -> str:
        """Return the heading of the lesson that follows, where the mail names it."""
        if "next.title" not in content.needs or not isinstance(entry.series, Course):
            return ""
        entries = [other for other in self.shelf.entries if other.series is entry.series]
        place = next((i for i, other in enumerate(entries) if other.path == entry.path), -1)
        try:
            return self.content(entries[place + 1], lines=True).title
        except (IndexError, ContentError):
            return ""

    def _former(
        self, entry: Entry, persona: Persona, at: datetime, problems: tuple[Problem, ...]
    ) -> Picture:
        good = self._good.get(entry.path)
        if good is None:
            return Picture(mail=None, problems=problems)
        try:
            mail = press.rendered(
                self.state, good.entry, good.content, persona, at, good.next_title
            )
        except ContentError:
            return Picture(mail=None, problems=problems)
        return Picture(mail=mail, problems=problems, last_good=good.at)

    def _reasons(self, entry: Entry, error: ContentError) -> tuple[Problem, ...]:
        """Return why a mail cannot be made: files that every mail depends on come first."""
        if entry.item is not None:
            return (*self.state.problems, *error.problems)
        # A file that cannot be read: what the loader said of it says more than the compiler can.
        broken = self.state.library.broken.get(entry.path.rpartition("/")[0], ())
        found = (*self.state.problems, *_near(broken, entry.path))
        return found or tuple(error.problems)


def _changed(before: Signature, after: Signature) -> set[str]:
    """Return the files that are not as they were."""
    old, new = (set(chain(*signature.values())) for signature in (before, after))
    return {path for path, _, _ in old ^ new}


def _near(problems: Sequence[Problem], path: str) -> Sequence[Problem]:
    """Return those of a file; where there are none, those of its whole folder."""
    return [one for one in problems if one.path == path] or problems
