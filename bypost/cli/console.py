"""Where commands write: results to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

#: The one accent of the terminal; rich leaves it out for NO_COLOR and for pipes.
ACCENT = "cyan"
#: Seconds after which work gets a progress bar.
_NOTICEABLE = 1.0

# A terminal wraps at words; a pipe gets whole lines, so that they can be searched.
out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())

ProjectOption = Annotated[
    Path, typer.Option("--project", metavar="DIR", help="The project folder.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]
HERE = Path()


def print_json(value: Any, *, on_one_line: bool = False) -> None:
    """Write one JSON object to standard output, and nothing else."""
    import orjson

    form = 0 if on_one_line else orjson.OPT_INDENT_2
    sys.stdout.write(orjson.dumps(value, option=form, default=str).decode() + "\n")
    sys.stdout.flush()


def problem(text: str) -> None:
    """Write an error for people, with its symbol."""
    err.print(f"[red]✗[/red] {_escape(text)}")


def note(text: str) -> None:
    """Write a remark."""
    err.print(f"[yellow]![/yellow] {_escape(text)}")


def _escape(text: str) -> str:
    """Keep rich from reading brackets in paths and settings as markup."""
    from rich.markup import escape

    return escape(text)


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Yield a callable that shows (what, done, total): a bar on a terminal, nothing elsewhere.

    A total of 0 means "not known". The bar comes with the first call, once the work has taken
    :data:`_NOTICEABLE` seconds, and leaves no trace.
    """
    if quiet or not err.is_terminal:
        yield lambda _what, _done, _total: None
        return
    bar = Progress(
        TextColumn("{task.description:<8}"),
        BarColumn(complete_style=ACCENT, finished_style=ACCENT),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )
    task = bar.add_task("")
    began = monotonic()

    def show(what: str, done: int, total: int) -> None:
        if monotonic() - began >= _NOTICEABLE:
            bar.start()
        bar.update(task, description=what, completed=done, total=total or None)

    try:
        yield show
    finally:
        bar.stop()
