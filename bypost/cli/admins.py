"""``bypost admin``: who may sign in at the desk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bypost.admins.role import Role
from bypost.cli import console, tokens
from bypost.cli.console import HERE, JsonOption, ProjectOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bypost.store import Row

app = typer.Typer(
    help="Who may sign in at the desk, and who may use the HTTP API.", no_args_is_help=True
)
app.add_typer(tokens.app, name="token")

NameArgument = Annotated[str, typer.Argument(help="The account's name.")]
RoleOption = Annotated[Role, typer.Option(help="viewer: look at everything; operator: also act.")]
FileOption = Annotated[
    Path | None,
    typer.Option("--password-file", metavar="FILE", help="Read the password from a file's line 1."),
]


@app.callback()
def _group() -> None:
    """Who may sign in at the desk, and who may use the HTTP API."""


@app.command("add")
def add(
    name: NameArgument,
    role: RoleOption,
    password_file: FileOption = None,
    project: ProjectOption = HERE,
) -> int:
    """Make an account for the desk; the password is asked for, or read from standard input.

    Example: bypost admin add karl --role operator
    """
    from bypost.admins import account, audit
    from bypost.admins import password as passwords
    from bypost.project import open_project

    plain = account.checked_name(name)
    hashed = passwords.hash_of(_password(password_file))
    with open_project(project) as context, context.store.write() as connection:
        now = context.clock.now()
        account.add(connection, plain, role, hashed, now)
        audit.by_command(
            connection, now=now, action="admin.add", subject=f"admin:{plain}", detail=role.value
        )
    console.out.print("[green]✓[/green] ", end="")
    console.out.print(f"{plain} may sign in at /desk, as {role}", markup=False)
    return 0


@app.command("list")
def list_(project: ProjectOption = HERE, as_json: JsonOption = False) -> int:
    """Show the accounts of the desk: name, role, when they signed in last.

    Example: bypost admin list
    """
    from bypost.project import open_project
    from bypost.store import admins

    with open_project(project, upgrade=False) as context, context.store.read() as connection:
        rows = admins.every(connection)
    if as_json:
        console.print_json({"admins": [_plain(row) for row in rows]})
    else:
        _print(rows)
    return 0


@app.command("role")
def role_(name: NameArgument, role: RoleOption, project: ProjectOption = HERE) -> int:
    """Give an account another role; it holds at once.

    Example: bypost admin role karl --role viewer
    """
    from bypost.admins import account, audit
    from bypost.project import open_project

    with open_project(project) as context, context.store.write() as connection:
        row = account.find(connection, name)
        account.set_role(connection, row, role)
        audit.by_command(
            connection,
            now=context.clock.now(),
            action="admin.role",
            subject=f"admin:{row['name']}",
            detail=role.value,
        )
    console.out.print("[green]✓[/green] ", end="")
    console.out.print(f"{row['name']} is {role} from now on", markup=False)
    return 0


@app.command("password")
def password(
    name: NameArgument, password_file: FileOption = None, project: ProjectOption = HERE
) -> int:
    """Set a new password; the account is signed out everywhere, and signing in waits no longer.

    Example: bypost admin password karl
    """
    from bypost.admins import account, audit, sign_in
    from bypost.admins import password as passwords
    from bypost.project import open_project

    with open_project(project) as context:
        with context.store.read() as connection:
            account.find(connection, name)
        hashed, now = passwords.hash_of(_password(password_file)), context.clock.now()
        with context.store.write() as connection:
            row = account.find(connection, name)
            ended = account.set_password(connection, row, hashed, now)
            sign_in.forget(connection, now)
            audit.by_command(
                connection, now=now, action="admin.password", subject=f"admin:{row['name']}"
            )
    where = f"; signed out in {ended} places" if ended > 1 else "; signed out" if ended else ""
    console.out.print("[green]✓[/green] ", end="")
    console.out.print(f"{row['name']} has a new password{where}", markup=False)
    return 0


@app.command("remove")
def remove(name: NameArgument, project: ProjectOption = HERE) -> int:
    """Remove an account; it is signed out at once, and what it did stays in the log.

    Example: bypost admin remove karl
    """
    from bypost.admins import account, audit
    from bypost.project import open_project

    with open_project(project) as context, context.store.write() as connection:
        row = account.find(connection, name)
        account.remove(connection, row)
        audit.by_command(
            connection,
            now=context.clock.now(),
            action="admin.remove",
            subject=f"admin:{row['name']}",
        )
    console.out.print("[green]✓[/green] ", end="")
    console.out.print(f"{row['name']} cannot sign in any more", markup=False)
    return 0


def _password(file: Path | None) -> str:
    """Return the password: from a file, typed twice, or from a pipe; never from an argument."""
    import getpass

    from bypost.errors import SettingsError

    if file is not None:
        return _first_line(file)
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != typed:
        raise SettingsError("the two passwords are not the same\n    nothing was changed")
    return typed


def _first_line(file: Path) -> str:
    from bypost.errors import SettingsError

    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise SettingsError(f"--password-file {file}: cannot be read: {why}") from None
    return lines[0] if lines else ""


def _plain(row: Row) -> dict[str, Any]:
    names = ("name", "role", "created_at", "password_at", "seen_at", "sessions")
    return {name: row[name] for name in names}


def _print(rows: Sequence[Row]) -> None:
    from rich.table import Table
    from rich.text import Text

    from bypost.cli import moment

    if not rows:
        console.out.print("no accounts; make one with `bypost admin add NAME --role operator`")
        return
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for row in rows:
        seen = f"signed in on {moment.day(row['seen_at'])}" if row["seen_at"] else "never signed in"
        table.add_row(Text(row["name"], "bold"), row["role"], seen)
    console.out.print(table)
