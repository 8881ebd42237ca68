"""Moving a whole database to another place, from SQLite to PostgreSQL or back.

Two databases cannot commit as one, so their order decides what a crash leaves behind: the old one
says that it was moved before the new one commits. For a moment neither of them sends, and never
do both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import inspect, select, text

from bypost.errors import StoreError
from bypost.store import files, meta, migrate
from bypost.store.engine import Connection, Store, driver
from bypost.store.ledger import IS_OPEN
from bypost.store.schema import batches, metadata
from bypost.store.tables import file, unfit
from bypost.store.tables.base import Tables, Unfit
from bypost.store.tables.carry import Progress, Proof, carry
from bypost.store.tables.sqlite import SqliteTables
from scheduler.clock import Clock

#: What a database may hold and still be empty: facts about itself, and who waited for work.
_FACTS = frozenset({"meta", "workers"})
#: How long connections that were just closed may take to go, in seconds.
_GOING = 3.0

#: Carries all rows into the target; returns what arrived, by table.
_Fill = Callable[[Tables], Mapping[str, Proof]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What was moved.

    Attributes:
        tables: Table -> rows and a hash over them, the same on both sides.
        instance: The instance that may send from it; None if none ever did.
    """

    tables: Mapping[str, Proof]
    instance: str | None


def move(
    source: Store,
    target: Store,
    *,
    clock: Clock,
    is_gone: Callable[[str], bool],
    on_progress: Progress = lambda _what, _done, _total: None,
) -> Moved:
    """Copy everything into an empty database, prove it, and mark the old one as moved.

    Args:
        is_gone: Tells of the owner of a lease whether that process has surely ended.

    Raises:
        StoreError: Somebody uses the source, or it is of another version; the target is not
            empty, or cannot be written; a row cannot be carried over. The target is empty then,
            and the source as it was.
    """
    if source.name == target.name:
        raise StoreError(f"{source.name}: is named twice; name the new database as well")
    _look_at_source(source, target)
    now = source.clock(clock).now()
    carried: list[Moved] = []
    try:
        with _filled(target, source, on_progress) as fill, source.write() as held:
            _never_time_out(held)
            _refuse_leases(held, source, now, is_gone)
            instance = meta.identity(held).instance
            carried.append(Moved(tables=_carried(source, fill), instance=instance))
            meta.mark_moved(held, meta.Mark(to=target.name, at=now))
    except BaseException:
        if not carried or not _settled(source, target):
            raise
    return carried[0]


def _carried(source: Store, fill: _Fill) -> Mapping[str, Proof]:
    """Carry what the source holds now.

    Raises:
        StoreError: A row cannot be; the words say which, and how to mend it.
    """
    with source.read() as connection:
        if source.is_shared:
            return fill(_tables_of_server(connection))
        tables = SqliteTables(driver(connection), source.name)
        try:
            return fill(tables)
        except Unfit as error:
            where = unfit.find(tables, error.table)
            raise StoreError(f"{source.name}: {where or error}") from None


def _settled(source: Store, target: Store) -> bool:
    """Find out after an error what has become of the two; tell whether everything was moved.

    Raises:
        StoreError: The target does not answer.
    """
    with source.read() as connection:
        if meta.moved(connection) is None:
            return False
    try:
        arrived = _arrived(source, target)
    except StoreError as error:
        raise StoreError(
            f"{target.name}: went away in the last moment, and whether everything is there is "
            f"not known ({error})\n    {source.name} sends nothing; run the same command again "
            "once the other answers"
        ) from error
    if not arrived:
        with source.write() as connection:
            meta.remove(connection, meta.MOVED)
    return arrived


def _arrived(source: Store, target: Store) -> bool:
    """Tell whether the target holds what was in the source: they have the same tag."""
    if not target.exists():
        return False
    with source.read() as connection:
        tag = meta.tag(connection)
    # Under the lock: whoever is still about to commit there comes first.
    with target.write() as connection:
        return inspect(connection).has_table("meta") and meta.tag(connection) == tag


def _look_at_source(source: Store, target: Store) -> None:
    """Refuse a source that cannot be moved now; forget a move that broke off at the very end.

    Raises:
        StoreError: It cannot.
    """
    if not source.exists():
        raise StoreError(f"{source.name}: there is no database of ByPost")
    if not migrate.is_current(source):
        raise StoreError(
            f"{source.name}: not of this version\n"
            "    run `bypost db upgrade` with it in [database] url, then move it"
        )
    with source.read() as connection:
        mark = meta.moved(connection)
    source.close()
    if source.is_shared:
        _refuse_company(source)
    else:
        with files.alone(source.path):
            pass
    if mark is None:
        return
    if mark.to != target.name or _arrived(source, target):
        raise StoreError(
            f"{source.name}: was moved to {mark.to} on {mark.at:%d %B %Y}\n    name that one"
        )
    with source.write() as connection:
        meta.remove(connection, meta.MOVED)


def _refuse_company(source: Store) -> None:
    """Refuse while another process of ours is connected.

    Raises:
        StoreError: Somebody is.
    """
    query = text(
        "SELECT count(*), string_agg(DISTINCT coalesce(host(client_addr), 'its own machine'), ', ')"
        " FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND application_name LIKE 'bypost%'"
    )
    until = time.monotonic() + _GOING
    while True:
        with source.read() as connection:
            number, places = connection.execute(query).one()
        if not number:
            return
        if time.monotonic() > until:
            raise StoreError(
                f"{source.name}: processes of ByPost are connected ({number}, from {places})\n"
                "    stop `bypost serve`, `bypost send --forever` and `bypost worker` everywhere"
            )
        time.sleep(0.1)


def _refuse_leases(
    connection: Connection, source: Store, now: datetime, is_gone: Callable[[str], bool]
) -> None:
    """Refuse while somebody may have a request under way.

    Raises:
        StoreError: Somebody may.
    """
    query = select(batches.c.lease_owner, batches.c.lease_until)
    rows = connection.execute(query.where(IS_OPEN, batches.c.lease_until > now)).all()
    held = [row.lease_until for row in rows if not is_gone(row.lease_owner)]
    if held:
        raise StoreError(
            f"{source.name}: a pass is under way ({len(held)} requests in hand)\n"
            f"    wait for its end; if it was killed, until {max(held):%H:%M:%S} UTC"
        )


@contextmanager
def _filled(target: Store, source: Store, on_progress: Progress) -> Iterator[_Fill]:
    """Yield what fills the target; it has everything when this ends well, else nothing.

    Raises:
        StoreError: It is not empty, is another program's, or cannot be written.
    """
    name = target.name
    if target.is_shared:
        with target.write() as connection:
            _refuse_rows(connection, target)
            migrate.run(connection, target)
            _never_time_out(connection)
            yield lambda tables: carry(tables, _tables_of_server(connection), name, on_progress)
        return
    path = target.path
    if target.exists():
        with target.read() as connection:
            _refuse_rows(connection, target)
        target.close()
    files.check_room(path.parent, source.size())
    with files.draft(path) as draft:
        yield lambda tables: file.write(tables, draft, name, on_progress)
        files.sync(draft)
        with files.alone(path):
            draft.replace(path)
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        files.sync(path.parent)


def _refuse_rows(connection: Connection, target: Store) -> None:
    """Refuse a database that holds anything.

    Raises:
        StoreError: It does.
    """
    migrate.version(connection, target)  # refuses another program's
    there = set(inspect(connection).get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in there or table.name in _FACTS:
            continue
        if connection.execute(select(1).select_from(table).limit(1)).first() is not None:
            way = "`createdb`" if target.is_shared else "a file that is not there yet"
            raise StoreError(
                f"{target.name}: is not empty (there are rows in `{table.name}`)\n"
                f"    name a new database ({way}); nothing was changed"
            )


def _tables_of_server(connection: Connection) -> Tables:
    from bypost.store.tables.postgres import PostgresTables  # psycopg, which SQLite does without

    return PostgresTables(connection)


def _never_time_out(connection: Connection) -> None:
    """Let a transaction stand still while the other database works."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
