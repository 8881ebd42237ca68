"""Whom an edit of a mail still reaches, in one sentence, where there is a database to ask."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bypost.errors import StoreError
from bypost.model.course import Course, Newsletter
from bypost.model.quantity import quantity
from bypost.web.preview.bench import Bench
from bypost.web.preview.menu import PREFIX
from bypost.web.preview.session import Session
from bypost.web.preview.shelf import Entry

if TYPE_CHECKING:
    from bypost.store.impact import Impact

PAGE = f"{PREFIX}/impact"
NOBODY_YET = "There is no database here: nobody has had anything, and an edit reaches everybody."


class Impacts:
    """Says of a mail who has it; the pages of mails fetch that once they are there."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        #: One at a time: among many people a question takes a third of a second.
        self._turn = threading.Lock()

    def routes(self) -> list[BaseRoute]:
        """Return the addresses."""
        return [Route(f"{PAGE}/{{path:path}}", self.show)]

    def show(self, request: Request) -> Response:
        """Show the sentence on a page; the page of the mail takes it from there."""
        session = self._bench.session
        session.refresh()
        entry = session.shelf.find(request.path_params["path"])
        if entry is None:
            return self._bench.gone(request)
        with self._turn:
            said = sentence(session, entry)
        return self._bench.show(request, "preview_impact", entry=entry, said=said)


def sentence(session: Session, entry: Entry) -> str:
    """Return e.g. "37 people have this lesson already; an edit reaches 112."."""
    if not isinstance(entry.series, Course | Newsletter) or entry.item is None:
        return "A notice goes out when somebody asks for it; an edit reaches whoever asks next."
    try:
        found = _impact(session, entry)
    except StoreError as error:
        return f"The database cannot be asked: {str(error).partition(chr(10))[0]}"
    return words(found, entry.kind) if found else NOBODY_YET


def words(impact: Impact, kind: str) -> str:
    """Return an impact as a sentence.

    Args:
        kind: ``lesson`` or ``issue``.
    """
    has = "has" if impact.had == 1 else "have"
    have = f"{quantity(impact.had, 'person')} {has} this {kind} already"
    if not impact.had:
        have = f"Nobody has this {kind} yet"
    way = (
        f", and it is on its way to {quantity(impact.on_its_way, 'person')}"
        if impact.on_its_way
        else ""
    )
    return f"{have}{way}; an edit reaches {f'{impact.ahead:,}' if impact.ahead else 'nobody'}."


def _impact(session: Session, entry: Entry) -> Impact | None:
    """Ask the database; None where there is none."""
    from bypost.store import Store, impact

    settings = session.state.settings
    store = Store(settings.database.url, root=session.root)
    if not store.exists() or entry.series is None or entry.item is None:
        return None
    try:
        with store.read() as connection:
            if isinstance(entry.series, Newsletter):
                return impact.of_issue(connection, entry.series.id, entry.item.id)
            ids = [lesson.id for lesson in entry.series.lessons]
            return impact.of_lesson(connection, entry.series.id, ids[ids.index(entry.item.id) :])
    finally:
        store.close()
