"""Imports: a file is put here, looked at, taken up with a word on consent, and taken back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from starlette.datastructures import UploadFile
from starlette.responses import FileResponse, Response

from bypost.admins.role import Role
from bypost.people import import_files
from bypost.people.columns import CHOICES, KNOWN, Reading, column_name, read_form
from bypost.people.undo_import import OPEN, is_alive
from bypost.store import Row, import_changes, imports
from bypost.web.desk.ask import Address, Ask
from bypost.web.desk.desk import PREFIX, Desk
from bypost.web.desk.import_jobs import ImportJobs

_ROWS = 25
_MB = 1_000_000
#: Room for the fields of the form beside the file.
_FORM_BYTES = 64 * 1024
#: Columns of a file for which another meaning can be chosen.
_MOST_COLUMNS = 60
#: Characters a statement on consent has at least.
_SHORTEST_NOTE = 10
_MOST_DIGITS = 18
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\]+")


class Imports:
    """The pages of imports."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._context = desk.context
        self._jobs = ImportJobs(desk.context)

    def addresses(self) -> Sequence[Address]:
        """Return what it answers at."""
        most = self._context.settings.import_.most_mb * _MB + _FORM_BYTES
        one = "/imports/{number}"
        return [
            Address("GET", "/imports", self.list),
            Address("POST", "/imports", self.take, Role.OPERATOR, most_bytes=most),
            Address("GET", one, self.show),
            Address("GET", f"{one}/bad-rows.csv", self.bad_rows),
            Address("POST", f"{one}/reading", self.read, Role.OPERATOR),
            Address("POST", f"{one}/apply", self.apply, Role.OPERATOR),
            Address("POST", f"{one}/discard", self.discard, Role.OPERATOR),
            Address("POST", f"{one}/count-undo", self.count_undo, Role.OPERATOR),
            Address("POST", f"{one}/undo", self.undo, Role.OPERATOR),
        ]

    def list(self, ask: Ask) -> Response:
        """Show imports, the last one first, and where a file can be put."""
        before = ask.number("before")
        with self._context.store.read() as connection:
            found = imports.page(connection, before=before, limit=_ROWS + 1)
        rows = found[:_ROWS]
        return self._desk.show(
            ask,
            "imports",
            rows=[(row, self._state(row)) for row in rows],
            older=f"{PREFIX}/imports?before={rows[-1]['id']}" if len(found) > _ROWS else "",
            newer=f"{PREFIX}/imports" if before is not None else "",
            most_mb=self._context.settings.import_.most_mb,
            encodings=_ENCODINGS,
        )

    def take(self, ask: Ask) -> Response:
        """Keep a file that was put here, and look at it."""
        file = ask.form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            return self._desk.say(ask, "No file came with that", "Choose one first.", status=400)
        now = self._context.clock.now()
        self._sweep(now)
        encoding = ask.text("encoding", 40)
        with self._context.store.write() as connection:
            number = imports.add(
                connection,
                path=f"desk/{_plain_name(file.filename)}",
                at=now,
                seen_at=now,
                state="uploaded",
                actor=ask.who.name[:120],
                reading={"encoding": encoding if encoding in CHOICES else "", "columns": {}},
            )
            self._desk.note(connection, ask, "import.upload", f"import:{number}")
        import_files.save_upload(self._context.root, number, file.file)
        self._jobs.review(number)
        return self._desk.done(ask, f"/imports/{number}")

    def _sweep(self, now: datetime) -> None:
        """Remove files that are old, and the records of those that were never taken up."""
        until = now - timedelta(days=self._context.settings.keep.imports_days)
        import_files.sweep(self._context.root, until)
        with self._context.store.write() as connection:
            for number in imports.never_applied(connection, until):
                imports.forget(connection, number)

    def show(self, ask: Ask) -> Response:
        """Show one import as it stands: its review, how far it is, or what it did."""
        row = self._find(ask)
        if row is None:
            return self._desk.gone(ask, "import")
        number, root = int(row["id"]), self._context.root
        with self._context.store.read() as connection:
            kept = import_changes.kept(connection, number)
        values: dict[str, Any] = {
            "row": row,
            "state": self._state(row),
            "counts": row["review"] if row["state"] == "reviewed" else row["summary"],
            "kept": kept,
            "review": import_files.read_review(root, number),
            "can_go_on": import_files.uploaded(root, number).is_file(),
            "has_bad_rows": import_files.set_aside(root, number).is_file(),
        }
        if ask.part:
            return self._desk.show(ask, "import_state", **values)
        return self._desk.show(
            ask,
            "import",
            columns=self._columns(row),
            meanings=_MEANINGS,
            encodings=_ENCODINGS,
            **values,
        )

    def _columns(self, row: Row) -> Sequence[tuple[str, str]]:
        """Return the columns of a file that is not taken up yet, with what each is read as."""
        path = import_files.uploaded(self._context.root, row["id"])
        if row["state"] not in {"uploaded", "reviewed"} or not path.is_file():
            return ()
        reading = _reading(row)
        form = read_form(path, Reading(encoding=reading.encoding))
        chosen = {column_name(name): ours for name, ours in reading.columns.items()}
        return [(name, chosen.get(name, name)) for name in form.found[:_MOST_COLUMNS] if name]

    def read(self, ask: Ask) -> Response:
        """Read a file in another way, and look at it again."""
        row = self._find(ask)
        if row is None or row["state"] not in {"uploaded", "reviewed"}:
            return self._desk.gone(ask, "import")
        encoding = ask.text("encoding", 40)
        columns = {}
        for place, (name, _) in enumerate(self._columns(row)):
            meaning = ask.text(f"column-{place}", 100)
            if meaning != name:
                columns[name] = "" if meaning == "-" else meaning
        reading = {"encoding": encoding if encoding in CHOICES else "", "columns": columns}
        with self._context.store.write() as connection:
            values = {"state": "uploaded", "reading": reading, "review": None, "trouble": ""}
            now = self._context.clock.now()
            imports.move(
                connection, row["id"], ("uploaded", "reviewed"), seen_at=now, rows_read=0, **values
            )
        self._jobs.review(row["id"])
        return self._desk.done(ask, f"/imports/{row['id']}")

    def apply(self, ask: Ask) -> Response:
        """Take up a file that was looked at, with the operator's statement of consent."""
        row = self._find(ask)
        if row is None:
            return self._desk.gone(ask, "import")
        number, now = int(row["id"]), self._context.clock.now()
        note = ask.text("note")
        if row["state"] == "reviewed" and len(note) < _SHORTEST_NOTE:
            words = "Say how and when these people agreed: it is kept as evidence with them."
            return self._desk.say(ask, "How did they agree?", words, status=400)
        broken_off = row["state"] == "failed" or (
            row["state"] == "running" and not is_alive(row, now)
        )
        values = {"state": "running", "seen_at": now, "trouble": "", "rows_read": 0}
        if not broken_off:
            values |= {"note": note, "at": now, "actor": ask.who.name[:120]}
        come_from = ("reviewed", "failed", *(("running",) if broken_off else ()))
        with self._context.store.write() as connection:
            moved = imports.move(connection, number, come_from, **values)
            if moved:
                self._desk.note(connection, ask, "import.apply", f"import:{number}")
        if not moved:
            return self._desk.say(ask, "This import cannot be applied now", status=409)
        self._jobs.apply(number)
        return self._desk.done(ask, f"/imports/{number}")

    def discard(self, ask: Ask) -> Response:
        """Remove a file that was not taken up."""
        row = self._find(ask)
        if row is None or row["state"] not in {"uploaded", "reviewed"}:
            return self._desk.gone(ask, "import")
        with self._context.store.write() as connection:
            imports.forget(connection, row["id"])
            self._desk.note(connection, ask, "import.discard", f"import:{row['id']}")
        import_files.remove_upload(self._context.root, row["id"])
        return self._desk.done(ask, "/imports", "The file is gone; nobody was changed.")

    def count_undo(self, ask: Ask) -> Response:
        """Find out what taking an import back would do."""
        row = self._find(ask)
        if row is None:
            return self._desk.gone(ask, "import")
        done = self._jobs.count_undo(row["id"])
        said = "" if done else "It is being counted. Load the page again in a moment."
        return self._desk.done(ask, f"/imports/{row['id']}", said)

    def undo(self, ask: Ask) -> Response:
        """Take an import back."""
        row = self._find(ask)
        if row is None:
            return self._desk.gone(ask, "import")
        if not ask.typed(f"undo {row['id']}"):
            words = f"To take it back, type `undo {row['id']}`."
            return self._desk.say(ask, "Nothing was taken back", words, status=400)
        with self._context.store.write() as connection:
            now = self._context.clock.now()
            moved = self._state(row) != "running" and imports.move(
                connection, row["id"], OPEN, state="undoing", seen_at=now, trouble=""
            )
        if not moved:
            return self._desk.say(ask, "This import cannot be taken back now", status=409)
        self._jobs.undo(row["id"], ask.who.name)
        return self._desk.done(ask, f"/imports/{row['id']}")

    def bad_rows(self, ask: Ask) -> Response:
        """Return the rows that were set aside, as a file to mend."""
        row = self._find(ask)
        path = import_files.set_aside(self._context.root, row["id"]) if row is not None else None
        if path is None or not path.is_file():
            return self._desk.gone(ask, "file")
        return FileResponse(path, media_type="text/csv; charset=utf-8", filename=path.name)

    def _find(self, ask: Ask) -> Row | None:
        text = str(ask.path["number"])
        if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
            return None
        with self._context.store.read() as connection:
            return imports.by_id(connection, int(text))

    def _state(self, row: Row) -> str:
        """Return how an import stands; one without a sign of life has broken off."""
        state: str = row["state"]
        if state in {"running", "undoing"} and not is_alive(row, self._context.clock.now()):
            return "broken off"
        return "reading" if state == "uploaded" and not row["trouble"] else state


def _reading(row: Row) -> Reading:
    chosen: Mapping[str, Any] = row["reading"] or {}
    return Reading(chosen.get("encoding", ""), chosen.get("columns", {}))


def _plain_name(name: str) -> str:
    """Return the last part of a file's name, as it may stand in a list."""
    return _UNFIT.sub(" ", PurePath(name.replace("\\", "/")).name).strip()[:200] or "file"


_ENCODINGS = [("", "as the file says, else UTF-8"), *((name, name) for name in CHOICES[1:])]
_MEANINGS = [("-", "leave it out"), *((name, name) for name in KNOWN)]
