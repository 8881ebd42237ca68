"""``bypost subscribers list``: who is in an audience."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bypost.cli import console
from bypost.cli.console import HERE, JsonOption, ProjectOption

if TYPE_CHECKING:
    from bypost.delivery.context import Context
    from bypost.store import Row

_SHOWN = ("id", "email", "name", "status", "time_zone", "tags", "attributes", "created_at")


def list_(
    audience: Annotated[
        str, typer.Option(help="A name, or an expression in quotes.", metavar="AUDIENCE")
    ] = "everyone",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> int:
    """List the people in an audience, in the order in which they came.

    Example: bypost subscribers list --audience 'tag "alumni" and not paused'
    """
    from itertools import islice

    from bypost.project import open_project

    with open_project(project, upgrade=False) as context:
        rows = list(islice(_people(context, audience), limit + 1))
    more, rows = len(rows) > limit, rows[:limit]
    if as_json:
        people: list[dict[str, Any]] = [{name: row[name] for name in _SHOWN} for row in rows]
        console.print_json({"audience": audience, "people": people, "more": more})
        return 0
    width = max((len(row["email"]) for row in rows), default=0)
    for row in rows:
        line = f"{row['email']:<{width}}  {row['status']:<11}  {row['name']}".rstrip()
        console.out.print(line, markup=False)
    if more:
        console.note(f"there are more than {limit}; --limit shows more of them")
    return 0


def _people(context: Context, text: str) -> Iterator[Row]:
    from bypost.delivery.audience import condition
    from bypost.store import people_list

    with context.store.read() as connection:
        such = condition(context, connection, text)
        last = people_list.last_id(connection)
    after, over = 0, last == 0
    while not over:
        with context.store.read() as connection:
            look = people_list.oldest(connection, such, after=after, until=last, limit=1000)
        yield from look.rows
        after, over = look.reached, look.over
