"""``bypost preview --send-test``: one mail as a marked test, from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bypost.cli import console

if TYPE_CHECKING:
    from bypost.content.personas import Persona
    from bypost.delivery.marked import Handed
    from bypost.web.preview.session import Session
    from bypost.web.preview.shelf import Entry


def send(project: Path, ref: str, *, to: str, persona: str) -> int:
    """Send the mail ``ref`` to a listed address; return the exit code."""
    from bypost.delivery.marked import why_not
    from bypost.errors import SendError, SettingsError
    from bypost.settings.folder import project_folder
    from bypost.web.preview.session import Session
    from bypost.web.preview.try_out import hand_over, marked_tests

    if not ref or not to:
        raise SettingsError(
            f"{'--to' if not ref else '--send-test'} needs {'--send-test' if not ref else '--to'}\n"
            "    e.g. bypost preview --send-test after-the-interview/welcome --to you@example.org"
        )
    session = Session(project_folder(project))
    tests = marked_tests(session)
    tests.check(to)
    entry, whom = _entry(session, ref), _persona(session, persona)
    now = session.clock.now()
    try:
        handed = hand_over(session, tests, entry, whom, now, to)
    except SendError as error:
        console.problem(why_not(error))
        return 1
    _tell(session, handed)
    return 0


def _tell(session: Session, handed: Handed) -> None:
    from rich.markup import escape

    console.out.print(f"[green]✓[/green] sent to {escape(handed.to)} through {handed.provider}")
    console.out.print(f"  {handed.subject}", markup=False)
    if handed.provider == "outbox":
        folder = session.state.settings.providers.outbox.path
        console.out.print(f"  it is in {folder / f'{handed.ref}.eml'}", markup=False)


def _entry(session: Session, ref: str) -> Entry:
    """Return the mail that is named."""
    from bypost.errors import SettingsError
    from bypost.render.nearest import did_you_mean
    from bypost.web.preview.person import find, name_of

    entry = find(session, ref)
    if entry is None:
        known = [name_of(one) or one.path for one in session.shelf.entries]
        fix = did_you_mean(ref, known) or f"known: {', '.join(known) or 'none'}"
        raise SettingsError(f"--send-test {ref}: there is no such mail\n    {fix}")
    return entry


def _persona(session: Session, key: str) -> Persona:
    from bypost.errors import SettingsError

    personas = session.state.personas
    found = next((one for one in personas if key in ("", one.key)), None)
    if found is None:
        known = ", ".join(one.key for one in personas)
        raise SettingsError(f"--persona {key}: there is no such persona\n    known: {known}")
    return found
