"""``bypost init``: a new project, for authors who begin."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from bypost.cli import console
from bypost.starter import Template

_HOLDS = {
    Template.COURSE: "the course that ByPost ships with, its templates and five invented people",
    Template.NEWSLETTER: "the newsletter that ByPost ships with, its templates and invented people",
    Template.PLAIN: "a course of one lesson to write over, the templates and one invented person",
}
_SENDS = {
    Template.COURSE: "writes the first mails into var/outbox",
    Template.NEWSLETTER: "sends an issue when its day has come and it says `status: ready`",
    Template.PLAIN: "writes the first mail into var/outbox",
}


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A new folder, or an empty one.")
    ],
    template: Annotated[
        Template, typer.Option(help="What it begins with.", show_default=True)
    ] = Template.COURSE,
) -> int:
    """Make a new project: lessons, templates, settings and sample people to begin with.

    Everything in it is yours to change, and it needs nothing but the command `bypost`. The other
    commands work on it from inside, or with --project FOLDER.

    Example: bypost init my-course --template plain
    """
    from bypost.starter import make_project
    from scheduler.clock import SystemClock

    made = make_project(folder, template, today=SystemClock().now().date())
    console.out.print(Text.assemble(("✓", "green"), f" {folder}: {_HOLDS[template]}"))
    console.out.print(f"  {'  '.join(made)}\n", markup=False)
    steps = _next(folder, template)
    width = max(len(command) for command, _ in steps)
    for command, says in steps:
        console.out.print(f"  {command:<{width}}  {says}", markup=False)
    return 0


def _next(folder: Path, template: Template) -> tuple[tuple[str, str], ...]:
    """Return the first commands to give in the new project, and what each is for."""
    inside = folder.resolve() == Path.cwd()
    go = "" if inside else f"cd {shlex.quote(str(folder))} && "
    return (
        (f"{go}bypost preview", "look at the mails while you write"),
        ("bypost check", "what is wrong, with file and line"),
        ("bypost send", _SENDS[template]),
    )
