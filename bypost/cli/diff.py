"""``bypost diff``: what an edit changes in the mails that people get."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption

if TYPE_CHECKING:
    from bypost.check.compare.changes import Change
    from bypost.check.compare.page import Comparison, Show
    from bypost.check.compare.tree import Mail
    from bypost.content.personas import Persona
    from bypost.errors import Problem

_PAGE = Path("bypost-diff.html")


def diff(
    revision: Annotated[
        str, typer.Argument(metavar="REV", help="A commit, branch or tag of the project.")
    ] = "HEAD",
    project: ProjectOption = HERE,
    out: Annotated[
        Path, typer.Option(help="The page to write.", metavar="FILE", show_default=True)
    ] = _PAGE,
    persona: Annotated[
        str, typer.Option(help="Whose mails: a key of personas.toml.", metavar="KEY")
    ] = "",
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Pictures of the mails by Chromium.")
    ] = True,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 if a mail changed, for CI.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Show each mail that changed since a revision: before and after, on one page of HTML.

    The page holds everything in itself and can be attached to a pull request. Nothing is checked
    out; without REV the working tree is compared with the last commit.

    Example: bypost diff main --out changes.html
    """
    from bypost.check.compare.page import page

    with console.progress(quiet=as_json) as show:
        found = _compared(project.resolve(), revision, persona, show if pictures else None)
    _write(out, page(found))
    if as_json:
        console.print_json(_plain(found, out))
    else:
        _show(found, out)
    changed = bool(found.entries) or not found.readable
    return 1 if exit_code and changed else 0


def _compared(root: Path, name: str, key: str, show: Show | None) -> Comparison:
    """Return the comparison; without ``show`` no pictures are taken."""
    from dataclasses import replace
    from tempfile import TemporaryDirectory

    from bypost.check.compare.changes import changes
    from bypost.check.compare.page import Comparison, entries, pictured
    from bypost.check.compare.revision import Repository
    from bypost.check.compare.tree import known_attributes, read_tree
    from bypost.settings.folder import project_folder
    from scheduler.clock import SystemClock

    root = project_folder(root)
    repository = Repository(root)
    revision = repository.revision(name)
    persona, now = _persona(root, key), SystemClock().now()
    with TemporaryDirectory(prefix="bypost-diff-") as folder:
        earlier = Path(folder)
        repository.extract(revision, earlier)
        attributes = known_attributes(root, earlier)
        before, after = (
            read_tree(tree, persona=persona, now=now, attributes=attributes)
            for tree in (earlier, root)
        )
    found = entries(changes(before, after))
    without = [replace(one, without="they were not asked for") for one in found]
    return Comparison(
        project=root.name,
        revision=revision,
        now=now,
        persona=persona,
        entries=pictured(found, show) if show else tuple(without),
        broken=(before.broken, after.broken),
        readable=before.readable and after.readable,
    )


def _persona(root: Path, key: str) -> Persona:
    """Return the persona of that key; without one the first who has a name."""
    from bypost.check.personas import SAMPLES
    from bypost.content.personas import load_personas
    from bypost.errors import SettingsError

    personas = load_personas(root) or SAMPLES
    if not key:
        return next((one for one in personas if one.name), personas[0])
    if found := next((one for one in personas if one.key == key), None):
        return found
    known = ", ".join(one.key for one in personas)
    raise SettingsError(f"--persona {key}: there is no such persona\n    known: {known}")


def _write(out: Path, text: str) -> None:
    from bypost.errors import SettingsError

    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"--out {out}: cannot write it: {error.strerror}\n    name a file in a folder that is"
        ) from error


def _show(found: Comparison, out: Path) -> None:
    for told, problems in zip(("the revision", "the working tree"), found.broken, strict=True):
        for problem in problems:
            console.out.print(Text.assemble(("! ", "yellow"), f"broken in {told}: {problem}"))
    width = max((len(entry.change.mail.path) for entry in found.entries), default=0)
    for entry in found.entries:
        mail = entry.change.mail
        what = (f"  {entry.change.what:<9}", console.ACCENT)
        console.out.print(Text.assemble(what, f"{mail.path:<{width}}  {mail.title}"))
    mark = ("✓", "green") if found.readable else ("!", "yellow")
    counts = f" ({found.counts})" if found.counts else ""
    summary = f" {found.summary} since {found.revision.told}{counts}"
    console.out.print(Text.assemble(mark, summary))
    console.out.print(f"  {out}{_size(out)}", markup=False)
    if found.entries and found.without_pictures:
        console.out.print(f"  without pictures: {found.without_pictures}", markup=False)


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"  {size / 1e6:.1f} MB" if size >= 1e6 else f"  {size / 1e3:.0f} kB"


def _plain(found: Comparison, out: Path) -> dict[str, Any]:
    before, after = found.broken
    return {
        "revision": found.revision.name,
        "commit": found.revision.commit,
        "persona": found.persona.key,
        "changed": len(found.entries),
        "mails": [
            {**_mail(entry.change), "pictures": any(entry.pictures)} for entry in found.entries
        ],
        "broken": [*_problems("before", before), *_problems("after", after)],
        "readable": found.readable,
        "page": str(out),
        "without_pictures": found.without_pictures,
    }


def _mail(change: Change) -> dict[str, Any]:
    kind, collection, item = change.mail.key
    return {
        "change": change.what,
        "kind": kind,
        "collection": collection,
        "item": item,
        "title": change.mail.title,
        "before": _side(change.before),
        "after": _side(change.after),
    }


def _side(mail: Mail | None) -> dict[str, Any] | None:
    if mail is None:
        return None
    return {
        "path": mail.path,
        "place": mail.place,
        "subject": mail.subject,
        "preheader": mail.preheader,
    }


def _problems(side: str, problems: Sequence[Problem]) -> list[dict[str, Any]]:
    return [
        {
            "side": side,
            "rule": problem.rule,
            "path": problem.path,
            "line": problem.line,
            "message": problem.message,
            "fix": problem.fix,
        }
        for problem in problems
    ]
