"""``bypost subscribers import``, ``imports`` and ``undo-import``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bypost.delivery.context import Context
    from bypost.people.columns import Reading
    from bypost.people.import_summary import Summary
    from bypost.people.undo_import import Undone
    from bypost.store import Connection


def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file with at least a column `email`.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")
    ] = False,
    note: Annotated[
        str, typer.Option(help="How these people agreed; kept where a row does not say.")
    ] = "",
    encoding: Annotated[
        str, typer.Option(help="Of a file that is not UTF-8, such as windows-1252.")
    ] = "",
    column: Annotated[
        list[str] | None,
        typer.Option(help="Read a column as another: THEIRS=OURS.", metavar="THEIRS=OURS"),
    ] = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """Take up a CSV file; it adds and changes, and never brings back who left.

    Example: bypost subscribers import people.csv --dry-run
    """
    from dataclasses import replace
    from datetime import timedelta

    from bypost.delivery.publish import Published, publish
    from bypost.delivery.run import importer
    from bypost.people import import_files
    from bypost.project import open_project

    reading = _reading(encoding, column or [])
    with open_project(project) as context, console.progress(quiet=as_json) as show:
        now = context.clock.now()
        if dry_run:
            known = import_files.known_names(context.root)
            published = Published(known_courses=known.courses, known_newsletters=known.newsletters)
        else:
            published = publish(context, now)
            keep = timedelta(days=context.settings.keep.imports_days)
            import_files.sweep(context.root, now - keep)
        importing = replace(
            importer(context, published, lambda rows: show("reading", rows, 0)),
            actor=_who(),
            note=note,
            reading=reading,
            asked=True,
            clock=context.clock.now,
            dry=dry_run,
            set_aside=context.root,
        )
        summary = importing.run(file, now=now)
        if summary.import_id is not None:
            _log(context, summary)
    told = _as_json(summary, dry_run=dry_run)
    if as_json:
        console.print_json(told)
    else:
        _print(file.name, summary, dry_run=dry_run)
    return 1 if summary.rejected else 0


def _log(context: Context, summary: Summary) -> None:
    from bypost.admins import audit

    with context.store.write() as connection:
        audit.by_command(
            connection,
            now=context.clock.now(),
            action="import.apply",
            subject=f"import:{summary.import_id}",
            detail=f"{summary.added} added, {summary.changed} changed",
        )


def imports_(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """List the imports, the last one first, with the number that takes one back.

    Example: bypost subscribers imports
    """
    from bypost.project import open_project
    from bypost.store import imports

    with open_project(project, upgrade=False) as context, context.store.read() as connection:
        rows = [dict(row) for row in imports.page(connection, limit=limit)]
    names = ("id", "path", "at", "state", "actor", "dialect", "digest", "summary", "undone_at")
    if as_json:
        console.print_json({"imports": [{name: row[name] for name in names} for row in rows]})
        return 0
    for row in rows:
        counts = row["summary"]
        told = f"{counts.get('added', 0)} added, {counts.get('changed', 0)} changed"
        line = f"{row['id']:>5}  {row['at']:%Y-%m-%d %H:%M}  {row['state']:<8}  {told}"
        console.out.print(f"{line}  {row['path']}  {row['actor']}".rstrip(), markup=False)
    if not rows:
        console.out.print("no file was taken up yet")
    return 0


def undo(
    number: Annotated[int, typer.Argument(help="As `bypost subscribers imports` lists it.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be taken back; write nothing.")
    ] = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """Take an import back: whom it added, what it changed, what it began, where no mail went yet.

    Example: bypost subscribers undo-import 17 --dry-run
    """
    from bypost.admins import audit
    from bypost.people.columns import FILE_NAME
    from bypost.people.undo_import import Undoing
    from bypost.project import open_project
    from bypost.store import imports

    with open_project(project) as context:
        now = context.clock.now()

        def log(connection: Connection, undone: Undone) -> None:
            subject, detail = f"import:{number}", f"{undone.removed} removed"
            audit.by_command(
                connection, now=now, action="import.undo", subject=subject, detail=detail
            )

        undoing = Undoing(
            store=context.store, address_hash=context.address_hash, dry=dry_run, on_done=log
        )
        undone = undoing.run(number, by=_who(), now=now)
        with context.store.read() as connection:
            row = imports.by_id(connection, number)
    if as_json:
        console.print_json({"import": number, "dry_run": dry_run, **undone.numbers()})
        return 0
    if dry_run:
        console.out.print("Nothing was changed. Taking it back now would do this:")
    _print_counts(undone.numbers())
    if row is not None and row["path"] == FILE_NAME and not dry_run:
        console.note(
            f"its rows still stand in {FILE_NAME}: take them out, or those who were added come "
            "back when the file changes"
        )
    return 0


def _who() -> str:
    from bypost.admins import audit

    return audit.user_here()


def _reading(encoding: str, columns: list[str]) -> Reading:
    """Return how the file is read; raise SettingsError for a column that says nothing."""
    from bypost.errors import SettingsError
    from bypost.people.columns import Reading

    chosen = {}
    for one in columns:
        theirs, sign, ours = one.rpartition("=")
        if not sign or not theirs:
            raise SettingsError(
                f"--column {one}: not of the form THEIRS=OURS\n"
                "    write e.g. --column 'E-Mail=email'; nothing behind = leaves it out"
            )
        chosen[theirs] = ours
    return Reading(encoding=encoding, columns=chosen)


def _as_json(summary: Summary, *, dry_run: bool) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        **summary.outcomes(),
        "skipped": summary.skipped,
        "dry_run": dry_run,
        "import": summary.import_id,
        "dialect": summary.dialect,
        "quarantine": summary.quarantine,
        "rejected_rows": [asdict(bad) for bad in summary.bad],
        "notes": [asdict(note) for note in summary.notes],
    }


def _print(name: str, summary: Summary, *, dry_run: bool) -> None:
    """Print what an import did, or would do."""
    if summary.dialect:
        console.out.print(f"read as an export of {summary.dialect}")
        console.note(summary.lacks)
    for bad in (*summary.bad, *summary.notes):
        console.note(f"{name}:{bad.line}: {bad.reason}")
    if summary.skipped:
        console.out.print("unchanged since the last import; nothing to do")
        return
    if dry_run:
        console.out.print("Nothing was written. An import now would do this:")
        _print_counts(summary.outcomes())
        for outcome, rows in summary.examples.items():
            for one in rows:
                told = f"  {outcome}: line {one.line}  {one.email}  {one.words}".rstrip()
                console.out.print(told, markup=False)
        return
    told = ", ".join(f"{number} {name}" for name, number in summary.numbers().items())
    console.out.print(f"[green]✓[/green] {told}")
    if summary.quarantine:
        console.note(f"{summary.spoiled} bad rows stand in {summary.quarantine}: mend and import")
    if summary.added or summary.changed:
        console.note(f"`bypost subscribers undo-import {summary.import_id}` takes it back")


def _print_counts(counts: Mapping[str, Any]) -> None:
    """Print counts, one a line, the parts of a count below it."""
    for name, count in counts.items():
        if not isinstance(count, dict):
            console.out.print(f"  {count:>9,}  {name.replace('_', ' ')}", markup=False)
        for part, number in count.items() if isinstance(count, dict) else ():
            console.out.print(f"  {number:>9,}  {name}: {part}", markup=False)
