"""``bypost doctor``: whether this project can send, and whether its mails will be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption

if TYPE_CHECKING:
    from bypost.check.doctor.checkup import Checkup, Diagnosis
    from bypost.delivery.context import Context

_SIGNS = {
    "pass": "[green]✓[/green]",
    "warn": "[yellow]![/yellow]",
    "fail": "[red]✗[/red]",
    "unasked": "[dim]?[/dim]",
}
_TITLES = {
    "settings": "Settings",
    "machine": "This machine",
    "provider": "Provider",
    "domain": "Domain",
}


def doctor(project: ProjectOption = HERE, as_json: JsonOption = False) -> int:
    """Look at settings, machine, provider and the sender's domain, and say what to do.

    It sends nothing: the provider is asked who you are there, and the domain name system for SPF,
    DKIM, DMARC and MX. What cannot be asked is no failure.

    Example: bypost doctor
    """
    from bypost.check.doctor.examine import examine

    with _open(project) as context:
        found = examine(context)
        _keep(context, found)
    if as_json:
        console.print_json(found.as_json())
    else:
        _print(found)
    return 0 if found.ok else 1


def _open(project: ProjectOption) -> Context:
    """Open the project without making anything in it."""
    from bypost.errors import StoreError
    from bypost.project import is_new, open_project, open_without_database
    from bypost.settings import load_settings
    from bypost.settings.folder import project_folder

    root = project_folder(project)
    try:
        is_there = not is_new(project)
    except StoreError:  # what is wrong with it is said among the rest
        is_there = False
    if is_there:
        return open_project(project, upgrade=False)
    return open_without_database(root, load_settings(root))


def _keep(context: Context, found: Diagnosis) -> None:
    """Keep what was found for the desk; where nothing can be written the result says so."""
    from bypost.check.doctor.examine import keep
    from bypost.errors import StoreError

    try:
        if not context.store.exists():
            return
        with context.store.write() as connection:
            keep(connection, found)
    except StoreError:
        return


def _print(found: Diagnosis) -> None:
    for group, title in _TITLES.items():
        own = [one for one in found.checkups if one.group == group]
        if own:
            console.out.print(f"{title} ({found.domain})" if group == "domain" else title)
        for one in own:
            _print_one(one)
    fails, warns = (sum(one.level == level for one in found.checkups) for level in ("fail", "warn"))
    console.out.print(f"{fails} to mend, {warns} to look at" if fails or warns else "all is well")


def _print_one(one: Checkup) -> None:
    console.out.print(f"  {_SIGNS[one.level]} ", end="")
    console.out.print(f"{one.name}: {one.says}", markup=False)
    if one.todo:
        console.out.print(f"      {one.todo}", markup=False)
    for record in one.records:
        console.out.print(f"      {record}", markup=False, soft_wrap=True)
