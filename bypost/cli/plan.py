"""``bypost plan``: what an edit would do to the people in a course."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption

if TYPE_CHECKING:
    from bypost.delivery.foresee import Foreseen
    from bypost.delivery.plan import Person, Plan
    from bypost.delivery.planning import Planned

#: Exit code: something is to be taken over.
CHANGES_WAIT = 3
#: People whose next mail changes that are listed; ``--json`` has all.
_LISTED = 5


def plan(
    course: Annotated[str, typer.Argument(help="Which course; all by default.")] = "",
    project: ProjectOption = HERE,
    base: Annotated[
        str, typer.Option("--base", metavar="REV", help="Compare a revision with the files.")
    ] = "",
    head: Annotated[
        str, typer.Option("--head", metavar="REV", help="With --base: a revision, not the files.")
    ] = "",
    people: Annotated[
        int,
        typer.Option("--people", metavar="N", min=0, help="With --base: so many assumed people."),
    ] = 0,
    as_json: JsonOption = False,
) -> int:
    """Show what a structural edit would do, in people and dates. Nothing is changed.

    Ends with 3 if something waits for `bypost apply`, with 0 if nothing does.

    Example: bypost plan --base main
    """
    from bypost.errors import SettingsError

    if (head or people) and not base:
        raise SettingsError(f"{'--head' if head else '--people'}: needs --base REV")
    with console.progress(quiet=as_json) as show:

        def watch(done: int) -> None:
            show("people", done, 0)

        if base:
            from bypost.cli.revisions import compared

            found = compared(project, course, base, head, people, watch)
        else:
            found = _waiting(project, course, watch)
    if as_json:
        console.print_json(plain(found))
    else:
        show_all(found)
    return 2 if found.held else CHANGES_WAIT if found.plans else 0


def _waiting(project: Path, course: str, on_person: Callable[[int], None]) -> Planned:
    """Return what the files of a project have to wait for."""
    from bypost.delivery.planning import Planned, planned
    from bypost.project import is_new, open_project

    if is_new(project):
        return Planned(notes=["nothing was sent yet: the first pass takes every course over"])
    with open_project(project, upgrade=False) as context:
        return planned(context, course, on_person)


def show_all(found: Planned) -> None:
    """Write every plan for people."""
    for folder, problems in found.held.items():
        console.problem(f"{folder}: cannot be planned until this is mended")
        for wrong in problems:
            console.err.print(f"  {wrong}", markup=False)
    for note in found.notes:
        console.note(note)
    for one in found.plans:
        show_plan(one, found)
    if not found.plans and not found.held:
        console.out.print("nothing changes")


def show_plan(one: Plan, found: Planned) -> None:
    """Write one plan: the edits, what they do, and what has to be said first."""
    from bypost.delivery import plan_words as words

    head = Text.assemble((one.course, "bold"), f"  {one.title}  plan {one.id}")
    console.out.print(head)
    for effect in one.effects:
        for line in words.edited(effect):
            console.out.print(Text(f"  {line}", style=_colour(line)))
        console.out.print(Text(f"      {words.outcome(effect, one)}"))
    if one.people:
        console.out.print(Text(f"  {words.next_mails(one)}"))
    for line in _examples(one):
        console.out.print(Text(f"      {line}", style="dim"))
    for risk in one.risks:
        console.out.print(Text.assemble(("  ! ", "yellow"), f"{risk}:"))
        path = found.paths.get((one.course, risk.lesson), "")
        for line in words.policy(risk.lesson, path).splitlines():
            console.out.print(Text(f"    {line}"))


def _colour(line: str) -> str:
    return {"+": "green", "-": "red"}.get(line[:1], "")


def _examples(one: Plan) -> Iterator[str]:
    from bypost.delivery import plan_words as words

    moved = [person for person in one.people if person.moved and person.email]
    for person in moved[:_LISTED]:
        yield f"{person.email}  {words.moved(person)}"
    if len(moved) > _LISTED:
        yield f"... and {len(moved) - _LISTED:,} more; `--json` lists them"


def plain(found: Planned) -> dict[str, Any]:
    """Return the stable shape of ``--json`` (docs/commands.md)."""
    from dataclasses import asdict

    return {
        "changes": sum(len(one.changes) for one in found.plans),
        "risks": sum(len(one.risks) for one in found.plans),
        "people": found.people,
        "plans": [_plan(one, found) for one in found.plans],
        "held": {name: [asdict(one) for one in some] for name, some in found.held.items()},
        "notes": list(found.notes),
    }


def _plan(one: Plan, found: Planned) -> dict[str, Any]:
    return {
        "id": one.id,
        "course": one.course,
        "title": one.title,
        "effects": [
            {
                "lesson": effect.lesson,
                "title": effect.title,
                "changes": [
                    {"what": change.what, "detail": change.detail} for change in effect.changes
                ],
                **{name: getattr(effect, name) for name in _NUMBERS},
                "first": effect.first.isoformat() if effect.first else None,
            }
            for effect in one.effects
        ],
        "risks": [
            {
                "lesson": risk.lesson,
                "path": found.paths.get((one.course, risk.lesson), ""),
                "people": risk.people,
                "message": str(risk),
                "fix": "if_past: skip | next | at_end",
            }
            for risk in one.risks
        ],
        "moved": one.moved,
        "people": _people(one.people),
    }


_NUMBERS = ("gets", "had", "past", "finished", "waiting", "gained", "brought_back", "lost")


def _people(people: Sequence[Person]) -> list[dict[str, Any]]:
    return [
        {
            "enrollment": person.enrollment_id,
            "email": person.email,
            "status": person.status,
            "before": _mail(person.before),
            "after": _mail(person.after),
        }
        for person in people
    ]


def _mail(found: Foreseen | None) -> dict[str, Any] | None:
    return {"lesson": found.step.lesson, "at": found.at.isoformat()} if found else None
