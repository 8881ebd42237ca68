"""``bypost db``: the database's schema."""

from __future__ import annotations

import typer

from bypost.cli import console
from bypost.cli.console import HERE, ProjectOption

app = typer.Typer(help="The database.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """The database."""


@app.command("upgrade")
def upgrade(project: ProjectOption = HERE) -> int:
    """Bring the database to the schema of this version; people and sends stay.

    Example: bypost db upgrade
    """
    from contextlib import closing

    from bypost.settings import load_settings
    from bypost.store import Store, migrate

    root = project.resolve()
    with closing(Store(load_settings(root).database.url, root=root)) as store:
        before, after = migrate.upgrade(store)
    console.out.print(
        f"schema {after}: up to date" if before == after else f"schema {before or 'none'} → {after}"
    )
    return 0
