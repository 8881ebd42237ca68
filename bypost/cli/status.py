"""``bypost status``: how sending stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption

if TYPE_CHECKING:
    from bypost.delivery.context import Context

#: Seconds between two looks of ``--watch``.
_WATCH_SECONDS = 2.0


def status(
    project: ProjectOption = HERE,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every 2 seconds, until Ctrl-C.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Show what is being sent, what comes next, and what stands in the way.

    Example: bypost status --watch
    """
    from bypost.project import is_new, open_project

    if is_new(project):
        return _nothing_yet(as_json=as_json)
    with open_project(project, upgrade=False) as context:
        if watch:
            return _watch_json(context) if as_json else _watch(context)
        return _once(context, as_json=as_json)


def _nothing_yet(*, as_json: bool) -> int:
    """Tell that there is no database."""
    from bypost.delivery.standing import nothing_yet

    if as_json:
        console.print_json(nothing_yet().as_json())
    else:
        console.out.print("nothing was sent yet: `bypost send` makes the database and sends")
    return 0


def _once(context: Context, *, as_json: bool) -> int:
    from bypost.cli.screen import screen
    from bypost.delivery.standing import look

    found = look(context)
    if as_json:
        console.print_json(found.as_json())
    else:
        console.out.print(screen(found))
    return found.exit_code


def _watch(context: Context) -> int:
    """Redraw on a terminal; write block after block elsewhere."""
    from rich.live import Live
    from rich.text import Text

    from bypost.cli.screen import screen
    from bypost.delivery.standing import look

    if not console.out.is_terminal:
        return _repeat(lambda: console.out.print(screen(look(context), timed=True), Text()))
    with Live(console=console.out, auto_refresh=False) as live:
        return _repeat(lambda: live.update(screen(look(context), timed=True), refresh=True))


def _watch_json(context: Context) -> int:
    """Write one line of JSON for each look."""
    from bypost.delivery.standing import look

    return _repeat(lambda: console.print_json(look(context).as_json(), on_one_line=True))


def _repeat(draw: Callable[[], Any]) -> int:
    from time import sleep

    try:
        while True:
            draw()
            sleep(_WATCH_SECONDS)
    except KeyboardInterrupt:
        return 0
