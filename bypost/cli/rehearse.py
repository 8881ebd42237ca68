"""``bypost rehearse``: a whole course in seconds, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption
from bypost.model.quantity import quantity

if TYPE_CHECKING:
    from bypost.delivery.context import Context
    from bypost.delivery.rehearsal import Sent


def rehearse(
    project: ProjectOption = HERE,
    start: Annotated[
        str, typer.Option(help="First day, e.g. 2027-03-20; today by default.", metavar="DATE")
    ] = "",
    days: Annotated[int, typer.Option(help="How many days to go through.", min=1, max=3660)] = 60,
    people: Annotated[
        str, typer.Option(help="`personas` (personas.toml) or `csv` (subscribers.csv).")
    ] = "personas",
    keep: Annotated[
        Path | None, typer.Option(help="Folder to write the mails into.", show_default=False)
    ] = None,
    fill: Annotated[
        int,
        typer.Option(
            help="Write a database of so many invented people, with --days behind them.",
            metavar="PEOPLE",
            min=0,
            max=10_000_000,
            show_default=False,
        ),
    ] = 0,
    database: Annotated[
        Path | None,
        typer.Option(
            help="With --fill: the file to write; var/rehearsal.db by default.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="With --fill: other people, other fates.")] = 1,
    as_json: JsonOption = False,
) -> int:
    """Go through a whole course in seconds, on a simulated clock: who gets what, and when.

    It is the real pass on a temporary database; nothing is sent. Drafts of newsletters are shown.
    With --fill no pass is made: a database to look at is written, of people who do not exist.

    Example: bypost rehearse --start 2027-03-20
    """
    if fill:
        from bypost.cli.fill import fill as fill_database

        return fill_database(
            project, people=fill, days=days, seed=seed, database=database, as_json=as_json
        )
    if database is not None:
        raise typer.BadParameter("belongs to --fill", param_hint="--database")
    import shutil

    from bypost.delivery.rehearsal import Rehearsal
    from bypost.errors import SettingsError
    from bypost.project import open_rehearsal
    from bypost.store.scratch import Scratch

    if people not in {"personas", "csv"}:
        raise SettingsError(f"--people {people}: write `personas` or `csv`")
    began = _start(start)
    with (
        Scratch("rehearsal") as folder,
        open_rehearsal(project, folder, start=began) as context,
    ):
        if people == "personas":
            _enroll(context)
        rehearsal = Rehearsal(context, csv=people == "csv")
        with console.progress(quiet=as_json) as show:
            rehearsal.run(
                began + timedelta(days=days), lambda at: show("days", (at - began).days, days)
            )
        sent = rehearsal.sent()
        if keep is not None:
            shutil.copytree(folder / "outbox", keep, dirs_exist_ok=True)
    _show(sent, as_json=as_json, keep=keep)
    return 0


def _start(text: str) -> datetime:
    """Return the first instant: this one, or the beginning of a day."""
    from bypost.errors import SettingsError
    from scheduler.clock import SystemClock

    if not text:
        return SystemClock().now()
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"--start {text}: not a date\n    write it as 2027-03-20") from None
    # Somebody who confirms in the middle of a day shows more than somebody at midnight.
    return day.replace(hour=day.hour or 10, tzinfo=day.tzinfo or UTC)


def _enroll(context: Context) -> None:
    from bypost.content.loader import load_project_content
    from bypost.content.personas import load_personas
    from bypost.delivery.rehearsal import enroll_personas

    library = load_project_content(context.root)
    enroll_personas(
        context,
        load_personas(context.root),
        [course.id for course in library.courses],
        [newsletter.id for newsletter in library.newsletters],
    )


def _show(sent: Sequence[Sent], *, as_json: bool, keep: Path | None) -> None:
    """Write the mails, person by person, in each person's own time."""
    if as_json:
        console.print_json({"mails": [_plain(one) for one in sent]})
        return
    from rich.table import Table
    from rich.text import Text

    for email in dict.fromkeys(one.email for one in sent):
        mails = [one for one in sent if one.email == email]
        zone = mails[0].zone or "UTC"
        console.out.print(
            Text.assemble((mails[0].name or email, "bold"), f"  {email}  ", (zone, "dim"))
        )
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for one in mails:
            local = one.at.astimezone(ZoneInfo(zone))
            mark = Text(f"  {one.collection}" if one.kind == "issue" else "", "dim")
            table.add_row(
                f"  {local:%a %-d %b %Y}", f"{local:%H:%M %Z}", Text(one.title).append(mark)
            )
        console.out.print(table)
    number = quantity(len(sent), "mail")
    people = quantity(len({one.email for one in sent}), "person")
    console.out.print(f"[green]✓[/green] {number} to {people}; nothing was sent")
    if keep is not None:
        console.out.print(f"  the mails are in {keep}", markup=False)


def _plain(one: Sent) -> dict[str, Any]:
    return {
        "at": one.at.isoformat(),
        "local": one.at.astimezone(ZoneInfo(one.zone or "UTC")).isoformat(),
        "email": one.email,
        "kind": one.kind,
        "collection": one.collection,
        "item": one.item,
        "title": one.title,
        "ref": one.ref,
    }
