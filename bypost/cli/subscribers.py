"""``bypost subscribers``: people in, out, and one of them looked at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption

if TYPE_CHECKING:
    from bypost.delivery.context import Context
    from bypost.store import Row

app = typer.Typer(help="People: import, export, add, show, forget.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """People: import, export, add, show, forget."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file with at least a column `email`.")],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """Take up a CSV file; it adds and changes, and never brings back who left.

    Example: bypost subscribers import people.csv
    """
    from dataclasses import asdict

    from bypost.delivery.publish import publish
    from bypost.delivery.run import importer
    from bypost.project import open_project

    with open_project(project) as context, console.progress(quiet=as_json) as show:
        now = context.clock.now()
        summary = importer(
            context, publish(context, now), lambda rows: show("reading", rows, 0)
        ).run(file, now=now)
    if as_json:
        rejected = [asdict(bad) for bad in summary.bad]
        console.print_json(
            {**summary.numbers(), "skipped": summary.skipped, "rejected_rows": rejected}
        )
        return 1 if summary.rejected else 0
    for bad in (*summary.bad, *summary.notes):
        console.note(f"{file.name}:{bad.line}: {bad.reason}")
    if summary.skipped:
        console.out.print("unchanged since the last import; nothing to do")
    else:
        told = ", ".join(f"{number} {name}" for name, number in summary.numbers().items())
        console.out.print(f"[green]✓[/green] {told}")
    return 1 if summary.rejected else 0


@app.command("export")
def export(project: ProjectOption = HERE) -> int:
    """Write everybody as CSV to standard output, in the columns of subscribers.csv.

    Example: bypost subscribers export > people.csv
    """
    import csv
    import sys

    from bypost.people import export as exporting
    from bypost.project import open_project

    writer = csv.writer(sys.stdout, lineterminator="\n")
    with open_project(project) as context, context.store.read() as connection:
        attributes = exporting.attribute_columns(connection)
        writer.writerow(exporting.header(attributes))
        writer.writerows(
            exporting.rows(
                connection,
                attributes,
                address_hash=context.address_hash,
                newsletters=context.settings.import_.newsletters,
            )
        )
    return 0


@app.command("add")
def add(
    email: Annotated[str, typer.Argument(help="The address.")],
    course: Annotated[list[str] | None, typer.Option(help="Course to put them on.")] = None,
    newsletter: Annotated[list[str] | None, typer.Option(help="Newsletter.")] = None,
    name: Annotated[str, typer.Option(help="Name.")] = "",
    time_zone: Annotated[str, typer.Option(help="Such as Europe/Berlin.")] = "",
    note: Annotated[str, typer.Option(help="How they agreed; kept as evidence.")] = "",
    project: ProjectOption = HERE,
) -> int:
    """Add one person who agreed to it; the course begins with the next pass.

    Example: bypost subscribers add ana@example.org --course after-the-interview
    """
    from tempfile import TemporaryDirectory

    from bypost.delivery.publish import publish
    from bypost.delivery.run import importer
    from bypost.errors import SettingsError
    from bypost.project import open_project

    cells = {"email": email, "name": name, "time_zone": time_zone, "consent_note": note}
    if course or newsletter:
        # Who names one thing asks for that alone, not for what a blank cell means.
        cells["courses"] = ";".join(course or []) or ";"
        cells["newsletters"] = ";".join(newsletter or []) or ";"
    with open_project(project) as context, TemporaryDirectory() as folder:
        now = context.clock.now()
        file = _one_row(Path(folder) / "added.csv", cells)
        summary = importer(context, publish(context, now)).run_once(file, now=now)
    for bad in (*summary.bad, *summary.notes):
        raise SettingsError(f"{email}: {bad.reason}")
    done = "added" if summary.added else "changed" if summary.changed else "nothing new for them"
    console.out.print(f"[green]✓[/green] {done}")
    return 0


def _one_row(file: Path, cells: dict[str, str]) -> Path:
    """Write one row for the importer, so that it makes the same checks and refusals.

    Blank cells are left out: only what was typed acts.
    """
    import csv

    from bypost.people.columns import protect

    given = {name: protect(cell) for name, cell in cells.items() if cell or name == "email"}
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(given)
        writer.writerow(given.values())
    return file


@app.command("show")
def show(
    email: Annotated[str, typer.Argument(help="The address.")],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """Show one person: what they are on, what they had, what comes next.

    Example: bypost subscribers show ana@example.org
    """
    from bypost.errors import SettingsError
    from bypost.project import open_project
    from bypost.store import subscribers

    key = email.strip().casefold()
    with open_project(project, upgrade=False) as context:
        with context.store.read() as connection:
            person = subscribers.by_keys(connection, [key]).get(key)
        if person is None:
            raise SettingsError(f"there is nobody with the address {email}")
        found = _gather(context, person)
    if as_json:
        console.print_json(found)
        return 0
    _print(found)
    return 0


@app.command("forget")
def forget(
    email: Annotated[str, typer.Argument(help="The address.")],
    project: ProjectOption = HERE,
) -> int:
    """Erase everything about one person, for good; an import does not bring them back.

    Example: bypost subscribers forget ana@example.org
    """
    from bypost.delivery.forget import forget as forget_person
    from bypost.errors import SettingsError
    from bypost.project import open_project
    from bypost.store import subscribers

    key = email.strip().casefold()
    with open_project(project) as context:
        with context.store.read() as connection:
            person = subscribers.by_keys(connection, [key]).get(key)
        if person is None:
            raise SettingsError(f"there is nobody with the address {email}")
        forget_person(context, person["id"])
    console.out.print("[green]✓[/green] erased")
    console.note("take their row out of subscribers.csv as well, and think of your backups")
    return 0


def _gather(context: Context, person: Row) -> dict[str, Any]:
    """Return everything about one person as plain values."""
    from bypost.store import consents, counts, enrollments, subscriptions, suppressions

    address = context.address_hash(person["email_key"])
    with context.store.read() as connection:
        runs = enrollments.of_subscribers(connection, [person["id"]])
        letters = subscriptions.of_subscribers(connection, [person["id"]])
        mails = counts.of_subscriber(connection, person["id"])
        agreed = consents.of_subscriber(connection, person["id"])
        stopped = suppressions.find(connection, [address]).get(address, "")
    return {
        "email": person["email"],
        "name": person["name"],
        "time_zone": person["time_zone"],
        "status": person["status"],
        "suppressed": stopped,
        "tags": person["tags"],
        "attributes": person["attributes"],
        "courses": [
            {
                key: run[key]
                for key in ("course", "status", "started_at", "next_due", "paused_until")
            }
            for run in runs
        ],
        "newsletters": [
            {key: row[key] for key in ("newsletter", "status", "started_at")} for row in letters
        ],
        "mails": [
            {
                "ref": context.reference(mail["id"]),
                "item": mail["item"],
                "state": mail["state"] or _state(mail["batch_state"]),
                "accepted_at": mail["accepted_at"],
                "detail": mail["detail"] or mail["batch_detail"],
            }
            for mail in mails
        ],
        "consents": [
            {key: row[key] for key in ("purpose", "source", "note", "confirmed_at", "withdrawn_at")}
            for row in agreed
        ],
    }


def _state(batch_state: str) -> str:
    """Return the word for a delivery that goes with its batch."""
    return {"settled": "accepted", "unknown": "unknown"}.get(batch_state, "pending")


def _print(found: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    zone = ZoneInfo(found["time_zone"] or "UTC")
    console.out.print(
        Text.assemble(
            (found["name"] or found["email"], "bold"), f"  {found['email']}  ", (zone.key, "dim")
        )
    )
    if found["suppressed"]:
        console.out.print(f"  [red]✗[/red] nothing is sent to this address: {found['suppressed']}")
    for run in found["courses"]:
        due = None if found["suppressed"] else run["next_due"]
        after = f", next {due.astimezone(zone):%a %-d %b %Y %H:%M %Z}" if due else ""
        console.out.print(f"  {run['course']}: {run['status']}{after}", markup=False)
    for row in found["newsletters"]:
        console.out.print(f"  {row['newsletter']}: {row['status']}", markup=False)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for mail in found["mails"]:
        at = mail["accepted_at"]
        when = f"{at.astimezone(zone):%a %-d %b %Y %H:%M %Z}" if at else ""
        table.add_row(f"  {mail['state']}", when, mail["item"], mail["detail"] or "")
    console.out.print(table)
