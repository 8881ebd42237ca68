"""``bypost pause`` and ``bypost resume``: keeping something back, and letting it go on."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption
from bypost.cli.noted import noted

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bypost.delivery.context import Context
    from bypost.delivery.holds import Hold
    from bypost.delivery.pause import Target


class What(StrEnum):
    """What can be paused."""

    COURSE = "course"
    NEWSLETTER = "newsletter"
    SUBSCRIBER = "subscriber"


#: What comes of it, by what was paused.
_MEANWHILE = {
    What.COURSE: "nothing of it goes out, and everybody keeps their place",
    What.NEWSLETTER: "issues that fall due wait; 24 hours late they are filed in the archive",
    What.SUBSCRIBER: "no lesson and no issue goes to them, and they keep their place",
}
_AFTER = {
    What.COURSE: "what fell due meanwhile comes at each person's next hour, one lesson a person",
    What.NEWSLETTER: "what fell due within the last 24 hours goes out with the next pass",
    What.SUBSCRIBER: "what fell due meanwhile comes at their next hour, one lesson of each course",
}


def pause(
    what: Annotated[What, typer.Argument(help="course, newsletter or subscriber.")],
    name: Annotated[str, typer.Argument(help="Folder name; of a subscriber the address.")],
    until: Annotated[
        str | None,
        typer.Option(help="It goes on by itself then: a day, or a time.", metavar="DATE"),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; shown wherever the pause is.")] = "",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """Send nothing of a course, of a newsletter or to a person for a while; nobody loses a place.

    Example: bypost pause course after-the-interview --until 2027-01-07 --reason holidays
    """
    from bypost.delivery import pause as holding
    from bypost.project import open_project

    with open_project(project) as context:
        target, zone = _target(context, what, name)
        end = None if until is None else _instant(until, zone)
        _refuse_past(context, until, end)
        now = context.clock.now()
        with context.store.write() as connection:
            hold, changed = holding.pause_within(
                connection, target, until=end, reason=_one_line(reason), now=now
            )
            if changed:
                detail = f"until {hold.until:%Y-%m-%d %H:%M} UTC" if hold.until else ""
                noted(context, f"{what}.pause", _subject(target), detail)(connection)
    if as_json:
        console.print_json({**_plain(hold, target), "changed": changed})
        return 0
    lasts = f"until {_local(hold.until, zone)}" if hold.until else "until `bypost resume`"
    mark = "[green]✓[/green]" if changed else "[yellow]•[/yellow] already:"
    console.out.print(f"{mark} ", end="")
    console.out.print(f"{what} {name} is paused {lasts}", markup=False)
    console.out.print(f"  {_MEANWHILE[what]}")
    return 0


def resume(
    what: Annotated[
        str,
        typer.Argument(
            help="A provider; all stopped ones by default. Or course, newsletter or subscriber.",
            metavar="[PROVIDER | WHAT]",
        ),
    ] = "",
    name: Annotated[
        str, typer.Argument(help="With course, newsletter or subscriber: which one.")
    ] = "",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """Let go on what was paused, or a provider that was stopped, once the reason is mended.

    Example: bypost resume course after-the-interview
    """
    from bypost.errors import SettingsError
    from bypost.project import open_project

    kinds = " or ".join(What)
    if what in list(What) and not name:
        raise SettingsError(f"which {what}?\n    write: bypost resume {what} NAME")
    if name and what not in list(What):
        raise SettingsError(f"resume {what} {name}: what goes on by its name is a {kinds}")
    with open_project(project) as context:
        if name:
            told = _resume(context, What(what), name, quiet=as_json)
        else:
            told = {"providers": _providers(context, what), "resumed": None, "archived": []}
            if not as_json:
                _print_providers(context, told["providers"])
    if as_json:
        console.print_json(told)
    return 0


def _resume(context: Context, what: What, name: str, *, quiet: bool) -> dict[str, Any]:
    from bypost.delivery import pause as holding

    target, _ = _target(context, what, name)
    with context.store.write() as connection:
        ended = holding.resume_within(connection, target, now=context.clock.now())
        if ended is not None:
            noted(context, f"{what}.resume", _subject(target))(connection)
    filed = _file_late(context, name) if what is What.NEWSLETTER else []
    if not quiet:
        if ended is None:
            console.out.print(f"{what} {name} is not paused", markup=False)
        else:
            console.out.print("[green]✓[/green] ", end="")
            console.out.print(f"{what} {name} goes on", markup=False)
            console.out.print(f"  {_AFTER[what]}")
        for one in filed:
            console.note(f"{one} is more than 24 hours late: filed in the archive, not sent")
    plain = _plain(ended, target) if ended is not None else None
    return {"providers": [], "resumed": plain, "archived": filed}


def _file_late(context: Context, newsletter: str) -> list[str]:
    """File the issues that have become too late; the next pass sends the others."""
    from bypost.delivery.owe_issues import file_late
    from bypost.delivery.publish import publish

    ready = publish(context, context.clock.now()).issues
    found = [file_late(context, one) for one in ready if one.newsletter.id == newsletter]
    return [str(one) for one in found if one is not None]


def _providers(context: Context, provider: str) -> list[str]:
    """Close the breaker of a provider, or of all of them; return their names."""
    from bypost.errors import SettingsError
    from bypost.store import budgets, ledger

    with context.store.write() as connection:
        now = context.clock.now()
        stopped = budgets.breakers(connection)
        chosen = [provider] if provider else list(stopped)
        for name in chosen:
            if name not in stopped:
                known = ", ".join(stopped) or "none"
                raise SettingsError(f"`{name}` is not stopped\n    stopped now: {known}")
            budgets.close_breaker(connection, name, now)
            ledger.wake_waiting(connection, name, now)
            noted(context, "provider.resume", f"provider:{name}")(connection)
    return chosen


def _print_providers(context: Context, chosen: list[str]) -> None:
    from bypost.delivery.holds import told

    names = ", ".join(chosen)
    console.out.print(
        f"{names} may send again with the next pass" if names else "nothing is stopped"
    )
    with context.store.read() as connection:
        paused = told(connection, context.clock.now())
    for one in paused:
        which = f"{one['scope']} {one['name']}"
        console.note(f"{which} is still paused: bypost resume {which}")


def _subject(target: Target) -> str:
    """Return how the log names it: a person by their number."""
    return f"{target.scope}:{target.subscriber_id or target.name}"


def _target(context: Context, what: What, name: str) -> tuple[Target, ZoneInfo]:
    """Return what is meant, and the zone in which its days begin."""
    from bypost.delivery.holds import Scope
    from bypost.delivery.pause import Target
    from bypost.delivery.zones import zone
    from bypost.errors import SettingsError
    from bypost.store import subscribers

    if what is not What.SUBSCRIBER:
        zones = _folders(context, what)
        if name not in zones:
            known = ", ".join(sorted(zones)) or "none"
            raise SettingsError(f"there is no {what} `{name}`\n    known: {known}")
        return Target(scope=Scope(what.value), name=name), zone(zones[name])
    key = name.strip().casefold()
    with context.store.read() as connection:
        person = subscribers.by_keys(connection, [key]).get(key)
    if person is None:
        raise SettingsError(f"there is nobody with the address {name}")
    target = Target(scope=Scope.SUBSCRIBER, name=person["email"], subscriber_id=person["id"])
    return target, zone(person["time_zone"])


def _folders(context: Context, what: What) -> dict[str, str]:
    """Return every course or newsletter with its zone: broken ones too, and courses that ran."""
    from bypost.content.loader import load_project_content
    from bypost.store import contents

    library = load_project_content(context.root)
    folder = "lessons/" if what is What.COURSE else "newsletters/"
    named = library.courses if what is What.COURSE else library.newsletters
    broken = [key.split("/")[1] for key in library.broken if key.startswith(folder)]
    with context.store.read() as connection:
        ran = contents.applied(connection) if what is What.COURSE else {}
    return {
        **dict.fromkeys(broken, ""),
        **{course: shape["time_zone"] for course, shape in ran.items()},
        **{one.id: one.time_zone for one in named},
    }


def _instant(text: str, zone: ZoneInfo) -> datetime:
    """Return when a day begins in a zone, or a time; one without an offset is of that zone."""
    from bypost.errors import SettingsError
    from scheduler.wall import instant_of

    try:
        try:
            wall = datetime.combine(date.fromisoformat(text), time())
        except ValueError:
            wall = datetime.fromisoformat(text)
        return wall.astimezone(UTC) if wall.tzinfo else instant_of(wall, zone)
    except (ValueError, OverflowError):
        raise SettingsError(
            f"--until {text}: not a day or a time\n"
            f"    write it like 2027-01-07, or 2027-01-07T09:00 (in {zone.key})"
        ) from None


def _refuse_past(context: Context, text: str | None, end: datetime | None) -> None:
    from bypost.errors import SettingsError

    if end is not None and end <= context.clock.now():
        raise SettingsError(f"--until {text}: that has passed\n    write a day that is to come")


def _plain(hold: Hold, target: Target) -> dict[str, Any]:
    """Return a hold for ``--json``."""
    return {
        "scope": hold.scope.value,
        "name": target.name,
        "since": hold.since,
        "until": hold.until,
        "reason": hold.reason,
    }


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%A %-d %B %Y at %H:%M %Z}"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
