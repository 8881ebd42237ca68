"""People as they stand in a table: who, on what, and what they were sent last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bypost.delivery import shape_file
from bypost.delivery.context import Context
from bypost.store import (
    Connection,
    Row,
    contents,
    enrollments,
    people_list,
    suppressions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMail:
    """The mail somebody was owed last.

    Attributes:
        state: accepted, failed, cancelled, unknown or pending.
        at: When it was accepted, else when it fell due.
    """

    title: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where somebody stands in a course: "3 of 6", "finished", "left after 2"."""

    course: str
    words: str
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """One row of the table.

    Attributes:
        status: confirmed, unconfirmed, or why nothing is sent to the address.
        muted: Nothing is sent to the address.
    """

    id: int
    email: str
    name: str
    status: str
    muted: bool
    tags: Sequence[str]
    courses: Sequence[Standing]
    last: LastMail | None


def lines(context: Context, connection: Connection, rows: Sequence[Row]) -> list[PersonLine]:
    """Return people with what the table tells of them; at most some dozens."""
    ids = [row["id"] for row in rows]
    hashes = {row["id"]: context.address_hash(row["email_key"] or "") for row in rows}
    muted = suppressions.find(connection, list(hashes.values()))
    courses = _courses(connection, ids)
    last = people_list.last_mails(connection, ids)
    return [
        PersonLine(
            id=row["id"],
            email=row["email"] or "",
            name=row["name"],
            status=muted.get(hashes[row["id"]], row["status"]),
            muted=hashes[row["id"]] in muted,
            tags=row["tags"],
            courses=courses[row["id"]],
            last=_mail(last.get(row["id"])),
        )
        for row in rows
    ]


def _courses(connection: Connection, ids: Sequence[int]) -> Mapping[int, Sequence[Standing]]:
    runs = enrollments.of_subscribers(connection, ids)
    had = people_list.lessons_had(connection, [run["id"] for run in runs])
    shapes = {name: shape_file.load(one) for name, one in contents.applied(connection).items()}
    found: dict[int, list[Standing]] = defaultdict(list)
    for run in runs:
        shape = shapes.get(run["course"])
        title = shape.title if shape else run["course"]
        words = _words(run, had.get(run["id"], 0), len(shape.live) if shape else 0)
        ended = run["status"] != "active"
        found[run["subscriber_id"]].append(Standing(course=title, words=words, ended=ended))
    return found


def _words(run: Row, had: int, all_of_them: int) -> str:
    if run["status"] == "finished":
        return "finished"
    if run["status"] == "left":
        return f"left after {had}"
    return f"{had} of {max(had, all_of_them)}"


def _mail(row: Any) -> LastMail | None:
    if row is None:
        return None
    state = row["state"] or {"settled": "accepted", "unknown": "unknown"}.get(
        row["batch_state"], "pending"
    )
    at = row["accepted_at"] if state == "accepted" and row["accepted_at"] else row["due_at"]
    return LastMail(title=row["title"], state=state, at=at)
