"""``bypost db backup|restore|vacuum|prune|check``: looking after the database file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption
from bypost.model.quantity import quantity

if TYPE_CHECKING:
    from bypost.store import Store
    from bypost.store.backup import Copied

ForceOption = Annotated[bool, typer.Option("--force", help="Write over a file of that name.")]


@contextmanager
def _store(project: Path) -> Iterator[Store]:
    """Open the database alone: the rest of the project may be broken."""
    from contextlib import closing

    from bypost.settings import load_settings
    from bypost.settings.folder import project_folder
    from bypost.store import Store

    root = project_folder(project)
    with closing(Store(load_settings(root).database.url, root=root)) as store:
        yield store


def _log(store: Store, action: str, detail: str) -> None:
    """Write into the log what was done."""
    from bypost.admins import audit
    from scheduler.clock import SystemClock

    with store.write() as connection:
        audit.by_command(connection, now=SystemClock().now(), action=action, detail=detail)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
    project: ProjectOption = HERE,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> int:
    """Write a verified copy of a SQLite database, while passes go on; PostgreSQL has pg_dump.

    The copy is one file that appears when it is complete. Keep `var/secret.key` with it: without
    that the links in sent mails stop working.

    Example: bypost db backup /backups/bypost-monday.db
    """
    from bypost.store import backup as files
    from scheduler.clock import SystemClock

    with _store(project) as store:
        made = files.backup(store, file, now=SystemClock().now(), force=force)
    if as_json:
        console.print_json(_described(made))
    else:
        console.out.print(
            f"{made.path}: {_size(made.size)}, {quantity(made.subscribers, 'subscriber')}, "
            f"{quantity(made.deliveries, 'delivery')}; verified"
        )
    return 0


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """Put a backup in a SQLite database's place; nothing is sent until you say what was since.

    Stop `bypost serve` and `bypost send --forever` first. The database as it is now is kept
    beside it under another name.

    Example: bypost db restore /backups/bypost-monday.db
    """
    from bypost.store import backup as files
    from bypost.store import meta, migrate
    from scheduler.clock import SystemClock

    with _store(project) as store:
        files.refuse_server(store, file)
        found = files.look(file)
        kept = files.restore(store, file, now=SystemClock().now())
        path = store.path
        if migrate.is_current(store):
            _log(store, "db.restore", file.name)
        with store.read() as connection:
            instance = meta.identity(connection).instance
    since = found.made_at.isoformat(timespec="seconds") if found.made_at else "TIME"
    if as_json:
        kept_at = str(kept) if kept else None
        console.print_json({**_described(found), "kept": kept_at, "instance": instance})
        return 0
    console.out.print(f"{path}: restored from {file} ({quantity(found.subscribers, 'subscriber')})")
    if kept:
        console.out.print(f"the database of before is {kept}")
    if os.environ.get("BYPOST_INSTANCE"):
        console.note(f"set BYPOST_INSTANCE={instance} where this database is to send from")
    console.note(
        "nothing is sent until you say what may have been sent since the backup:\n"
        f"    bypost reconcile --since {since}\n"
        "    who left since then is not known to have left: ask your provider's list as well"
    )
    return 0


def vacuum(project: ProjectOption = HERE, as_json: JsonOption = False) -> int:
    """Give the room of removed rows back to the disk; passes wait meanwhile.

    PostgreSQL does this by itself, keeps that room for new rows, and lets passes go on.

    Example: bypost db vacuum
    """
    from bypost.store import upkeep

    with _store(project) as store:
        size = upkeep.vacuum(store)
        _log(store, "db.vacuum", "")
    if as_json:
        console.print_json({"before": size.before, "after": size.after})
    elif store.is_shared:
        console.out.print(f"{_size(size.after)}: the room of removed rows is there for new ones")
    else:
        won = max(0, size.before - size.after)
        console.out.print(f"{_size(size.before)} → {_size(size.after)}: {_size(won)} won")
    return 0


def prune(
    project: ProjectOption = HERE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go; nothing does.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Remove what was kept long enough by the rules of `[keep]`, all of it now.

    Passes do the same, a little at a time. Lessons that somebody had are kept; of the mails of old
    issues and notices the numbers are.

    Example: bypost db prune --dry-run
    """
    from bypost.project import open_copy, open_project
    from bypost.store.scratch import Scratch

    if dry_run:
        # On a copy the real thing can be done: what it says is what would happen.
        with Scratch("prune") as folder:
            _refuse_small(project, folder)
            with open_copy(project, folder) as context:
                removed, on_server = _prune(context), False
    else:
        with open_project(project) as context:
            removed, on_server = _prune(context), context.store.is_shared
            _log(context.store, "db.prune", quantity(sum(removed.values()), "row"))
    if as_json:
        console.print_json({"dry_run": dry_run, "removed": removed})
        return 0
    _tell(removed, dry_run=dry_run, on_server=on_server)
    return 0


def _prune(context: Any) -> dict[str, int]:
    from bypost.delivery import housekeeping
    from bypost.delivery.publish import Publisher

    return dict(housekeeping.finish(context, Publisher(context).take_over(patient=True)))


def _refuse_small(project: Path, folder: Path) -> None:
    """Refuse where the folder of temporary files has no room for a copy."""
    import shutil

    from bypost.errors import StoreError

    with _store(project) as store:
        needed = store.size()
    if shutil.disk_usage(folder).free < 2 * needed:
        raise StoreError(
            f"{folder.parent}: no room for a copy of the database ({_size(needed)})\n"
            "    set TMPDIR to a folder with more room, or free some"
        )


def _tell(removed: Mapping[str, int], *, dry_run: bool, on_server: bool) -> None:
    from bypost.delivery import housekeeping

    verb = "would go" if dry_run else "removed or shortened"
    lines = [(housekeeping.STEPS[name][0], number) for name, number in removed.items() if number]
    for words, number in lines:
        console.out.print(f"{number:>10,}  {words}")
    if not lines:
        console.out.print("nothing is older than [keep] allows", markup=False)
    elif dry_run:
        console.out.print(f"rows that {verb}; `bypost db prune` removes them")
    elif on_server:
        console.out.print("PostgreSQL uses their room for new rows")
    else:
        console.out.print("`bypost db vacuum` gives their room back to the disk")


def check(project: ProjectOption = HERE, as_json: JsonOption = False) -> int:
    """Look whether the database is sound: the file, its references, and the ledger's sums.

    Exit code 1 where something is wrong, with what to do.

    Example: bypost db check
    """
    from dataclasses import asdict

    from bypost.store import counts, upkeep

    with _store(project) as store:
        found = list(upkeep.findings(store))
        total = None
        if not any(one.check in {"schema", "integrity"} for one in found):
            with store.read() as connection:
                total = asdict(counts.count(connection))
        size, name = store.size(), store.name
    if as_json:
        findings = [asdict(one) for one in found]
        answer = {"ok": not found, "findings": findings, "bytes": size, "counts": total}
        console.print_json(answer)
        return 1 if found else 0
    for one in found:
        console.problem(f"{name}: {one.message}\n    {one.fix}")
    if not found and total:
        console.out.print(f"{name}: sound, {_size(size)}, {total['owed']:,} deliveries add up")
    return 1 if found else 0


def _described(found: Copied) -> dict[str, Any]:
    return {
        "path": str(found.path),
        "bytes": found.size,
        "schema": found.schema,
        "made_at": found.made_at,
        "subscribers": found.subscribers,
        "deliveries": found.deliveries,
    }


def _size(number: int) -> str:
    """Return bytes as people read them."""
    return f"{number / 1_000_000:,.1f} MB"
