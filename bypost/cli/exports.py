"""``bypost subscribers export``: everybody, as a file that can be imported again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bypost.cli.console import HERE, ProjectOption

if TYPE_CHECKING:
    from bypost.delivery.context import Context
    from bypost.store import Connection


def export(
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="All that an empty database needs to have the same people again."
        ),
    ] = False,
    project: ProjectOption = HERE,
) -> int:
    """Write everybody as CSV to standard output, in the columns of subscribers.csv.

    Example: bypost subscribers export > people.csv
    """
    import csv
    import sys

    from bypost.project import open_project

    writer = csv.writer(sys.stdout, lineterminator="\n")
    with open_project(project) as context:
        lessons = _lessons(context) if full else {}
        with context.store.read() as connection:
            write = _full if full else _plain
            write(context, connection, writer, lessons)
    return 0


def _plain(context: Context, connection: Connection, writer: Any, _lessons: object) -> None:
    from bypost.people import export as exporting

    attributes = exporting.attribute_columns(connection)
    writer.writerow(exporting.header(attributes))
    writer.writerows(
        exporting.rows(
            connection,
            attributes,
            address_hash=context.address_hash,
            newsletters=context.settings.import_.newsletters,
        )
    )


def _full(
    context: Context, connection: Connection, writer: Any, lessons: dict[str, list[str]]
) -> None:
    from bypost.people import export_full

    attributes = export_full.attribute_columns(connection)
    writer.writerow(export_full.header(attributes))
    exporting = export_full.FullExport(
        connection=connection,
        address_hash=context.address_hash,
        attributes=attributes,
        newsletters=context.settings.import_.newsletters,
        lessons=lessons,
    )
    writer.writerows(exporting.rows())


def _lessons(context: Context) -> dict[str, list[str]]:
    """Return the lessons of each course in order, as people go through them."""
    from bypost.delivery.publish import publish

    shapes = publish(context, context.clock.now()).shapes
    return {course: [step.lesson for step in shape.live] for course, shape in shapes.items()}
