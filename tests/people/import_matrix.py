"""The matrix of an import: what every old state becomes under every word in ``status``.

    python -m tests.people.import_matrix

prints the table; ``docs/imports.md`` has the same one, and a test keeps the two equal.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bypost.store import Store
from tests import kept
from tests.people.desk import Desk

#: What stands in the column, by the words of the table; None: there is no such column.
VALUES: dict[str, str | None] = {
    "`confirmed`": "confirmed",
    "blank": "",
    "no column": None,
    "`unconfirmed`": "unconfirmed",
    "`left`": "left",
    "`bounced`": "bounced",
    "`complained`": "complained",
    "`true`, `false`, junk": "true",
}
_ROW = "ana@example.org,Ana,{status},alpha"


def nobody(_desk: Desk) -> None:
    """Nobody is there."""


def unconfirmed(desk: Desk) -> None:
    """They never confirmed."""
    _take_up(desk, "unconfirmed")


def confirmed(desk: Desk) -> None:
    """They are on the course."""
    _take_up(desk, "confirmed")


def left_the_course(desk: Desk) -> None:
    """They left the course that the row names."""
    confirmed(desk)
    desk.leave("alpha")


def left_everything(desk: Desk) -> None:
    """They left everything."""
    confirmed(desk)
    desk.leave_everything()


def bounced(desk: Desk) -> None:
    """Their mail came back."""
    confirmed(desk)
    desk.suppress("bounced")


def complained(desk: Desk) -> None:
    """They complained."""
    confirmed(desk)
    desk.suppress("complained")


def erased(desk: Desk) -> None:
    """They were erased."""
    confirmed(desk)
    desk.erase()


STATES: dict[str, Callable[[Desk], None]] = {
    "nobody": nobody,
    "unconfirmed": unconfirmed,
    "confirmed, on the course": confirmed,
    "left the course": left_the_course,
    "left everything": left_everything,
    "bounced": bounced,
    "complained": complained,
    "erased": erased,
}
#: States from which nobody ever gets mail again by an import.
GONE = frozenset({"left the course", "left everything", "bounced", "complained", "erased"})


def _take_up(desk: Desk, status: str) -> None:
    desk.sync(f"email,name,status,courses\n{_ROW.format(status=status)}\n", file="before.csv")


def outcome(desk: Desk, state: str, value: str | None) -> str:
    """Bring somebody into a state, take a row up, and say where they stand."""
    STATES[state](desk)
    columns = ["email", "name", "courses"] if value is None else ["email", "name", "status"]
    cells = ["ana@example.org", "Ana"]
    cells += ["alpha"] if value is None else [value, "alpha"]
    columns += [] if value is None else ["courses"]
    summary = desk.sync(f"{','.join(columns)}\n{','.join(cells)}\n", file="matrix.csv")
    words = stands(desk)
    if summary.spoiled:
        return f"{words}; bad row"
    if summary.refused:
        return f"{words}; refused"
    return words


def stands(desk: Desk) -> str:
    """Return where somebody stands, in words."""
    if reason := desk.suppressed():
        return {"left": "gets nothing", "bounced": "bounced", "complained": "complained"}[reason]
    person = desk.person()
    if person is None:
        return "nobody"
    course = desk.on().get("course:alpha")
    if course == "active":
        return "on the course"
    return "not on the course" if course == "left" else str(person["status"])


def table(fresh: Callable[[], Desk]) -> list[list[str]]:
    """Return the whole matrix, with its first line."""
    rows = [
        [state, *(outcome(fresh(), state, value) for value in VALUES.values())] for state in STATES
    ]
    return [["Before", *VALUES], *rows]


def as_markdown(rows: list[list[str]]) -> str:
    """Return a table as it stands in the docs."""
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> None:
    """Print the matrix."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        empty = kept.empty_database(folder)
        made: list[Store] = []

        def fresh() -> Desk:
            place = folder / str(len(made))
            place.mkdir()
            shutil.copy(empty, place / "people.db")
            made.append(Store("sqlite:///people.db", root=place))
            return Desk(place, made[-1])

        sys.stdout.write(f"{as_markdown(table(fresh))}\n")
        for store in made:
            store.close()


if __name__ == "__main__":
    main()
