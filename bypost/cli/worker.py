"""``bypost worker``: bring what passes hand over, on this or another machine."""

from __future__ import annotations

from typing import Annotated

import typer

from bypost.cli import console, logs
from bypost.cli.console import HERE, ProjectOption
from bypost.cli.opening import LONGEST_AWAY, open_to_send


def worker(
    project: ProjectOption = HERE,
    concurrency: Annotated[
        int | None,
        typer.Option(help="Batches at a time.", show_default="[sending] threads", min=1, max=64),
    ] = None,
    allow_local: Annotated[
        bool, typer.Option("--allow-local", help="Let a real provider send sample settings.")
    ] = False,
) -> int:
    """Bring batches that `bypost serve` or `bypost send --forever` hands over, until stopped.

    Any number of workers, on any number of machines, may share one PostgreSQL. It needs
    `engine = "procrastinate"` under [sending].

    Example: bypost worker --concurrency 4
    """
    from bypost.errors import SettingsError

    with (
        open_to_send(project, allow_local=allow_local, patient=True) as context,
        logs.written(context.settings.log, steady=True),
    ):
        if context.queue is None:
            raise SettingsError(
                "[sending] engine: is `threads`: passes send themselves, and hand nothing over\n"
                '    set engine = "procrastinate" here and where `bypost serve` runs'
            )
        from bypost.cluster import run_worker

        slots = concurrency or context.settings.sending.threads
        what = "batch" if slots == 1 else "batches"
        console.err.print(f"a worker for {slots} {what} at a time; Ctrl-C stops")
        return run_worker(context, slots, tell=console.problem, longest_away=LONGEST_AWAY)
