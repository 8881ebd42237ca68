"""``bypost newsletter``: issues looked at, tested, scheduled, paused, resumed and cancelled."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption
from bypost.model.quantity import quantity

if TYPE_CHECKING:
    from bypost.delivery.context import Context
    from bypost.delivery.issue_count import Count
    from bypost.delivery.issue_find import Found
    from bypost.delivery.orders import Voice
    from bypost.delivery.schedule import Schedule

app = typer.Typer(
    help="Look at issues of newsletters, test and schedule them, pause and cancel them.",
    no_args_is_help=True,
)

NameArgument = Annotated[
    str, typer.Argument(metavar="NEWSLETTER/ISSUE", help="Folder name and the issue's id.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
ReasonOption = Annotated[str, typer.Option(help="Why; shown wherever it matters.")]


@app.command("list")
def list_(project: ProjectOption = HERE, as_json: JsonOption = False) -> int:
    """Show every newsletter with its issues, and how each of them stands.

    Example: bypost newsletter list
    """
    from bypost.cli import newsletter_words as words
    from bypost.content.loader import load_project_content
    from bypost.delivery.issue_find import every
    from bypost.project import open_project
    from bypost.store import issue_report

    with open_project(project) as context, context.store.read() as connection:
        found = [
            (one, issue_report.subscribed(connection, one.id), every(context, connection, one))
            for one in load_project_content(context.root).newsletters
        ]
        if as_json:
            console.print_json(words.list_as_json(found))
            return 0
        for newsletter, people, issues in found:
            words.print_newsletter(newsletter, people, issues)
        if not found:
            console.out.print("no newsletters yet: a folder under newsletters/ is one")
    return 0


@app.command("show")
def show(name: NameArgument, project: ProjectOption = HERE, as_json: JsonOption = False) -> int:
    """Show one issue: when it goes out, to how many, how far it is, what became of it.

    Example: bypost newsletter show clarity-notes/following-up
    """
    from bypost.cli import newsletter_words as words
    from bypost.delivery.issue_find import State, find
    from bypost.delivery.issue_report import progress, told
    from bypost.project import open_project

    with open_project(project) as context, context.store.read() as connection:
        found = find(context, connection, name)
        sure = found.state not in {State.SENT, State.CANCELLED, State.ARCHIVED}
        count = _count(context, found) if sure else None
        far = progress(context, connection, found.newsletter.id, found.item)
        heard = told(connection, found.newsletter.id, found.item, found.first)
    if as_json:
        console.print_json(words.issue_as_json(found, count, far, heard))
        return 0
    words.print_issue(found, count, far, heard)
    return 0


@app.command("test")
def send_test(
    name: NameArgument,
    to: Annotated[str, typer.Option(help="A listed address: [preview] addresses.")],
    persona: Annotated[str, typer.Option(help="Whose mail; the first one by default.")] = "",
    project: ProjectOption = HERE,
) -> int:
    """Send an issue as a marked test; nothing counts it, and a draft may be tested too.

    Example: bypost newsletter test clarity-notes/following-up --to you@example.org
    """
    from bypost.cli.send_test import send

    return send(project, name, to=to, persona=persona)


@app.command("schedule")
def schedule(
    name: NameArgument,
    at: Annotated[
        str, typer.Option(metavar="TIME", help="One instant for everybody; `now` is at once.")
    ] = "",
    on: Annotated[
        str, typer.Option(metavar="DATE", help="A date; each person has it at their own hour.")
    ] = "",
    hour: Annotated[str, typer.Option(metavar="HH:MM", help="That hour; needs --on.")] = "",
    audience: Annotated[
        str | None, typer.Option(help="Only these: a name or an expression; '' for everybody.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it means.")] = False,
    yes: YesOption = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """Let an issue go out at another time than its file says, until that is cleared.

    Example: bypost newsletter schedule clarity-notes/following-up --on 2026-12-01 --hour 09:00
    """
    from bypost.cli import newsletter_words as words
    from bypost.delivery import orders
    from bypost.delivery.issue_find import planned
    from bypost.project import open_project

    with open_project(project) as context:
        found = _find(context, name)
        when = _when(context, found, at=at, on=on, hour=hour, audience=audience)
        _refuse_errors(context, found)
        count = _count(context, planned(found, when, audience))
        if dry_run:
            words.print_meaning(found, when, count, as_json=as_json, done=False)
            return 0
        if not yes:
            words.print_meaning(found, when, count, as_json=False, done=False, aside=as_json)
            _ask("Schedule it so?")
        voice = _voice(context, "issue.schedule", found, str(when or ""))
        orders.schedule(context, found.target, voice, when=when, audience=audience)
        now = _find(context, found.item)
        words.print_meaning(now, when, count, as_json=as_json, done=True)
    return 0


@app.command("pause")
def pause(
    name: NameArgument,
    reason: ReasonOption = "",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """Send nothing more of one issue until it is resumed; what was accepted stays.

    Example: bypost newsletter pause clarity-notes/following-up --reason "a wrong date in it"
    """
    from bypost.cli import newsletter_words as words
    from bypost.delivery import orders
    from bypost.project import open_project

    with open_project(project) as context:
        found = _find(context, name)
        voice = _voice(context, "issue.pause", found, _one_line(reason))
        _, changed = orders.pause(context, found.target, voice, reason=_one_line(reason))
        now = _find(context, found.item)
    hours = f"{context.late.total_seconds() / 3600:g}"
    words.print_done(
        now,
        as_json,
        f"{now.item} is paused" if changed else f"{now.item} was paused already",
        f"{now.counts.accepted} have it; what waits longer than {hours} h is filed in the archive",
    )
    return 0


@app.command("resume")
def resume(name: NameArgument, project: ProjectOption = HERE, as_json: JsonOption = False) -> int:
    """Let a paused issue go on with the next pass; nobody gets it twice.

    Example: bypost newsletter resume clarity-notes/following-up
    """
    from bypost.cli import newsletter_words as words
    from bypost.delivery import orders
    from bypost.delivery.owe_issues import file_late
    from bypost.project import open_project

    with open_project(project) as context:
        found = _find(context, name)
        voice = _voice(context, "issue.resume", found)
        ended = orders.resume(context, found.target, voice)
        now = _find(context, found.item)
        late = file_late(context, now.one) if ended is not None else None
        filed = str(late) if late is not None else ""
    first = f"{now.item} goes on" if ended is not None else f"{now.item} was not paused"
    more = f"{filed} is too late: filed in the archive, not sent" if filed else ""
    words.print_done(now, as_json, first, more, archived=[filed] if filed else [])
    return 0


@app.command("cancel")
def cancel(
    name: NameArgument,
    reason: ReasonOption = "",
    yes: YesOption = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """Never send anything more of one issue; what was accepted stays.

    Example: bypost newsletter cancel clarity-notes/following-up --yes
    """
    from bypost.cli import newsletter_words as words
    from bypost.delivery import orders
    from bypost.project import open_project

    with open_project(project) as context:
        found = _find(context, name)
        if not yes:
            have = words.have_it(found.counts.accepted)
            _ask(f"Cancel {found.item} for everybody else? {have}.")
        voice = _voice(context, "issue.cancel", found, _one_line(reason))
        number = orders.cancel(context, found.target, voice, reason=_one_line(reason))
        now = _find(context, found.item)
    words.print_done(
        now,
        as_json,
        f"{now.item} is cancelled",
        f"{quantity(number, 'delivery')} cancelled now; {words.have_it(now.counts.accepted)}",
    )
    return 0


@app.command("clear")
def clear(name: NameArgument, project: ProjectOption = HERE, as_json: JsonOption = False) -> int:
    """Forget what was ordered about an issue: its file decides again.

    Example: bypost newsletter clear clarity-notes/following-up
    """
    from bypost.cli import newsletter_words as words
    from bypost.delivery import orders
    from bypost.delivery.schedule import in_words
    from bypost.project import open_project

    with open_project(project) as context:
        found = _find(context, name)
        voice = _voice(context, "issue.clear", found)
        cleared = orders.clear(context, found.target, voice)
        now = _find(context, found.item)
    when = in_words(now.schedule, now.newsletter.time_zone)
    first = f"{now.item}: its file decides again" if cleared else f"{now.item}: nothing was ordered"
    waits = "its file says `status: draft`: nothing goes out" if now.is_draft else ""
    words.print_done(now, as_json, first, waits or f"it goes out {when}")
    return 0


def _find(context: Context, name: str) -> Found:
    from bypost.delivery.issue_find import find

    with context.store.read() as connection:
        return find(context, connection, name)


def _count(context: Context, found: Found) -> Count:
    from bypost.delivery.issue_count import count

    with context.store.read() as connection:
        return count(context, connection, found.one)


def _when(
    context: Context, found: Found, *, at: str, on: str, hour: str, audience: str | None
) -> Schedule | None:
    """Return the time that was named; None where only the audience was."""
    from bypost.delivery.schedule import at_hour, at_instant
    from bypost.errors import SettingsError

    if bool(at) + bool(on) > 1 or (hour and not on):
        raise SettingsError(
            "--at, --on: name one instant, or a date with --hour\n"
            "    e.g. --at 2026-12-01T09:00+01:00, or --on 2026-12-01 --hour 09:00"
        )
    if at:
        return at_instant(at, found.newsletter.time_zone, context.clock.now())
    if on:
        return at_hour(on, hour, found.newsletter)
    if audience is None:
        raise SettingsError("when?\n    write --at TIME, or --on DATE --hour HH:MM, or --audience")
    return None


def _refuse_errors(context: Context, found: Found) -> None:
    """Refuse an issue that `bypost check` finds an error in."""
    from bypost.check.one_file import errors_of
    from bypost.errors import SettingsError

    errors = errors_of(context.root, context.settings, found.written.source.path)
    if errors:
        where = f":{errors[0].line}" if errors[0].line else ""
        fix = f"\n    {errors[0].fix}" if errors[0].fix else ""
        raise SettingsError(f"{errors[0].path}{where}: {errors[0].message}{fix}")


def _voice(context: Context, action: str, found: Found, detail: str = "") -> Voice:
    from bypost.admins import audit
    from bypost.delivery.orders import Voice

    return Voice(
        by=audit.user_here(),
        note=lambda connection: audit.by_command(
            connection,
            now=context.clock.now(),
            action=action,
            subject=f"issue:{found.item}",
            detail=detail,
        ),
    )


def _ask(question: str) -> None:
    """Ask on a terminal; raise SettingsError where nobody can answer, Exit where they say no."""
    from bypost.errors import SettingsError

    if not sys.stdin.isatty():
        raise SettingsError("nothing was changed: nobody is here to be asked\n    then say --yes")
    if not typer.confirm(question):
        console.out.print("nothing was changed")
        raise typer.Exit(0)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
