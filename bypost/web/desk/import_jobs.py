"""What takes longer than a page may: reading a file, taking it up, taking it back.

One thread at a time, and its state stands in the database: a page asks there how far it is, and
after a restart it says that something broke off. Nothing is lost by that: each chunk was written
whole, and the same file taken up again goes on where it stopped.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bypost.admins import audit
from bypost.delivery.context import Context
from bypost.delivery.publish import Published
from bypost.delivery.run import importer
from bypost.errors import ByPostError
from bypost.people import import_files
from bypost.people.columns import Reading
from bypost.people.import_csv import Importer
from bypost.people.undo_import import Undoing, Undone
from bypost.store import Connection, Row, imports

_LOG = logging.getLogger(__name__)
#: Seconds a page waits for a job that may be short, before it says that it is under way.
_PATIENCE_S = 0.2


class ImportJobs:
    """Runs jobs, one after the other."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._turn = threading.Lock()

    def review(self, number: int) -> bool:
        """Make the dry run of a file that was put here; return whether it is done already."""
        return self._start(number, self._review)

    def apply(self, number: int) -> bool:
        """Take a file up that was reviewed; return whether it is done already."""
        return self._start(number, self._apply)

    def count_undo(self, number: int) -> bool:
        """Find out what taking an import back would do; return whether it is done already."""
        return self._start(number, self._count_undo)

    def undo(self, number: int, who: str) -> bool:
        """Take an import back; return whether it is done already."""
        return self._start(number, lambda row: self._undo(row, who))

    def _start(self, number: int, job: Callable[[Row], None]) -> bool:
        thread = threading.Thread(target=self._run, args=(number, job), daemon=True)
        thread.start()
        thread.join(_PATIENCE_S)
        return not thread.is_alive()

    def _run(self, number: int, job: Callable[[Row], None]) -> None:
        with self._turn:
            with self._context.store.read() as connection:
                row = imports.by_id(connection, number)
            if row is None:
                return
            try:
                job(row)
            except ByPostError as error:
                # It names the file as it is kept here, and not as the operator knows it.
                self._fail(row, str(error).splitlines()[0].removeprefix(f"{number}.csv:1: "))
            except Exception:  # noqa: BLE001 - whatever it was, its page must not wait for ever
                _LOG.exception("import %d broke off", number)
                self._fail(row, "a fault of the program; the log says more")

    def _fail(self, row: Row, trouble: str) -> None:
        """Write down why nothing came of it; what was not begun stays as it was."""
        state = {"running": "failed", "undoing": "done"}.get(row["state"], row["state"])
        self._change(row["id"], state=state, trouble=trouble[:400])

    def _change(self, number: int, **values: Any) -> None:
        with self._context.store.write() as connection:
            imports.change(connection, number, **values)

    def _importer(self, row: Row, *, dry: bool) -> Importer:
        context = self._context
        known = import_files.known_names(context.root)
        names = Published(known_courses=known.courses, known_newsletters=known.newsletters)
        chosen = row["reading"] or {}
        return replace(
            importer(context, names),
            actor=row["actor"],
            note=row["note"],
            reading=Reading(chosen.get("encoding", ""), chosen.get("columns", {})),
            dry=dry,
            set_aside=context.root,
            clock=context.clock.now,
            on_row=lambda rows: self._looked_at(row["id"], rows) if dry else None,
        )

    def _looked_at(self, number: int, rows: int) -> None:
        """Write down how far a dry run is, some times in a file."""
        if rows % 20_000 == 0:
            self._change(number, rows_read=rows, seen_at=self._context.clock.now())

    def _review(self, row: Row) -> None:
        number, root = int(row["id"]), self._context.root
        dry = self._importer(row, dry=True)
        path = import_files.uploaded(root, number)
        summary = dry.run_upload(path, row["path"], number, now=self._context.clock.now())
        import_files.save_review(root, number, summary)
        self._change(
            number,
            state="reviewed",
            trouble="",
            review=summary.outcomes(),
            dialect=summary.dialect,
            rows_read=0,
        )

    def _apply(self, row: Row) -> None:
        number, root = int(row["id"]), self._context.root
        path = import_files.uploaded(root, number)
        self._importer(row, dry=False).run_upload(path, row["path"], number, now=row["at"])
        import_files.remove_upload(root, number)

    def _count_undo(self, row: Row) -> None:
        undone = self._undoing(dry=True).run(row["id"], by="", now=self._context.clock.now())
        self._change(row["id"], undone=undone.numbers(), trouble="")

    def _undo(self, row: Row, who: str) -> None:
        now = self._context.clock.now()

        def log(connection: Connection, undone: Undone) -> None:
            audit.note(
                connection,
                now=now,
                who=who,
                via="desk",
                action="import.undo",
                subject=f"import:{row['id']}",
                detail=f"{undone.removed} removed",
            )

        undoing = self._undoing(dry=False, on_done=log, clock=self._context.clock.now)
        undoing.run(row["id"], by=who, now=now)

    def _undoing(self, **options: Any) -> Undoing:
        context = self._context
        return Undoing(store=context.store, address_hash=context.address_hash, **options)
