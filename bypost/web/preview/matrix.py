"""Every mail by every persona: what each of them would stumble over, on one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bypost.content.personas import Persona
from bypost.errors import ContentError
from bypost.render.personalise import Personaliser
from bypost.web.preview.bench import Bench, choice_of
from bypost.web.preview.choice import Choice
from bypost.web.preview.mails import address_of
from bypost.web.preview.menu import PREFIX
from bypost.web.preview.person import values_of
from bypost.web.preview.session import Session
from bypost.web.preview.shelf import Entry, Folder

if TYPE_CHECKING:
    from bypost.check.matrix import Fault


@dataclass(frozen=True, slots=True)
class Cell:
    """One mail for one persona; no faults: it is fine."""

    persona: Persona
    faults: tuple[Fault, ...]
    address: str

    @property
    def level(self) -> str:
        """Return the heaviest level; empty where it is fine."""
        return str(self.faults[0].level) if self.faults else ""

    @property
    def sign(self) -> str:
        """Return what stands beside the words, so that colour says nothing alone."""
        return {"": "✓", "error": "✗"}.get(self.level, "▲")

    @property
    def words(self) -> str:
        """Return what is wrong in a few words."""
        return ", ".join(fault.short for fault in self.faults) or "fine"

    @property
    def more(self) -> str:
        """Return the whole of what is wrong; empty where it is fine."""
        return "; ".join(fault.words for fault in self.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One mail.

    Attributes:
        problem: Why it can be made for nobody; empty where it can.
    """

    entry: Entry
    address: str
    cells: tuple[Cell, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The mails of one course or newsletter, or the notices."""

    folder: Folder
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The whole matrix."""

    groups: tuple[Group, ...]

    @property
    def cells(self) -> list[Cell]:
        """Return all cells."""
        return [cell for group in self.groups for row in group.rows for cell in row.cells]

    @property
    def broken(self) -> int:
        """Return how many mails can be made for nobody."""
        return sum(bool(row.problem) for group in self.groups for row in group.rows)

    @property
    def wrong(self) -> int:
        """Return how many cells have a fault."""
        return sum(bool(cell.faults) for cell in self.cells)


class Matrix:
    """The page with the matrix."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def routes(self) -> list[BaseRoute]:
        """Return the addresses."""
        return [Route(f"{PREFIX}/matrix", self.show)]

    def show(self, request: Request) -> Response:
        """Show the matrix."""
        session = self._bench.session
        session.refresh()
        return self._bench.show(
            request,
            "preview_matrix",
            table=table(session, choice_of(request).at),
            personas=session.state.personas,
        )


def table(session: Session, at: str = "") -> Table:
    """Return the matrix of a project.

    Args:
        at: The moment at which all mails are taken to go out, as a page's address says it.
    """
    return Table(
        tuple(
            Group(folder, tuple(_row(session, entry, at) for entry in folder.entries))
            for folder in session.shelf.folders
        )
    )


def _row(session: Session, entry: Entry, at: str) -> Row:
    from bypost.check.matrix import failed, faults

    address = address_of(entry, Choice(at=at))
    try:
        content = session.content(entry)
    except ContentError as error:
        return Row(entry=entry, address=address, problem=failed(error).words)
    filler = Personaliser(content)
    cells = []
    for persona in session.state.personas:
        moment = Choice(at=at).instant(persona, session.clock)
        try:
            found = faults(content, values_of(session, entry, content, persona, moment), filler)
        except ContentError as error:
            found = (failed(error),)
        cells.append(Cell(persona, found, address_of(entry, Choice(at=at, persona=persona.key))))
    return Row(entry=entry, address=address, cells=tuple(cells))
