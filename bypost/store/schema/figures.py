"""Where people stand in their courses, counted now and then."""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, PrimaryKeyConstraint, Table

from bypost.store.schema.base import Words, metadata

course_figures = Table(
    "course_figures",
    metadata,
    Column("count", Integer, nullable=False, comment="number of the count this is part of"),
    Column("course", Words(64), nullable=False, comment="folder name under lessons/"),
    Column("week", Date, nullable=False, comment="Monday of the week, in UTC, in which runs began"),
    Column(
        "fate",
        Words(12),
        nullable=False,
        comment="active, paused, stopped (nothing comes any more), finished or left",
    ),
    Column("lesson", Words(200), nullable=False, comment="last one owed to them; empty: none"),
    Column("days", Integer, nullable=False, comment="whole days to the end; 0: not finished"),
    Column("number", Integer, nullable=False, comment="how many runs"),
    PrimaryKeyConstraint("count", "course", "week", "fate", "lesson", "days"),
    comment="Runs of courses by where they stand; counted some at a time, then all put in place",
)
