"""``bypost db move``: everything into another database, proven, with the old one left as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption

if TYPE_CHECKING:
    from bypost.store import Store
    from bypost.store.move import Moved


def move(
    source: Annotated[str, typer.Argument(metavar="FROM", help="URL of the database now.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="URL of an empty one.")],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """Move everything into another database: from SQLite to PostgreSQL, or back.

    Stop `bypost serve`, `bypost send --forever` and `bypost worker` first. Every table is copied
    and compared row by row; what fails or is stopped leaves the new database empty. The old one
    stays as it is, and sends nothing any more.

    Leave a password out of the URL where others can see it: PGPASSWORD, or the file ~/.pgpass.

    Example: bypost db move sqlite:///var/bypost.db postgresql://bypost@db.example.org/bypost
    """
    from bypost.delivery import owner
    from bypost.settings.folder import project_folder
    from bypost.store import Store
    from bypost.store import move as moving
    from scheduler.clock import SystemClock

    root = project_folder(project)
    began = monotonic()
    with closing(Store(source, root=root)) as old, closing(Store(target, root=root)) as new:
        with _stoppable(old, new), console.progress(quiet=as_json) as show:
            moved = moving.move(
                old, new, clock=SystemClock(), is_gone=owner.is_gone, on_progress=show
            )
        _finish(new, old, root)
        told = _told(moved, old, new, monotonic() - began)
        if as_json:
            console.print_json(told)
        else:
            _print(told, new, target)
    return 0


@contextmanager
def _stoppable(old: Store, new: Store) -> Iterator[None]:
    """Say what is left where somebody stops it."""
    try:
        yield
    except KeyboardInterrupt:
        console.problem(f"stopped; {new.name} is as empty as before, and {old.name} as it was")
        raise typer.Exit(130) from None


def _finish(new: Store, old: Store, root: Path) -> None:
    """Write down in the new database where everything came from, and with which key."""
    from bypost.admins import audit
    from bypost.delivery import shared_keys
    from bypost.errors import StoreError
    from scheduler.clock import SystemClock

    key = _address_key(old, root) if new.is_shared else None
    with suppress(StoreError), new.write() as connection:  # all the rest is done
        now = SystemClock().now()
        audit.by_command(connection, now=now, action="db.move", detail=f"from {old.name}")
        if key:
            shared_keys.remember(connection, key)


def _address_key(old: Store, root: Path) -> str | None:
    """Return the key that the addresses in the old database were hashed with, if this is known."""
    from bypost.errors import ByPostError
    from bypost.links import read_or_make_keys
    from bypost.project import KEY_FILE
    from bypost.settings import load_settings
    from bypost.store import Store

    with suppress(ByPostError):
        settings = load_settings(root)
        with closing(Store(settings.database.url, root=root)) as own:
            if own.name != old.name:  # of another project
                return None
        if settings.site.address_key:
            return settings.site.address_key.get_secret_value()
        if (root / KEY_FILE).exists():
            return read_or_make_keys(root / KEY_FILE)[1]
    return None


def _told(moved: Moved, old: Store, new: Store, seconds: float) -> dict[str, Any]:
    rows = sum(proof.rows for proof in moved.tables.values())
    return {
        "from": old.name,
        "to": new.name,
        "rows": rows,
        "seconds": round(seconds, 1),
        "instance": moved.instance,
        "tables": {
            name: {"rows": proof.rows, "hash": proof.digest} for name, proof in moved.tables.items()
        },
    }


def _print(told: dict[str, Any], new: Store, target: str) -> None:
    rate = told["rows"] / max(told["seconds"], 0.1)
    console.out.print(
        f"[green]✓[/green] {told['rows']:,} rows in {len(told['tables'])} tables, the same on both "
        f"sides; {told['seconds']:.0f} s, {rate:,.0f} rows a second"
    )
    console.out.print(f"  {told['from']}\n  → {told['to']}", markup=False)
    console.out.print("\nwrite into bypost.toml:\n")
    console.out.print(f'  [database]\n  url = "{_without_password(target)}"\n', markup=False)
    if new.is_shared:
        console.note(_SHARED)
    if new.is_shared and told["instance"]:
        console.note(f"on machines without this var/instance: BYPOST_INSTANCE={told['instance']}")
    console.note(f"{told['from']} is left as it is and sends nothing any more")


def _without_password(url: str) -> str:
    """Return a URL as it was typed, but for the password."""
    plain = re.sub(r"^([\w+]+://[^:/@]*):[^/]*@", r"\1@", url)
    return re.sub(r"(?<=[?&])password=[^&]*&?", "", plain).rstrip("?&")


#: What a server's database wants of every machine (docs/many-machines.md).
_SHARED = """\
every machine that uses it needs the same two keys: BYPOST_SITE__SECRET_KEYS and
    BYPOST_SITE__ADDRESS_KEY are what stands behind `links` and `addresses` in var/secret.key.
    A password belongs into PGPASSWORD, ~/.pgpass or BYPOST_DATABASE__URL, not into bypost.toml"""
