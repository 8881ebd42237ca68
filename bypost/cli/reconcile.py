"""``bypost reconcile``: settling deliveries whose answer was lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption
from bypost.cli.noted import noted

if TYPE_CHECKING:
    from bypost.delivery.context import Context

#: In place of references: every unknown delivery.
_ALL = "all"


def reconcile(
    project: ProjectOption = HERE,
    since: Annotated[
        str | None,
        typer.Option(
            help="A backup of this time was put back: what may have been sent since is unknown.",
            metavar="TIME",
        ),
    ] = None,
    sent: Annotated[
        list[str] | None,
        typer.Option(help="This one was sent; may be repeated; `all` for every unknown one."),
    ] = None,
    resend: Annotated[
        list[str] | None,
        typer.Option(help="This one was not sent: owe it again; may be repeated; `all`."),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Settle what is unknown: ask the provider where it can be asked, or say what you know.

    Example: bypost reconcile --sent k7mq2xw9-1042
    """
    from bypost.errors import SettingsError
    from bypost.project import open_project

    if sum(map(bool, (since is not None, sent, resend))) > 1:
        raise SettingsError(
            "--since, --sent and --resend are for one thing each\n    give one of them"
        )
    # Whoever goes back to a database that was moved says what the new one may have sent.
    with open_project(project, moved=since is not None) as context:
        if since is not None:
            told = _since(context, since)
        elif sent:
            told = _by_hand(context, sent, sent=True)
        elif resend:
            told = _by_hand(context, resend, sent=False)
        else:
            told = _ask(context)
        unknown = _unknown(context)
    if as_json:
        console.print_json({**told, "unknown": unknown})
    else:
        _print(told, unknown)
    return 1 if unknown or told.get("troubles") else 0


def _ask(context: Context) -> dict[str, Any]:
    """Ask about everything whose quiet period is over."""
    from dataclasses import asdict

    from bypost.delivery.publish import Publisher
    from bypost.delivery.reconcile import settle_due

    shapes = Publisher(context).take_over(patient=False).shapes
    wanted = {name for name, shape in shapes.items() if shape.at_least_once}
    return asdict(settle_due(context, wanted))


def _since(context: Context, text: str) -> dict[str, Any]:
    from bypost.delivery.restore import doubt_since
    from bypost.errors import SettingsError

    try:
        since = datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):  # the latter: outside of what a zone knows
        raise SettingsError(
            f"--since {text}: not a time\n    write it like 2026-11-23T08:30 (this machine's zone)"
        ) from None
    doubted = doubt_since(context, since)
    return {"open_then": doubted.open, "due_since": doubted.due}


def _by_hand(context: Context, references: Sequence[str], *, sent: bool) -> dict[str, Any]:
    from bypost.delivery.reconcile import mark_sent, owe_again

    ids = _chosen(context, references)
    action = "delivery.sent" if sent else "delivery.again"
    done = mark_sent(context, ids) if sent else owe_again(context, ids)
    if done:
        with context.store.write() as connection:
            noted(context, action, detail=f"{done} deliveries")(connection)
    return {"accepted" if sent else "owed_again": done}


def _chosen(context: Context, references: Sequence[str]) -> list[int]:
    """Return the deliveries that are named; each must be unknown."""
    from bypost.errors import SettingsError
    from bypost.store import settle

    with context.store.read() as connection:
        if _ALL in references:
            return settle.all_unknown(connection)
        ids = {reference: context.delivery_id(reference) for reference in references}
        named = [i for i in ids.values() if i is not None]
        unknown = {row["id"] for row in settle.unknown_of(connection, named)}
    for reference, i in ids.items():
        if i not in unknown:
            raise SettingsError(
                f"`{reference}` is not an unknown delivery\n"
                "    `bypost status` lists those that are; `bypost show REF` tells about any other"
            )
    return sorted(unknown)


def _unknown(context: Context) -> int:
    from bypost.store import counts

    with context.store.read() as connection:
        return counts.count(connection).unknown


def _print(told: dict[str, Any], unknown: int) -> None:
    words = {
        "accepted": "{} settled as sent",
        "owed_again": "{} owed again: the next pass sends them",
        "open_then": "{} open when the backup was made: unknown now",
        "due_since": "{} fell due since: unknown now",
    }
    for name, text in words.items():
        if told.get(name) or name in told.keys() & {"open_then", "due_since"}:
            console.out.print(text.format(f"{told[name]:,}"))
    for trouble in told.get("troubles", ()):
        console.note(trouble)
    if unknown:
        console.out.print(f"{unknown:,} unknown; `bypost status` lists them")
    else:
        console.out.print("nothing is unknown")
