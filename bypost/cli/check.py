"""``bypost check``: everything wrong in the content, before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption
from bypost.errors import SettingsError

if TYPE_CHECKING:
    from bypost.check import Examined


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...", help="Only these files and folders.", show_default=False
        ),
    ] = None,
    project: ProjectOption = HERE,
    links: Annotated[
        bool, typer.Option("--links", help="Ask whether linked pages are there (network).")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if there is a warning.")
    ] = False,
    explain: Annotated[
        str, typer.Option("--explain", metavar="RULE", help="Say all about one rule, and end.")
    ] = "",
    as_json: JsonOption = False,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="SARIF 2.1.0, for code hosts.")] = False,
) -> int:
    """Check all content: every problem with its place and how to mend it.

    Example: bypost check lessons/my-course
    """
    if explain:
        return _explain(explain)
    if as_json and as_sarif:
        raise SettingsError("--json and --sarif: choose one")
    from bypost.check import exit_code
    from bypost.check.report import as_json as plain
    from bypost.check.report import as_text
    from bypost.check.scope import scope, within

    root = project.resolve()
    wanted = scope(root, paths or ())
    examined = _examined(root, links=links, quiet=as_json or as_sarif)
    found = within(examined.findings, wanted) if wanted else examined.findings
    if as_sarif:
        from bypost.check.sarif import as_sarif as sarif

        console.print_json(sarif(found, root, Path.cwd()))
    elif as_json:
        console.print_json(plain(found))
    else:
        console.out.print(as_text(found), markup=False)
    return exit_code(found, strict=strict)


def _examined(root: Path, *, links: bool, quiet: bool) -> Examined:
    from bypost.check import examine_project
    from bypost.settings import load_settings
    from scheduler.clock import SystemClock

    settings = load_settings(root)
    now = SystemClock().now()
    if not links:
        return examine_project(root, settings, now=now)
    from bypost.check.links import LinkCheck

    with console.progress(quiet=quiet) as show:
        further = LinkCheck(settings.check, tell=lambda done, total: show("links", done, total))
        return examine_project(root, settings, now=now, further=(further,))


def _explain(name: str) -> int:
    from bypost.check.catalogue import CATALOGUE
    from bypost.check.levels import hint
    from bypost.check.report import explanation

    if name not in CATALOGUE:
        raise SettingsError(f"--explain {name}: there is no such rule\n    {hint(name)}")
    console.out.print(explanation(CATALOGUE[name]), markup=False)
    return 0
