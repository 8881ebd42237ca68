"""``bypost audience``: saved audiences, and how many people are in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption

if TYPE_CHECKING:
    from bypost.delivery.context import Context

app = typer.Typer(help="Audiences: list, show, save, remove, count.", no_args_is_help=True)

_NAME = typer.Argument(help="Its name.", metavar="NAME")
_TEXT = typer.Argument(help="A name, or an expression in quotes.", metavar="AUDIENCE")


@app.callback()
def _group() -> None:
    """Audiences: list, show, save, remove, count."""


@app.command("list")
def list_(project: ProjectOption = HERE, as_json: JsonOption = False) -> int:
    """List every audience with a name.

    Example: bypost audience list
    """
    from bypost.delivery.audience import known
    from bypost.project import open_project

    with open_project(project, upgrade=False) as context, context.store.read() as connection:
        found = known(context, connection)
    rows = [_plain(name, found.files, found.pages) for name in found.names]
    if as_json:
        console.print_json({"audiences": rows, "problems": [str(one) for one in found.broken]})
    else:
        width = max((len(row["name"]) for row in rows), default=0)
        for row in rows:
            console.out.print(f"{row['name']:<{width}}  {row['expression']}", markup=False)
        if not rows:
            console.note("there is none yet; docs/audiences.md says how to write one")
    for problem in found.broken:
        console.problem(str(problem))
    return 1 if found.broken else 0


def _plain(name: str, files: Any, pages: Any) -> dict[str, str]:
    where = "audiences.toml" if name in files else "saved"
    return {"name": name, "expression": files.get(name, pages.get(name)), "where": where}


@app.command("show")
def show(
    name: Annotated[str, _NAME], project: ProjectOption = HERE, as_json: JsonOption = False
) -> int:
    """Show what an audience stands for, with the audiences it names written out.

    Example: bypost audience show alumni
    """
    from bypost.audience import write
    from bypost.delivery.audience import known
    from bypost.errors import SettingsError
    from bypost.project import open_project

    with open_project(project, upgrade=False) as context, context.store.read() as connection:
        found = known(context, connection)
        if name not in found.names:
            raise SettingsError(f"there is no audience `{name}`\n    see: bypost audience list")
        whole = write(found.whole(f'audience "{name}"'))
    told = {**_plain(name, found.files, found.pages), "whole": whole}
    if as_json:
        console.print_json(told)
    else:
        console.out.print(told["expression"], markup=False)
        if told["whole"] != told["expression"]:
            console.out.print(told["whole"], style="dim", markup=False)
    return 0


@app.command("save")
def save(
    name: Annotated[str, _NAME],
    expression: Annotated[str, typer.Argument(help="Who is in it.", metavar="EXPRESSION")],
    note: Annotated[str, typer.Option(help="What it is for.")] = "",
    project: ProjectOption = HERE,
) -> int:
    """Save an audience under a name, or change what the name stands for.

    Example: bypost audience save alumni 'course "after-the-interview" finished'
    """
    from bypost.admins import audit
    from bypost.delivery.audience import save_within
    from bypost.project import open_project

    with open_project(project) as context, context.store.write() as connection:
        new = save_within(context, connection, name, expression, note=note)
        audit.by_command(
            connection,
            now=context.clock.now(),
            action="audience.save",
            subject=f"audience:{name}",
            detail=expression,
        )
    console.out.print(f"[green]✓[/green] {'saved' if new else 'changed'}")
    return 0


@app.command("remove")
def remove(name: Annotated[str, _NAME], project: ProjectOption = HERE) -> int:
    """Remove a saved audience; nobody is removed by it.

    Example: bypost audience remove alumni
    """
    from bypost.admins import audit
    from bypost.delivery.audience import remove_within
    from bypost.project import open_project

    with open_project(project) as context, context.store.write() as connection:
        remove_within(context, connection, name)
        audit.by_command(
            connection,
            now=context.clock.now(),
            action="audience.remove",
            subject=f"audience:{name}",
        )
    console.out.print("[green]✓[/green] removed")
    return 0


@app.command("count")
def count(
    audience: Annotated[str, _TEXT], project: ProjectOption = HERE, as_json: JsonOption = False
) -> int:
    """Count the people in an audience.

    Example: bypost audience count 'joined in the last 30 days'
    """
    from bypost.project import open_project

    with open_project(project, upgrade=False) as context:
        number = _count(context, audience)
    if as_json:
        console.print_json({"audience": audience, "people": number})
    else:
        console.out.print(f"{number:,} {'person' if number == 1 else 'people'}")
    return 0


def _count(context: Context, text: str) -> int:
    """Count everybody, some at a time: no transaction stays open for long."""
    from bypost.delivery.audience import condition
    from bypost.store import people_list

    with context.store.read() as connection:
        such = condition(context, connection, text)
        last = people_list.last_id(connection)
    number = after = 0
    while after < last:
        until = min(last, after + people_list.MANY)
        with context.store.read() as connection:
            number += people_list.count(connection, such, after=after, until=until)
        after = until
    return number
