"""``bypost admin token``: who may use the HTTP API."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption
from bypost.cli.noted import noted

if TYPE_CHECKING:
    from bypost.store import Row

app = typer.Typer(help="Tokens of the HTTP API.", no_args_is_help=True)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


class Scope(StrEnum):
    """What a token may do."""

    READ = "read"
    SIGNUP = "signup"
    WRITE = "write"


@app.callback()
def _tokens() -> None:
    """Tokens of the HTTP API."""


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What you call it, e.g. shop.")],
    scope: Annotated[
        list[Scope],
        typer.Option(
            help="read: look at everything; signup: have people asked by mail; write: change, and "
            "take people on with their consent. May be repeated."
        ),
    ],
    project: ProjectOption = HERE,
) -> int:
    """Make a token and write it to standard output; it cannot be shown again.

    Example: bypost admin token add shop --scope signup
    """
    from bypost.errors import SettingsError
    from bypost.project import open_project
    from bypost.store import tokens

    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"`{name}` cannot be the name of a token\n"
            "    write up to 40 letters, digits, dots, dashes or underscores"
        )
    made = tokens.make()
    with open_project(project) as context, context.store.write() as connection:
        new = tokens.add(
            connection,
            name,
            tokens.hash_of(made),
            scopes=[one.value for one in scope],
            now=context.clock.now(),
        )
        if new:
            detail = ", ".join(one.value for one in scope)
            noted(context, "token.add", f"token:{name}", detail)(connection)
    if not new:
        raise SettingsError(
            f"there is a token `{name}` already\n"
            f"    choose another name, or end it first: bypost admin token revoke {name}"
        )
    console.note("keep it now: only its hash is stored, so it cannot be shown again")
    sys.stdout.write(f"{made}\n")
    return 0


@app.command("list")
def list_(project: ProjectOption = HERE, as_json: JsonOption = False) -> int:
    """Show the tokens there are: name, scopes, last use; never the token itself.

    Example: bypost admin token list
    """
    from bypost.project import open_project
    from bypost.store import tokens

    with (
        open_project(project, upgrade=False) as context,
        context.store.read() as connection,
    ):
        rows = tokens.every(connection)
    if as_json:
        console.print_json({"tokens": [_plain(row) for row in rows]})
    else:
        _print(rows)
    return 0


@app.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="Its name.")],
    project: ProjectOption = HERE,
) -> int:
    """End a token at once; its name may be used again.

    Example: bypost admin token revoke shop
    """
    from bypost.errors import SettingsError
    from bypost.project import open_project
    from bypost.store import tokens

    with open_project(project) as context, context.store.write() as connection:
        done = tokens.revoke(connection, name, context.clock.now())
        if done:
            noted(context, "token.revoke", f"token:{name}")(connection)
    if not done:
        raise SettingsError(
            f"there is no token `{name}` that opens anything\n    see: bypost admin token list"
        )
    console.out.print(f"[green]✓[/green] {name} opens nothing any more", highlight=False)
    return 0


def _plain(row: Row) -> dict[str, Any]:
    names = ("name", "scopes", "created_at", "last_used_at", "revoked_at")
    return {name: row[name] for name in names}


def _print(rows: Any) -> None:
    from rich.table import Table
    from rich.text import Text

    from bypost.cli import moment

    if not rows:
        console.out.print("no tokens; make one with `bypost admin token add`")
        return
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for row in rows:
        used = row["last_used_at"]
        state = f"last used {moment.day(used)}" if used else "never used"
        if row["revoked_at"]:
            state = f"revoked on {moment.day(row['revoked_at'])}"
        table.add_row(Text(row["name"], "bold"), ", ".join(row["scopes"]), state)
    console.out.print(table)
