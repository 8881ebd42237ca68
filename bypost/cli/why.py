"""``bypost why``: one person, what comes for them and when, and the reasons in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption

if TYPE_CHECKING:
    from rich.text import Text

    from bypost.delivery.story import About, Chapter, Coming, Mail, Story

#: A sign before each verdict.
_SIGNS = {
    "accepted": ("✓ ", "green"),
    "failed": ("✗ ", "red"),
    "cancelled": ("✗ ", "red"),
    "never": ("✗ ", "red"),
    "unknown": ("! ", "yellow"),
}
_VERDICTS = {
    "accepted": "they have it",
    "failed": "they did not get it",
    "cancelled": "it was not sent to them",
    "unknown": "nobody knows whether they have it",
    "pending": "it is on its way",
    "sending": "it is on its way",
    "coming": "it comes",
    "never": "it does not come",
}


def why(
    email: Annotated[str, typer.Argument(help="The address.", metavar="EMAIL")],
    what: Annotated[
        str,
        typer.Argument(
            help="A course, lesson, course/lesson or newsletter/issue; everything by default.",
            metavar="[WHAT]",
            show_default=False,
        ),
    ] = "",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """Say why somebody gets what they get when they get it, or why they do not.

    It asks the rules that send the mails, and changes nothing.

    Example: bypost why ana@example.org
    """
    from bypost.delivery.why import explain
    from bypost.errors import SettingsError
    from bypost.project import open_project

    with open_project(project, upgrade=False) as context:
        found = explain(context, email, what)
    if found is None:
        raise SettingsError(
            f"there is nobody with the address {email}\n"
            "    of somebody who was erased nothing is left to tell"
        )
    if as_json:
        console.print_json(found.as_json())
    else:
        for line in _lines(found):
            console.out.print(line)
    return 0


def _lines(found: Story) -> Iterator[Text]:
    from rich.text import Text

    yield Text.assemble(
        (found.name or found.email, "bold"), f"  {found.email}  ", (found.zone, "dim")
    )
    yield from _because(found.because)
    for chapter in found.chapters:
        yield Text()
        yield from _chapter(chapter)
    if found.about is not None:
        yield Text()
        yield from _about(found.about)


def _chapter(chapter: Chapter) -> Iterator[Text]:
    from rich.text import Text

    yield Text.assemble(
        (chapter.title, "bold"), f"  {chapter.kind} {chapter.name}, {chapter.status}"
    )
    yield from _because(chapter.because)
    for mail in chapter.had:
        yield from _had(mail)
    for coming in chapter.coming:
        yield from _coming(coming)


def _had(mail: Mail) -> Iterator[Text]:
    from rich.text import Text

    first, *more = mail.because or (mail.state,)
    yield Text.assemble(
        "  ", _SIGNS.get(mail.state, "· "), f"“{mail.title}” {first}", (f"  {mail.ref}", "dim")
    )
    yield from _because(more, deep=True)


def _coming(coming: Coming) -> Iterator[Text]:
    from rich.text import Text

    what = f"next: “{coming.title}”" if coming.name else "next: nothing"
    yield Text.assemble("  ", ("→ ", console.ACCENT), what)
    yield from _because(coming.because, deep=True)


def _about(about: About) -> Iterator[Text]:
    from rich.text import Text

    verdict = _VERDICTS.get(about.verdict, about.verdict)
    yield Text.assemble(
        _SIGNS.get(about.verdict, ("→ ", console.ACCENT)),
        (f"“{about.title}”", "bold"),
        f"  {about.name}: {verdict}",
        (f"  {about.ref}" if about.ref else "", "dim"),
    )
    yield from _because(about.because)


def _because(sentences: Sequence[str], *, deep: bool = False) -> Iterator[Text]:
    from rich.text import Text

    indent = "      " if deep else "  "
    for sentence in sentences:
        yield Text(f"{indent}{sentence}")
