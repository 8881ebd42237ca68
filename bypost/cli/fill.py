"""``bypost rehearse --fill``: a database of invented people with weeks behind them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from bypost.cli import console
from bypost.model.quantity import quantity

if TYPE_CHECKING:
    from bypost.delivery.context import Context
    from bypost.store import Store

DATABASE = Path("var/rehearsal.db")


def fill(
    project: Path, *, people: int, days: int, seed: int, database: Path | None, as_json: bool
) -> int:
    """Fill a new database, or the one that was filled before, and say how to look at it."""
    from bypost.settings.folder import project_folder
    from bypost.testing.fill.fill import fill as fill_with_people

    root = project_folder(project)
    path = (root / DATABASE) if database is None else database.resolve()
    began = monotonic()
    _make_room(path)
    with _opened(root, path) as context, console.progress(quiet=as_json) as show:
        done = fill_with_people(context, people=people, days=days, seed=seed, on_progress=show)
    took = monotonic() - began
    if as_json:
        console.print_json({"database": str(path), "seconds": round(took, 1), **asdict(done)})
        return 0
    console.out.print(
        f"[green]✓[/green] {done.people:,} invented people, {done.runs:,} in courses, "
        f"{quantity(done.ledger.owed, 'mail')} over {quantity(days, 'day')}, in {took:.0f} s"
    )
    console.out.print(f"  {path}", markup=False)
    console.out.print(
        f"  look at it: BYPOST_DATABASE__URL=sqlite:///{path} bypost serve --local", markup=False
    )
    return 0


def _make_room(path: Path) -> None:
    """Remove what an earlier call has filled.

    Raises:
        StoreError: It holds anything else.
    """
    from bypost.errors import StoreError

    if not path.exists():
        return
    store = _store(path)
    try:
        is_ours = _is_ours(store)
    finally:
        store.close()
    if not is_ours:
        raise StoreError(
            f"{path}: holds more than invented people, and is left as it is\n"
            "    name a file that is not there yet: --database var/invented.db"
        )
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


def _is_ours(store: Store) -> bool:
    """Tell whether a database was filled, and nothing left it through a real provider."""
    from bypost.errors import StoreError
    from bypost.store import standing
    from bypost.testing.fill.mark import is_invented

    try:
        with store.read() as connection:
            return is_invented(connection) and set(standing.accepted_in_all(connection)) <= {
                "outbox"
            }
    except StoreError:  # no database at all, or another program's
        return False


def _opened(root: Path, path: Path) -> Context:
    """Open the project over a new database, with the local mailbox for a provider."""
    from bypost.project import wire
    from bypost.settings import load_settings
    from bypost.store import migrate
    from scheduler.clock import SystemClock

    settings = load_settings(root)
    sending = settings.sending.model_copy(update={"provider": ("outbox",)})
    store = _store(path)
    migrate.upgrade(store)
    return wire(root, settings.model_copy(update={"sending": sending}), store, SystemClock())


def _store(path: Path) -> Store:
    from bypost.store import Store

    return Store(f"sqlite:///{path}", root=path.parent)
