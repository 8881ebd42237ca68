"""``bypost db``: the database's schema, the place that may send from it, and its upkeep."""

from __future__ import annotations

from typing import Annotated

import typer

from bypost.cli import console, move, upkeep
from bypost.cli.console import HERE, ProjectOption

app = typer.Typer(help="The database.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """The database."""


app.command("move")(move.move)
app.command("backup")(upkeep.backup)
app.command("restore")(upkeep.restore)
app.command("vacuum")(upkeep.vacuum)
app.command("prune")(upkeep.prune)
app.command("check")(upkeep.check)


@app.command("upgrade")
def upgrade(project: ProjectOption = HERE) -> int:
    """Bring the database to the schema of this version; people and sends stay.

    Example: bypost db upgrade
    """
    from contextlib import closing

    from bypost.cli.engine import prepare_engine
    from bypost.settings import load_settings
    from bypost.store import Store, migrate

    root = project.resolve()
    settings = load_settings(root)
    with closing(Store(settings.database.url, root=root)) as store:
        before, after = migrate.upgrade(store)
        prepare_engine(settings, store)
    console.out.print(
        f"schema {after}: up to date" if before == after else f"schema {before or 'none'} → {after}"
    )
    return 0


@app.command("confirm")
def confirm(
    project: ProjectOption = HERE,
    older: Annotated[
        bool,
        typer.Option(
            "--older",
            help="Also a backup older than what was sent from here; that is sent again.",
        ),
    ] = False,
) -> int:
    """Say that this is the one place that sends from this database.

    A database that was copied sends nothing until then, because two places that send
    from copies of it would send everything twice. After a backup was put back, run `bypost
    reconcile --since TIME` instead: it also keeps what was sent since from being sent again.

    Example: bypost db confirm
    """
    from contextlib import closing

    from bypost.delivery import instance
    from bypost.errors import StoreError
    from bypost.settings import load_settings
    from bypost.settings.folder import project_folder
    from bypost.store import Store, migrate

    root = project_folder(project)
    with closing(Store(load_settings(root).database.url, root=root)) as store:
        if not migrate.is_current(store):
            raise StoreError(f"{store.name}: not of this version\n    run `bypost db upgrade`")
        name = instance.confirm(store, root, older=older)
    console.out.print(f"this place is instance {name} and may send; no other copy should")
    return 0
