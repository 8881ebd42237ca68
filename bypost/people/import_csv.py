"""Taking up ``subscribers.csv``: the file only adds and changes, never revives and never removes.

A cell acts when it changed since the last sync, and never over what the person set themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from bypost.errors import ByPostError
from bypost.links import AddressHash
from bypost.people import changes
from bypost.people.columns import FILE_NAME, read_form
from bypost.people.csv_rows import BadRow, Known, Row, read_rows
from bypost.store import Connection, Store, imports, subscribers, suppressions
from bypost.store.seen_addresses import SeenAddresses

#: Rows a transaction takes.
CHUNK = 1000
#: Bad rows kept for the summary; all of them are reported while reading.
_KEPT = 1000


@dataclass(slots=True)
class Summary:
    """What an import did; rows = added + changed + unchanged + rejected."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    skipped: bool = False
    bad: list[BadRow] = field(default_factory=list)
    notes: list[BadRow] = field(default_factory=list)

    def numbers(self) -> dict[str, int]:
        """Return the counts alone."""
        names = ("rows", "added", "changed", "unchanged", "rejected")
        return {name: asdict(self)[name] for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """Takes files up into a database.

    Attributes:
        known: Courses and newsletters a row may name.
        courses: What a blank ``courses`` cell means; likewise ``newsletters``.
        begins_with: Course -> the lesson with which who is put on it now begins; no row says that.
        on_row: Told the number of rows read so far, for a progress bar.
    """

    store: Store
    address_hash: AddressHash
    known: Known
    courses: tuple[str, ...]
    newsletters: tuple[str, ...]
    begins_with: Mapping[str, str] = field(default_factory=dict)
    on_row: Callable[[int], None] | None = None

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
            if last is not None and last["signature"] == signature:
                return Summary(skipped=True)
            digest = self._digest(path)
            if last is not None and last["digest"] == digest:
                with self.store.write() as connection:
                    imports.touch(connection, last["id"], signature)
                return Summary(skipped=True)
            summary = self._take_up(path, name, now)
        except OSError as error:
            raise ByPostError(f"{path}: cannot read it: {error.strerror}") from error
        with self.store.write() as connection:
            imports.record(
                connection,
                path=name,
                digest=digest,
                signature=signature,
                at=now,
                summary=summary.numbers(),
            )
        return summary

    def run_once(self, path: Path, *, now: datetime) -> Summary:
        """Take up a file that is no list of its own: every cell acts, nothing is remembered.

        Raises:
            ByPostError: if the file as a whole cannot be used.
        """
        return self._take_up(path, "", now)

    def _meaning(self) -> bytes:
        """Return what decides, besides the file, what its rows ask for."""
        known = (sorted(self.known.courses), sorted(self.known.newsletters))
        return repr((self.courses, self.newsletters, known)).encode()

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

    def _take_up(self, path: Path, file: str, now: datetime) -> Summary:
        form = read_form(path)
        if form.problem:
            raise ByPostError(f"{path.name}:1: {form.problem}\n    see docs/subscribers.md")
        summary = Summary()
        with SeenAddresses() as seen:
            for chunk in _chunks(read_rows(path, form, self.known)):
                summary.rows += len(chunk)
                good = [row for row in chunk if isinstance(row, Row)]
                repeated = seen.add([(row.key, row.line) for row in good])
                for row in chunk:
                    if isinstance(row, BadRow):
                        _reject(summary, row)
                    elif row.line in repeated:
                        reason = f"the same address as in line {repeated[row.line]}"
                        _reject(summary, BadRow(row.line, reason))
                with self.store.write() as connection:
                    fresh = [row for row in good if row.line not in repeated]
                    self._write(connection, fresh, summary, file, now)
                if self.on_row:
                    self.on_row(summary.rows)
        return summary

    def _write(
        self,
        connection: Connection,
        rows: Sequence[Row],
        summary: Summary,
        file: str,
        now: datetime,
    ) -> None:
        """Add and change the people of one chunk, in the caller's transaction."""
        people = subscribers.by_keys(connection, [row.key for row in rows])
        hashes = {row.key: self.address_hash(row.key) for row in rows}
        muted = suppressions.find(connection, list(hashes.values()))
        plan = changes.Plan(
            now=now, next_id=subscribers.next_id(connection), begins_with=self.begins_with
        )
        known = changes.memberships(connection, [person["id"] for person in people.values()])
        for row in rows:
            person = people.get(row.key)
            reason = muted.get(hashes[row.key], "")
            if person is not None:
                changed = changes.update(
                    plan,
                    row,
                    person,
                    known[person["id"]],
                    self._wanted(row),
                    file=file,
                    suppressed=reason,
                )
                summary.changed += changed
                summary.unchanged += not changed
            elif reason:
                _reject(summary, BadRow(row.line, f"the address is suppressed: {reason}"))
            else:
                changes.add(plan, row, self._wanted(row), file)
                summary.added += 1
        plan.write(connection, self.address_hash)
        room = _KEPT - len(summary.notes)
        summary.notes += [BadRow(line, note) for line, note in plan.notes][:room]

    def _wanted(self, row: Row) -> changes.Wanted:
        """Return what a row asks for, blank cells filled in."""
        return changes.Wanted(
            courses=self.courses if row.courses is None else row.courses,
            newsletters=self.newsletters if row.newsletters is None else row.newsletters,
        )


def _reject(summary: Summary, bad: BadRow) -> None:
    summary.rejected += 1
    if len(summary.bad) < _KEPT:
        summary.bad.append(bad)


def _chunks(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def project_file(root: Path) -> Path:
    """Return where a project's subscribers stand."""
    return root / FILE_NAME
