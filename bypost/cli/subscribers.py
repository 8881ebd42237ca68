"""``bypost subscribers``: people in, out, and one of them looked at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bypost.cli import console, exports, imports, subscribers_list
from bypost.cli.console import HERE, JsonOption, ProjectOption
from bypost.cli.noted import noted

if TYPE_CHECKING:
    from bypost.delivery.context import Context
    from bypost.delivery.publish import Published

app = typer.Typer(
    help="People: import, undo-import, export, list, add, show, forget.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """People: import, undo-import, export, list, add, show, forget."""


app.command("list")(subscribers_list.list_)


app.command("import")(imports.import_)
app.command("imports")(imports.imports_)
app.command("undo-import")(imports.undo)
app.command("export")(exports.export)


@app.command("add")
def add(
    email: Annotated[str, typer.Argument(help="The address.")],
    course: Annotated[list[str] | None, typer.Option(help="Course to put them on.")] = None,
    newsletter: Annotated[list[str] | None, typer.Option(help="Newsletter.")] = None,
    from_lesson: Annotated[
        str,
        typer.Option(
            "--from",
            help="The lesson they begin with; those before it are none of theirs.",
            metavar="LESSON",
        ),
    ] = "",
    name: Annotated[str, typer.Option(help="Name.")] = "",
    time_zone: Annotated[str, typer.Option(help="Such as Europe/Berlin.")] = "",
    note: Annotated[str, typer.Option(help="How they agreed; kept as evidence.")] = "",
    project: ProjectOption = HERE,
) -> int:
    """Add one person who agreed to it; the course begins with the next pass.

    Example: bypost subscribers add ana@example.org --course after-the-interview
    """
    from dataclasses import replace

    from bypost.delivery.publish import publish
    from bypost.delivery.run import importer
    from bypost.errors import SettingsError
    from bypost.project import open_project
    from bypost.store.scratch import Scratch

    cells = {"email": email, "name": name, "time_zone": time_zone, "consent_note": note}
    if course or newsletter:
        # Who names one thing asks for that alone, not for what a blank cell means.
        cells["courses"] = ";".join(course or []) or ";"
        cells["newsletters"] = ";".join(newsletter or []) or ";"
    with open_project(project) as context, Scratch("added") as folder:
        now = context.clock.now()
        file = _one_row(folder / "added.csv", cells)
        published = publish(context, now)
        begins = _begins_with(context, published, email, course or [], from_lesson)
        _refuse(context, email, course or [], newsletter or [])
        importing = replace(importer(context, published), begins_with=begins)
        summary = importing.run_once(file, now=now)
    for bad in (*summary.bad, *summary.notes):
        raise SettingsError(f"{email}: {bad.reason}")
    done = "added" if summary.added else "changed" if summary.changed else "nothing new for them"
    console.out.print(f"[green]✓[/green] {done}")
    return 0


def _begins_with(
    context: Context, published: Published, email: str, courses: list[str], lesson: str
) -> dict[str, str]:
    """Return with which lesson a course begins; raise SettingsError where it cannot."""
    from bypost.errors import SettingsError

    if not lesson:
        return {}
    if len(courses) != 1:
        raise SettingsError("--from is for one course\n    write: --course NAME --from LESSON")
    (course,) = courses
    if course in published.known_courses:
        shape = published.shapes.get(course)
        known = [step.lesson for step in shape.live] if shape else []
        if lesson not in known:
            told = f"known: {', '.join(known)}" if known else "the course sends nothing at present"
            raise SettingsError(f"there is no lesson `{lesson}` in `{course}`\n    {told}")
        _refuse_begun(context, email, course)
    return {course: lesson}


def _refuse_begun(context: Context, email: str, course: str) -> None:
    """Raise SettingsError for somebody who is or was on the course: nobody is moved by it."""
    from bypost.errors import SettingsError
    from bypost.store import enrollments, subscribers

    key = email.strip().casefold()
    with context.store.read() as connection:
        person = subscribers.by_keys(connection, [key]).get(key)
        runs = enrollments.of_subscribers(connection, [person["id"]]) if person else ()
    for run in runs:
        if run["course"] == course:
            told = {"active": "is on", "left": "left", "finished": "finished"}[run["status"]]
            raise SettingsError(f"{email}: {told} `{course}` already; nobody is moved in a course")


def _refuse(context: Context, email: str, courses: list[str], newsletters: list[str]) -> None:
    """Raise SettingsError for somebody who does not come back by another's hand."""
    from bypost.errors import SettingsError
    from bypost.people.admit import Basis, Newcomer, NotAdmitted, refuse

    newcomer = Newcomer(email=email.strip(), courses=courses, newsletters=newsletters)
    basis = Basis(statement="", address_hash=context.address_hash, now=context.clock.now())
    with context.store.read() as connection:
        try:
            refuse(connection, newcomer, basis)
        except NotAdmitted as error:
            raise SettingsError(f"{email}: {error}") from None


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
    from bypost.cli.person import gather, write
    from bypost.errors import SettingsError
    from bypost.project import open_project
    from bypost.store import subscribers

    key = email.strip().casefold()
    with open_project(project, upgrade=False) as context:
        with context.store.read() as connection:
            person = subscribers.by_keys(connection, [key]).get(key)
        if person is None:
            raise SettingsError(f"there is nobody with the address {email}")
        found = gather(context, person)
    if as_json:
        console.print_json(found)
        return 0
    write(found)
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
        number = person["id"]
        note = noted(context, "subscriber.erase", f"subscriber:{number}")
        forget_person(context, number, note=note)
    console.out.print("[green]✓[/green] erased")
    console.note("take their row out of subscribers.csv as well, and think of your backups")
    return 0
