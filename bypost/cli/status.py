"""``bypost status`` and ``bypost resume``: how sending stands, and letting it go on."""

from __future__ import annotations

from typing import Annotated

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption


def status(project: ProjectOption = HERE, as_json: JsonOption = False) -> int:
    """Show what is owed, what became of it, and what comes next.

    Example: bypost status --json
    """
    from bypost.delivery.report import Report
    from bypost.delivery.run import Pass
    from bypost.project import is_new, open_project
    from bypost.store.counts import Counts

    if is_new(project):
        if as_json:
            console.print_json(Report(total=Counts(), this_pass=Counts()).as_json())
        else:
            console.out.print("nothing was sent yet: `bypost send` makes the database and sends")
        return 0
    with open_project(project, upgrade=False) as context:
        found = Pass(context).status()
    if as_json:
        console.print_json(found.as_json())
        return found.exit_code
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name in ("owed", "accepted", "failed", "cancelled", "unknown", "pending"):
        table.add_row(name, f"{getattr(found.total, name):,}")
    console.out.print(table)
    if found.next_at is not None:
        console.out.print(f"next: {found.next_at.astimezone():%A %-d %B %Y at %H:%M %Z}")
    for name, reason in found.blocked.items():
        console.problem(f"{name} is stopped: {reason}\n  mend it, then run `bypost resume`")
    for folder in found.held:
        console.problem(f"{folder} sends nothing: run `bypost check`")
    for one in found.unknown:
        console.note(f"unknown: {one['content']} to {one['email']} ({one['ref']})")
    return found.exit_code


def resume(
    provider: Annotated[str, typer.Argument(help="Which provider; all by default.")] = "",
    project: ProjectOption = HERE,
) -> int:
    """Let a stopped provider send again, once the reason is mended.

    Example: bypost resume resend
    """
    from bypost.errors import SettingsError
    from bypost.project import open_project
    from bypost.store import budgets, ledger

    with open_project(project) as context, context.store.write() as connection:
        now = context.clock.now()
        stopped = budgets.breakers(connection)
        chosen = [provider] if provider else list(stopped)
        for name in chosen:
            if name not in stopped:
                known = ", ".join(stopped) or "none"
                raise SettingsError(f"`{name}` is not stopped\n    stopped now: {known}")
            budgets.close_breaker(connection, name)
            ledger.wake_waiting(connection, name, now)
    console.out.print(
        f"{', '.join(chosen)} may send again with the next pass" if chosen else "nothing is stopped"
    )
    return 0
