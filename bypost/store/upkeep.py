"""Looking after the database: whether it is sound, how large it is, giving room back."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bypost.errors import StoreError
from bypost.store import counts, migrate, sums
from bypost.store.engine import Connection, Store

#: Rows named of what is wrong; one is enough to begin with.
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong with the database.

    Attributes:
        check: ``schema``, ``integrity``, ``references`` or ``ledger``.
        message: What is wrong, and where.
        fix: What to do.
    """

    check: str
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes before and after something."""

    before: int
    after: int


_RESTORE = "restore a backup: `bypost db restore FILE`"
_REPORT = "keep a copy of the file, restore a backup, and report this: it is a mistake of ours"

#: What must be true of each batch: the words, and the SQL of those of which it is not.
_LEDGER: Mapping[str, str] = {
    "settled batches whose numbers do not add up": """
        SELECT id FROM batches
        WHERE state = 'settled' AND size <> accepted + failed + cancelled""",
    "dissolved batches that still count mails": """
        SELECT id FROM batches WHERE state = 'dissolved' AND size <> 0""",
    "unknown batches whose numbers do not add up": """
        SELECT id FROM batches
        WHERE state = 'unknown' AND size <> accepted + failed + cancelled + members""",
    "open batches with fewer or more mails than they count": """
        SELECT b.id FROM batches b
        WHERE b.state IN ('pending', 'sending', 'unknown')
          AND b.size - b.accepted - b.failed - b.cancelled <>
              (SELECT count(*) FROM deliveries d WHERE d.batch_id = b.id AND d.state IS NULL)""",
    "batches with more mails than they count": """
        SELECT b.id FROM batches b
        JOIN (SELECT batch_id, count(*) AS mails FROM deliveries GROUP BY batch_id) d
          ON d.batch_id = b.id
        WHERE d.mails > b.size""",
    "more counted by day than there are": """
        SELECT id FROM batches
        WHERE counted_accepted > accepted AND state = 'dissolved'""",
}


def findings(store: Store) -> Iterator[Finding]:
    """Yield what is wrong with the database; nothing where it is sound.

    Raises:
        StoreError: It cannot be read at all.
    """
    if not migrate.is_current(store):
        yield Finding(
            check="schema",
            message="the schema is not of this version",
            fix="run `bypost db upgrade`",
        )
        return
    with store.read() as connection:
        if store.is_shared:  # it checks its pages as it reads them, and references all the time
            yield from _indexes(connection)
        else:
            yield from _integrity(connection)
            yield from _references(connection)
        yield from _ledger(connection)


def _integrity(connection: Connection) -> Iterator[Finding]:
    rows = connection.execute(text(f"PRAGMA integrity_check({_NAMED})")).scalars().all()
    for row in rows:
        if row != "ok":
            yield Finding(check="integrity", message=f"the file is damaged: {row}", fix=_RESTORE)


def _indexes(connection: Connection) -> Iterator[Finding]:
    """Yield indexes that a server left half built: whether rows are unique is not sure then."""
    query = text("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1")
    for name in connection.execute(query).scalars():
        message = f"the index `{name}` is not valid"
        yield Finding(check="integrity", message=message, fix=f"run there: REINDEX INDEX {name};")


def _references(connection: Connection) -> Iterator[Finding]:
    broken: dict[tuple[str, str], int] = {}
    for row in connection.execute(text("PRAGMA foreign_key_check")):
        key = (row[0], row[2])
        broken[key] = broken.get(key, 0) + 1
    for (table, other), number in broken.items():
        message = f"{number:,} rows of `{table}` name rows of `{other}` that are not there"
        yield Finding(check="references", message=message, fix=_REPORT)


def _ledger(connection: Connection) -> Iterator[Finding]:
    for words, query in _LEDGER.items():
        rows = connection.execute(text(f"{query} LIMIT 1000")).scalars().all()
        if rows:
            some = ", ".join(str(row) for row in rows[:_NAMED])
            message = f"{len(rows):,} {words} (batch {some})"
            yield Finding(check="ledger", message=message, fix=_REPORT)
    total = counts.count(connection)
    parts = total.accepted + total.failed + total.cancelled + total.unknown + total.pending
    if total.owed != parts or total.pending < 0:
        message = f"{total.owed:,} are owed, and {parts:,} are accounted for"
        yield Finding(check="ledger", message=message, fix=_REPORT)
    if total.owed != _owed(connection):
        message = "the sums by block do not agree with the batches"
        yield Finding(check="ledger", message=message, fix=_REPORT)


def _owed(connection: Connection) -> int:
    """Return what is owed in all, from each batch, and what was folded away."""
    query = text(
        "SELECT (SELECT coalesce(sum(size), 0) FROM batches) + "
        "(SELECT coalesce(sum(owed), 0) FROM batch_sums WHERE block = :folded)"
    )
    return int(connection.execute(query, {"folded": sums.FOLDED}).scalar_one())


def vacuum(store: Store) -> Size:
    """Write the file anew without the room that removed rows left; a server keeps it for new ones.

    Raises:
        StoreError: The disk has no room for it, or somebody holds the database.
    """
    if not store.exists():
        raise StoreError(f"{store.name}: there is no database yet")
    before = store.size()
    if store.is_shared:
        store.vacuum()
        return Size(before, store.size())
    free = shutil.disk_usage(store.path.parent).free
    if free < 2 * before:  # a copy, and the log that it goes through (sqlite.org/lang_vacuum.html)
        raise StoreError(
            f"{store.name}: this takes {2 * before // 1_000_000 + 1:,} MB for a while, and "
            f"{free // 1_000_000:,} are free\n    free some space first; nothing was changed"
        )
    store.close()
    try:
        with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout = 5000")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        fix = "try again when no pass runs" if "locked" in str(error) else "nothing was lost"
        raise StoreError(f"{store.name}: {error}\n    {fix}") from error
    return Size(before, store.size())


def tables(connection: Connection) -> dict[str, int] | None:
    """Return bytes by table with its indexes, largest first; None where that is not known."""
    if connection.dialect.name == "postgresql":
        query = text(
            "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables ORDER BY 2 DESC"
        )
        return {row[0]: int(row[1]) for row in connection.execute(query)}
    query = text(
        "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name "
        "WHERE s.aggregate = TRUE GROUP BY m.tbl_name ORDER BY 2 DESC"
    )
    try:
        return {row[0]: int(row[1]) for row in connection.execute(query)}
    except OperationalError:  # SQLite may be built without dbstat
        return None


def free_pages(connection: Connection) -> int:
    """Return the bytes in the file that hold nothing: what ``vacuum`` would give back.

    0 on a server, which fills them with new rows.
    """
    if connection.dialect.name == "postgresql":
        return 0
    pages, size = (
        connection.execute(text(f"PRAGMA {name}")).scalar_one()
        for name in ("freelist_count", "page_size")
    )
    return int(pages) * int(size)
