"""``bypost show``: one delivery, from owing to the last event, and its mail once more."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bypost.cli import console, moment
from bypost.cli.console import HERE, JsonOption, ProjectOption

if TYPE_CHECKING:
    from rich.text import Text

    from bypost.delivery.context import Context
    from bypost.delivery.trace import Trace

#: Deliveries of a batch that are named.
_LISTED = 10


def show(
    ref: Annotated[str, typer.Argument(help="Reference of a delivery, e.g. k7mq2xw9-1042.")],
    project: ProjectOption = HERE,
    eml: Annotated[
        bool, typer.Option("--eml", help="Write the mail as it was delivered, and nothing else.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Show one delivery: who, what, when, each attempt, what the provider told, how it stands.

    Example: bypost show k7mq2xw9-1042 --eml > mail.eml
    """
    from bypost.delivery import trace
    from bypost.errors import SettingsError
    from bypost.project import open_project

    if eml and as_json:
        raise SettingsError("--eml writes a mail and --json an object\n    give one of them")
    with open_project(project, upgrade=False) as context:
        found = trace.find(context, ref)
        if found is None:
            raise SettingsError(_not_a_delivery(context, ref))
        if eml:
            _write_mail(context, found)
        elif as_json:
            console.print_json(found.as_json())
        else:
            _print(context, found)
    return 0


def _not_a_delivery(context: Context, ref: str) -> str:
    """Return what is wrong with a reference; one of a batch, as in the log, leads further."""
    from bypost.delivery import trace

    words = f"`{ref}` is not the reference of a delivery here"
    if inside := trace.in_batch(context, ref):
        shown = " ".join(inside[:_LISTED])
        more = f" and {len(inside) - _LISTED} more" if len(inside) > _LISTED else ""
        return f"{words}, but of a batch\n    its deliveries: {shown}{more}"
    where = "`bypost subscribers show ADDRESS --json` lists those of a person"
    return f"{words}; they look like {context.reference(1)}\n    {where}"


def _write_mail(context: Context, found: Trace) -> None:
    from bypost.delivery import trace
    from bypost.providers.eml import eml

    mail = eml(trace.mail(context, found))
    if found.state != "accepted":
        console.note("nobody knows yet whether it was delivered")
    sys.stdout.flush()
    sys.stdout.buffer.write(mail)
    sys.stdout.buffer.flush()


def _print(context: Context, found: Trace) -> None:
    from rich.text import Text

    from bypost.cli.sheet import sheet
    from bypost.model.content import full_name

    row = found.row
    who = f"{row['name']} <{row['email']}>" if row["name"] else row["email"]
    what = full_name(row["collection"], row["item"])
    people = "1 person" if row["size"] == 1 else f"{row['size']:,} people"
    lines = [
        ("now", _stands(context, found)),
        ("what", Text.assemble((row["title"], "bold"), f"  {what}")),
        ("to", Text(who or "a person who was erased")),
        ("due", Text(moment.day(row["due_at"]))),
        ("batch", Text(f"{found.batch_ref}, {people}, {row['provider'] or 'no provider'}")),
    ]
    if row["provider_id"]:
        lines.append(("their id", Text(row["provider_id"])))
    for name, told in (("attempts", _attempts(found)), ("events", _events(found))):
        lines += zip([name, *[""] * (len(told) - 1)], told, strict=False)
    console.out.print(sheet(lines))


def _stands(context: Context, found: Trace) -> Text:
    """Return in a sentence how the delivery stands."""
    from rich.text import Text

    row, at = found.row, found.row["next_try"]
    why = f": {found.reason}" if found.reason else ""
    match found.state:
        case "accepted":
            when = f" on {moment.day(row['accepted_at'])}" if row["accepted_at"] else ""
            return Text.assemble(("✓ ", "green"), f"accepted by {row['provider']}{when}")
        case "failed" | "cancelled":
            return Text.assemble(("✗ ", "red"), f"{found.state}{why}")
        case "unknown":
            return Text.assemble(
                ("! ", "yellow"),
                f"unknown: it may have been delivered, and nobody can tell{why}\n"
                f"settle it: bypost reconcile --sent {found.ref}, or --resend {found.ref}",
            )
        case "sending":
            return Text("being sent, or its process died: the next pass finds out")
    if found.may_have_left:
        return Text(f"no answer yet; the same request is repeated {_when(context, at)}{why}")
    return Text(f"waiting; goes out {_when(context, at)}{why}")


def _when(context: Context, at: datetime) -> str:
    return f"on {moment.day(at)}" if at > context.clock.now() else "with the next pass"


def _attempts(found: Trace) -> list[Text]:
    from rich.text import Text

    lines = []
    for one in found.attempts:
        ended = one["ended_at"]
        took = f" after {(ended - one['started_at']).total_seconds():.1f} s" if ended else ""
        status = f", HTTP {one['status']}" if one["status"] else ""
        words = f": {one['detail']}" if one["detail"] else ""
        lines.append(
            Text(f"{moment.second(one['started_at'])}  {one['outcome']}{took}{status}{words}")
        )
    return lines


def _events(found: Trace) -> list[Text]:
    from rich.text import Text

    return [
        Text(f"{moment.second(one['at'])}  {one['kind']}, says {one['provider']}")
        for one in found.events
    ]
