"""Taking up ``subscribers.csv``: the file only adds and changes, never revives and never removes.

A cell acts when it changed since the last sync, and never over what the person set themselves.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bypost.errors import ByPostError
from bypost.links import AddressHash
from bypost.people import import_files
from bypost.people.columns import AS_IT_STANDS, FILE_NAME, Form, Reading, read_form
from bypost.people.csv_rows import Check, Known, Row, SpoiledRow, read_rows
from bypost.people.import_chunk import Chunk
from bypost.people.import_order import InOrder
from bypost.people.import_plan import Wanted
from bypost.people.import_quarantine import Quarantine
from bypost.people.import_summary import Summary as Summary
from bypost.store import Store, imports

#: Rows of one transaction: 33 ms of processor time the longest among a million people; 2,000 rows
#: take twice that, and are taken up hardly faster (SQLite, measured 2026-11).
CHUNK = 1000
#: Rows that are read between two signs of life, before the first is taken up.
_SIGN = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """Takes files up into a database.

    Attributes:
        known: Courses and newsletters a row may name.
        courses: What a blank ``courses`` cell means; likewise ``newsletters``.
        begins_with: Course -> the lesson with which who is put on it now begins; no row says that.
        actor: Who makes the import, as its record says.
        note: The operator's statement of consent, for rows that have none of their own.
        reading: How the file is read, where that is not as it stands.
        asked: Somebody asked for just this file: what was taken back may be made again.
        dry: Write nothing, and tell what would be done.
        set_aside: Project beside whose database bad rows are kept; None: they are told alone.
        on_row: Told the number of rows taken up so far, for a progress bar.
        clock: What time it is while it runs: a sign of life. ``now`` stays that of its beginning.
    """

    store: Store
    address_hash: AddressHash
    known: Known
    courses: tuple[str, ...]
    newsletters: tuple[str, ...]
    begins_with: Mapping[str, str] = field(default_factory=dict)
    actor: str = ""
    note: str = ""
    reading: Reading = AS_IT_STANDS
    asked: bool = False
    dry: bool = False
    set_aside: Path | None = None
    on_row: Callable[[int], None] | None = None
    clock: Callable[[], datetime] | None = None

    def run(self, path: Path, *, now: datetime) -> Summary:
        """Take up a file; an unchanged one is not read again.

        Raises:
            ByPostError: if the file as a whole cannot be used.
        """
        name = path.name
        try:
            signature = self._signature(path)
            with self.store.read() as connection:
                last = imports.latest(connection, name)
            if last is not None and self.asked and last["state"] == "undone":
                last = None
            if last is not None and last["signature"] == signature:
                return Summary(skipped=True)
            digest = self._digest(path)
            if last is not None and last["digest"] == digest:
                if not self.dry:
                    with self.store.write() as connection:
                        imports.touch(connection, last["id"], signature)
                return Summary(skipped=True)
            return self._recorded(path, name, now, digest, signature)
        except OSError as error:
            raise ByPostError(f"{path}: cannot read it: {error.strerror}") from error

    def run_once(self, path: Path, *, now: datetime) -> Summary:
        """Take up a file that is no list of its own: every cell acts, nothing is remembered.

        Raises:
            ByPostError: if the file as a whole cannot be used.
        """
        return self._take_up(path, self._form(path), "", now, None)

    def run_upload(self, path: Path, name: str, import_id: int, *, now: datetime) -> Summary:
        """Take up a file that was put here and is noted already, or make its dry run.

        Args:
            name: The list it is: its cells are compared with those it had last time.
            import_id: Its record, which goes on being kept up to date.

        Raises:
            ByPostError: if the file as a whole cannot be used.
        """
        form = self._form(path)
        if self.dry:
            return self._take_up(path, form, name, now, None)
        digest = self._digest(path)
        summary = self._take_up(path, form, name, now, import_id)
        self._finish(import_id, summary, digest=digest, signature=self._signature(path))
        return summary

    def _recorded(
        self, path: Path, name: str, now: datetime, digest: str, signature: str
    ) -> Summary:
        """Take up a file and keep a record of it; a dry run leaves none."""
        form = self._form(path)
        if self.dry:
            return self._take_up(path, form, name, now, None)
        with self.store.write() as connection:
            number = imports.add(
                connection,
                path=name,
                at=now,
                seen_at=now,
                state="running",
                actor=self.actor,
                dialect=form.dialect.name if form.dialect else "",
                note=self.note,
            )
        summary = self._take_up(path, form, name, now, number)
        self._finish(number, summary, digest=digest, signature=signature)
        return summary

    def _finish(self, number: int, summary: Summary, *, digest: str, signature: str) -> None:
        with self.store.write() as connection:
            imports.change(
                connection,
                number,
                state="done",
                summary=summary.outcomes(),
                rows_read=summary.rows,
                digest=digest,
                signature=signature,
            )
        summary.import_id = number

    def _meaning(self) -> bytes:
        """Return what decides, besides the file, what its rows ask for."""
        known = (sorted(self.known.courses), sorted(self.known.newsletters))
        meaning = repr((self.courses, self.newsletters, known))
        return (meaning if self.reading == AS_IT_STANDS else f"{meaning}{self.reading}").encode()

    def _signature(self, path: Path) -> str:
        """Return what a quick look tells of the file, and what its rows mean now."""
        stat = path.stat()
        meaning = hashlib.sha256(self._meaning()).hexdigest()[:16]
        return f"{stat.st_size}-{stat.st_mtime_ns}-{meaning}"

    def _digest(self, path: Path) -> str:
        """Return the hash of the file, and of what its rows mean now."""
        digest = hashlib.sha256(self._meaning())
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()

    def _form(self, path: Path) -> Form:
        """Return how a file is read; raise ByPostError if it cannot be."""
        try:
            form = read_form(path, self.reading)
        except OSError as error:
            raise ByPostError(f"{path}: cannot read it: {error.strerror}") from error
        if form.problem:
            raise ByPostError(f"{path.name}:1: {form.problem}\n    see docs/subscribers.md")
        return form

    def _take_up(
        self, path: Path, form: Form, file: str, now: datetime, number: int | None
    ) -> Summary:
        """Read a file chunk by chunk and write what its rows change.

        Args:
            number: Of the import, for its record; None: it has none.
        """
        summary = Summary()
        if form.dialect is not None:
            summary.dialect, summary.lacks = form.dialect.name, form.dialect.lacks
        with ExitStack() as stack:
            # A full collection looks at every object of the process, 55 ms each time, and mostly
            # within a transaction (measured 2026-11). What was there before need not be looked at.
            gc.freeze()
            stack.callback(gc.unfreeze)
            aside = None
            if self.set_aside is not None and number is not None:
                aside = Quarantine(import_files.set_aside(self.set_aside, number), form)
                stack.enter_context(aside)
            spoil = _Spoil(summary, aside)
            check = Check(form, self.known)
            rows = stack.enter_context(InOrder(check, CHUNK, spoil))
            for row in read_rows(path, form, self.known):
                summary.rows += 1
                if summary.rows % _SIGN == 0:
                    self._is_alive(number)
                if isinstance(row, SpoiledRow):
                    spoil(row)
                else:
                    rows.add(row)
            chunk = self._chunk(file, now)
            done = 0
            for some in rows.chunks():
                done += len(some)
                self._apply(chunk, some, summary, number, done)
                if self.on_row:
                    self.on_row(done)
        summary.settle()
        return summary

    def _is_alive(self, number: int | None) -> None:
        """Give a sign of life; without one somebody else would take the import for broken off."""
        if number is not None and self.clock is not None and not self.dry:
            with self.store.write() as connection:
                imports.change(connection, number, seen_at=self.clock())

    def _chunk(self, file: str, now: datetime) -> Chunk:
        return Chunk(
            address_hash=self.address_hash,
            usual=Wanted(self.courses, self.newsletters),
            begins_with=self.begins_with,
            note=self.note,
            file=file,
            now=now,
        )

    def _apply(
        self, chunk: Chunk, rows: Sequence[Row], summary: Summary, number: int | None, done: int
    ) -> None:
        """Write rows in one transaction, or only look at what they would do.

        Args:
            done: How many were taken up before, and these.
        """
        hashes = chunk.hashes(rows)
        with self.store.read() if self.dry else self.store.write() as connection:
            plan = chunk.plan(connection, rows, hashes, summary)
            if self.dry:
                return
            plan.write(connection, self.address_hash)
            if number is not None:
                plan.remember(connection, number)
                seen = self.clock() if self.clock is not None else chunk.now
                imports.change(connection, number, rows_read=done, seen_at=seen)


class _Spoil:
    """Counts rows that can be mended, and sets them aside."""

    def __init__(self, summary: Summary, aside: Quarantine | None) -> None:
        self._summary = summary
        self._aside = aside

    def __call__(self, row: SpoiledRow) -> None:
        """Take note of one."""
        told = self._summary
        told.spoiled += 1
        told.reject(row)
        told.show("bad_rows", row.line, "", row.reason)
        if self._aside is not None:
            self._aside.add(row)
            told.quarantine = str(import_files.FOLDER / self._aside.path.name)


def project_file(root: Path) -> Path:
    """Return where a project's subscribers stand."""
    return root / FILE_NAME
