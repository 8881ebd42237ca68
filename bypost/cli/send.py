"""``bypost send``: one pass, or passes until stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bypost.cli import console, logs
from bypost.cli.console import HERE, JsonOption, ProjectOption
from bypost.cli.opening import open_to_send
from bypost.model.quantity import quantity

if TYPE_CHECKING:
    from bypost.delivery.context import Context
    from bypost.delivery.report import Report


def send(
    project: ProjectOption = HERE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent; send and write nothing.")
    ] = False,
    forever: Annotated[
        bool, typer.Option("--forever", help="Keep going, a pass every few seconds.")
    ] = False,
    allow_local: Annotated[
        bool, typer.Option("--allow-local", help="Let a real provider send sample settings.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Send what is due: sync the CSV, owe, send, record, report.

    Example: bypost send --dry-run
    """
    from bypost.errors import SettingsError

    if forever and (as_json or dry_run):
        raise SettingsError(
            f"{'--json' if as_json else '--dry-run'} is for a single pass\n    leave out --forever"
        )
    if dry_run:
        return _dry_run(project, as_json=as_json)
    with (
        open_to_send(project, allow_local=allow_local, patient=forever) as context,
        logs.written(context.settings.log, steady=forever),
    ):
        return _forever(context) if forever else _once(context, as_json=as_json)


def _once(context: Context, *, as_json: bool) -> int:
    from bypost.delivery.run import Pass

    with console.progress(quiet=as_json) as show:
        report = Pass(
            context,
            on_progress=lambda done, total: show("sending", done, total),
            on_row=lambda rows: show("reading", rows, 0),
        ).run()
    if as_json:
        console.print_json(report.as_json())
    else:
        print_report(report)
    return report.exit_code


def _dry_run(project: Path, *, as_json: bool) -> int:
    """Make the pass on a copy of the database, into a mailbox that is thrown away."""
    from bypost.delivery.run import Pass
    from bypost.project import open_copy
    from bypost.store.scratch import Scratch

    with Scratch("dry-run") as folder, open_copy(project, folder) as context:
        report = Pass(context).run()
    if as_json:
        console.print_json({**report.as_json(), "dry_run": True})
    else:
        console.out.print("Nothing was sent. A pass now would do this:")
        print_report(report)
    return 2 if report.held else 0


def _forever(context: Context) -> int:
    """Make passes until a signal comes; a pass that fails is told, and the next one tries again."""
    from datetime import timedelta

    from bypost.delivery.run import Pass
    from bypost.errors import ByPostError
    from bypost.store.counts import Counts
    from scheduler.runner import Runner

    one_pass = Pass(context, patient=True)
    stop = threading.Event()
    told = ""

    def tick() -> None:
        """Make a pass; tell what it did, and each trouble once while it lasts."""
        nonlocal told
        try:
            report = one_pass.run()
        except ByPostError as error:
            if str(error) != told:
                console.problem(public(str(error)))
            told = str(error)
            return
        trouble = repr((report.held, report.troubles, report.blocked))
        if report.this_pass != Counts() or trouble != told:
            print_report(report, quote=public)
        told = trouble

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    every = timedelta(seconds=context.settings.sending.tick_seconds)
    runner = Runner(tick, every=every, clock=context.clock)
    console.err.print(f"a pass every {every.total_seconds():g} s; Ctrl-C stops")
    runner.run_until(stop)
    return 0


def public(text: str) -> str:
    """Return what a command that goes on may say of people: where it ends up is a log."""
    return text if console.err.is_terminal else logs.masked(text)


def print_report(report: Report, *, quote: Callable[[str], str] = str) -> None:
    """Write a pass for people: numbers, then what needs somebody.

    Args:
        quote: Makes texts that may hold an address fit for their readers.
    """
    _print_import(report, quote)
    for folder, problems in report.held.items():
        console.problem(f"{folder}: sends nothing until this is mended")
        for found in problems:
            console.err.print(f"  {found}", markup=False)
    from bypost.cli.screen import waiting

    for course, number in report.waiting.items():
        console.note(waiting(course, number))
    for issue in report.archived:
        console.note(f"newsletters/{issue}: too late to be sent; filed in the archive")
    for trouble in report.troubles:
        console.note(quote(trouble))
    for name, reason in report.blocked.items():
        console.problem(f"{name} is stopped: {quote(reason)}\n  mend it, then run `bypost resume`")
    for one in report.unknown:
        console.note(quote(f"unknown: {one['content']} to {one['email']} ({one['ref']})"))
    done, total = report.this_pass, report.total
    words = [f"{done.accepted} sent"]
    words += [f"{done.failed} failed"] if done.failed else []
    words += [f"{done.cancelled} cancelled"] if done.cancelled else []
    words += [f"{total.pending} waiting"] if total.pending else []
    words += [f"{total.unknown} unknown"] if total.unknown else []
    mark = "[green]✓[/green]" if report.exit_code == 0 else "[yellow]•[/yellow]"
    console.out.print(f"{mark} {', '.join(words)}")
    if report.next_at is not None:
        local = report.next_at.astimezone()
        console.out.print(f"  next: {local:%A %-d %B %Y at %H:%M %Z}")


def _print_import(report: Report, quote: Callable[[str], str]) -> None:
    done = report.imported
    if done is None or done.skipped:
        return
    for bad in done.bad:
        console.note(quote(f"subscribers.csv:{bad.line}: {bad.reason}"))
    for remark in done.notes:
        console.note(quote(f"subscribers.csv:{remark.line}: {remark.reason}"))
    if done.rejected > len(done.bad):
        console.note(f"... and {done.rejected - len(done.bad)} more rows like these")
    numbers = done.numbers()
    told = [f"{numbers[name]} {name}" for name in ("added", "changed", "unchanged", "rejected")]
    console.out.print(f"  subscribers.csv: {quantity(numbers['rows'], 'row')}: {', '.join(told)}")
