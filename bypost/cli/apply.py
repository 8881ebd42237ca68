"""``bypost apply``: taking a structural edit over while people are in the course."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bypost.cli import console
from bypost.cli.console import HERE, ProjectOption
from bypost.cli.noted import noted
from bypost.cli.plan import show_all
from bypost.model.quantity import quantity

if TYPE_CHECKING:
    from bypost.delivery.plan import Plan
    from bypost.delivery.planning import Planned


def apply(
    course: Annotated[str, typer.Argument(help="Which course; all by default.")] = "",
    project: ProjectOption = HERE,
    plan: Annotated[
        str, typer.Option("--plan", metavar="ID", help="Only if this plan still fits.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Show the plan, ask, and let people go through the course by it.

    What is due by the old rules is written down first. Refuses while people would miss a lesson
    of which nobody has said so.

    Example: bypost apply --plan 3f9a2c71b0de --yes
    """
    from bypost.delivery import instance
    from bypost.delivery.apply import apply as take_over
    from bypost.delivery.planning import planned
    from bypost.delivery.publish import Publisher
    from bypost.project import open_project

    with open_project(project) as context:
        instance.check(context)
        # Only stored content is sent: the mails of new lessons have to be there first.
        Publisher(context).take_over(patient=False)
        with console.progress() as show:
            found = planned(context, course, lambda done: show("people", done, 0))
        wanted = _wanted(found, plan)
        show_all(found)
        if found.held:
            return 2
        if not wanted:
            return 0
        _refuse_risks(wanted)
        _ask(wanted, yes=yes)
        for one in wanted:
            done = quantity(len(one.changes), "change")
            take_over(
                context,
                found.before[one.course],
                one,
                note=noted(
                    context, "course.apply", f"course:{one.course}", f"{done}, plan {one.id}"
                ),
            )
            console.out.print(f"[green]✓[/green] {one.course}: {done} taken over")
    return 0


def _wanted(found: Planned, plan_id: str) -> list[Plan]:
    """Return what is to be applied; raise SettingsError if the plan that is named is not there."""
    from bypost.errors import SettingsError

    if not plan_id or not (found.plans or found.held):
        return list(found.plans)
    wanted = [one for one in found.plans if one.id == plan_id]
    if not wanted and not found.held:
        now = ", ".join(f"{one.id} ({one.course})" for one in found.plans)
        raise SettingsError(
            f"--plan {plan_id}: no longer fits; nothing was changed\n"
            f"    the plan is {now} by now: look at it with `bypost plan`"
        )
    return wanted


def _refuse_risks(wanted: list[Plan]) -> None:
    from bypost.errors import SettingsError

    risks = [risk for one in wanted for risk in one.risks]
    if risks:
        raise SettingsError(
            f"nothing was changed: {risks[0]}\n"
            "    say in the lesson what becomes of them, as above; then run `bypost apply` again"
        )


def _ask(wanted: list[Plan], *, yes: bool) -> None:
    """Ask on a terminal; raise SettingsError where nobody can answer, Abort where they say no."""
    from bypost.errors import SettingsError

    if yes:
        return
    if not sys.stdin.isatty():
        ids = ", ".join(one.id for one in wanted)
        raise SettingsError(
            "nothing was changed: nobody is here to be asked\n"
            f"    look at the plan ({ids}), then say --yes"
        )
    if not typer.confirm("Take this over?"):
        console.out.print("nothing was changed")
        raise typer.Exit(0)
