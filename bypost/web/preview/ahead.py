"""The inbox over time, worked out: a course is rehearsed for one persona, in the background."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from bypost.check.timeline import Head, Timeline, beginning, timeline
from bypost.content.loader import load_project_content
from bypost.content.personas import Persona
from bypost.delivery.context import Context
from bypost.delivery.rehearsal import Rehearsal, Sent, enroll_personas
from bypost.delivery.run import Pass
from bypost.errors import ByPostError, Problem
from bypost.model.content import full_name
from bypost.project import open_rehearsal
from bypost.store import pages
from bypost.store.scratch import Scratch
from bypost.web.mailbox import Mail, Mailbox
from bypost.web.preview.state import signature_of
from bypost.web.when import zone_of

#: A course that has not ended by then is shown until then.
LONGEST = timedelta(days=366)
#: Newsletters alone have no end; their issues are looked for within this.
WITHOUT_COURSE = timedelta(days=60)
#: Steps after which a rehearsal is given up: a mistake must not keep a machine busy.
_MOST_STEPS = 2_000
#: Personas and days whose inboxes are remembered.
_MOST_KEPT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """Who goes through the courses, and from when on.

    Attributes:
        start: The instant at which the persona is there; they join ``joined_days`` later.
    """

    persona: Persona
    start: datetime

    @property
    def joined(self) -> datetime:
        """Return when they confirm, in their zone."""
        return (self.start + timedelta(days=self.persona.joined_days)).astimezone(
            zone_of(self.persona.time_zone)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a rehearsal showed.

    Attributes:
        mails: Name (``course/lesson``) -> the mail itself.
        held: Folders that send nothing as they stand, and why.
        trouble: Why nothing could be worked out; empty if it could.
        former: Whether this is an earlier, sound state of the files.
    """

    timeline: Timeline
    mails: Mapping[str, Mail] = field(default_factory=dict)
    held: Mapping[str, Sequence[Problem]] = field(default_factory=dict)
    trouble: str = ""
    former: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What can be shown now; ``working`` where something newer is on its way."""

    outcome: Outcome | None
    working: bool


class _Stopped(Exception):
    """Nobody waits for this rehearsal any more."""


@dataclass(slots=True)
class _Work:
    """One rehearsal, in a thread of its own."""

    journey: Journey
    state: object
    before: Outcome | None
    done: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    outcome: Outcome | None = None


class Ahead:
    """Rehearses when asked, and again when the content changed; remembers what it found.

    Args:
        root: The project's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._works: dict[tuple[str, datetime], _Work] = {}
        self._threads: list[threading.Thread] = []
        #: One at a time: each keeps a processor busy.
        self._turn = threading.Lock()
        self._closing = False

    def ask(self, journey: Journey, patience: timedelta = timedelta(milliseconds=300)) -> Answer:
        """Return the inbox of a journey, or the last good one while it is being worked out."""
        work = self._current(journey)
        if work.done.wait(patience.total_seconds()):
            return Answer(work.outcome, working=False)
        return Answer(work.before, working=True)

    def close(self) -> None:
        """Stop every rehearsal; their folders are gone when this returns."""
        with self._lock:
            self._closing = True
            for work in self._works.values():
                work.stop.set()
            threads = self._threads
        for thread in threads:
            thread.join(10)

    def _current(self, journey: Journey) -> _Work:
        """Return the rehearsal of the present state, begun if need be."""
        place, state = (journey.persona.key, journey.start), signature_of(self._root)
        with self._lock:
            work = self._works.pop(place, None)
            if work is None or (work.journey, work.state) != (journey, state):
                work = self._begin(journey, state, work)
            self._works[place] = work  # the newest stands last
            while len(self._works) > _MOST_KEPT:
                self._works.pop(next(iter(self._works))).stop.set()
            return work

    def _begin(self, journey: Journey, state: object, old: _Work | None) -> _Work:
        before = None
        if old is not None:
            old.stop.set()
            before = old.outcome or old.before
        work = _Work(journey, state, before)
        if self._closing:
            work.done.set()
            return work
        thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._threads = [*(one for one in self._threads if one.is_alive()), thread]
        thread.start()
        return work

    def _run(self, work: _Work) -> None:
        try:
            with self._turn:
                found = _rehearse(self._root, work.journey, work.stop)
            work.outcome = _kept(found, work.before)
        except _Stopped:
            work.outcome = work.before
        except (ByPostError, OSError) as error:
            empty = Timeline(joined=work.journey.joined)
            work.outcome = _kept(Outcome(timeline=empty, trouble=str(error)), work.before)
        finally:
            work.done.set()


def _kept(found: Outcome, before: Outcome | None) -> Outcome:
    """Return what to show: the last good inbox while a course is broken, with what is wrong."""
    if before is None or not (found.held or found.trouble) or (before.held and not before.former):
        return found
    return replace(before, held=found.held, trouble=found.trouble, former=True)


def _rehearse(root: Path, journey: Journey, stop: threading.Event) -> Outcome:
    """Go through all courses on a simulated clock, into a folder that is gone at the end."""
    if stop.is_set():
        raise _Stopped
    with (
        Scratch("preview") as folder,
        open_rehearsal(root, folder, start=journey.start) as context,
    ):
        library = load_project_content(root)
        enroll_personas(
            context,
            [journey.persona],
            [course.id for course in library.courses],
            [newsletter.id for newsletter in library.newsletters],
        )
        rehearsal = Rehearsal(context, csv=False)
        far = LONGEST if library.courses else WITHOUT_COURSE
        ended = _go(rehearsal, journey.joined + far, stop, courses=bool(library.courses))
        sent = rehearsal.sent()
        mails = _mails(sent, Mailbox(folder / "outbox"))
        heads = {mail.ref: _head(mails[_name(mail)]) for mail in sent}
        return Outcome(
            timeline=timeline(sent, heads, library, joined=journey.joined, ended=ended),
            mails=mails,
            held=Pass(context, csv=False).status().held,
        )


def _go(rehearsal: Rehearsal, until: datetime, stop: threading.Event, *, courses: bool) -> bool:
    """Step to the end of the courses; return whether they came to it before ``until``."""
    rehearsal.start()
    for _ in range(_MOST_STEPS):
        if stop.is_set():
            raise _Stopped
        if courses and not _on_courses(rehearsal.context):
            return True
        at = rehearsal.next_at()
        if at is None or at >= until:
            return not courses
        rehearsal.step()
    return False


def _on_courses(context: Context) -> int:
    with context.store.read() as connection:
        return pages.people_on_courses(connection)


def _name(mail: Sent) -> str:
    return full_name(mail.collection, mail.item)


def _mails(sent: Sequence[Sent], box: Mailbox) -> dict[str, Mail]:
    """Read the mails into memory: the folder goes."""
    found = ((_name(one), box.mail(one.ref)) for one in sent)
    return {name: mail for name, mail in found if mail is not None}


def _head(mail: Mail) -> Head:
    return Head(
        sender=dict(mail.headers).get("From", "").partition(" <")[0].strip('" '),
        subject=mail.entry.subject,
        preheader=beginning(mail.html or mail.text),
    )
