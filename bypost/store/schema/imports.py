"""Files that were taken up, and what each changed, so that it can be taken back."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    text,
)

from bypost.store.schema.base import BigId, Instant, Prose, Words, id_column, metadata

imports = Table(
    "imports",
    metadata,
    id_column("import"),
    Column("path", Words(500), nullable=False, comment="file as named by the operator"),
    Column(
        "digest",
        Words(64),
        nullable=False,
        comment="SHA-256 of the file: unchanged is not read again",
    ),
    Column(
        "signature",
        Words(64),
        nullable=False,
        comment="size and modification time, the quick look",
    ),
    Column("at", Instant, nullable=False, comment="when it was read"),
    Column(
        "summary", JSON, nullable=False, comment="rows read, added, changed, unchanged, rejected"
    ),
    Column(
        "state",
        Words(12),
        nullable=False,
        server_default=text("'done'"),
        comment="uploaded, reviewed, running, done, failed, undoing or undone",
    ),
    Column(
        "actor",
        Words(120),
        nullable=False,
        server_default=text("''"),
        comment="who made it: an account, a command, or a pass",
    ),
    Column(
        "reading",
        JSON(none_as_null=True),
        comment="how the file is read: encoding and columns as chosen; null: as it stands",
    ),
    Column(
        "dialect",
        Words(32),
        nullable=False,
        server_default=text("''"),
        comment="whose export it is: listmonk, kit ...; empty: our own columns",
    ),
    Column(
        "note",
        Prose,
        nullable=False,
        server_default=text("''"),
        comment="the operator's statement of how these people agreed",
    ),
    Column(
        "review",
        JSON(none_as_null=True),
        comment="counts of the dry run, by outcome; null: none was made",
    ),
    Column(
        "rows_read",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="rows so far; goes up while it runs",
    ),
    Column("seen_at", Instant, comment="last sign of life of what reads it"),
    Column(
        "trouble",
        Words(400),
        nullable=False,
        server_default=text("''"),
        comment="why it failed, without addresses",
    ),
    Column("undone_at", Instant, comment="when it was taken back; null: was not"),
    Column(
        "undone_by",
        Words(120),
        nullable=False,
        server_default=text("''"),
        comment="who took it back",
    ),
    Column("undone", JSON(none_as_null=True), comment="counts of what taking it back did"),
    Index("ix_imports_path", "path", "id"),
    comment="CSV files taken up",
)

import_changes = Table(
    "import_changes",
    metadata,
    id_column("change"),
    Column(
        "import_id", BigId, ForeignKey("imports.id"), nullable=False, comment="whose change it is"
    ),
    Column("what", Words(8), nullable=False, comment="added or changed"),
    Column("first_id", BigId, nullable=False, comment="subscriber; the first of those added"),
    Column("last_id", BigId, nullable=False, comment="the last of those added in one go"),
    Column(
        "before",
        JSON(none_as_null=True),
        comment="what stood there: fields, and the file's cells; null: a person was added",
    ),
    Column(
        "after",
        JSON(none_as_null=True),
        comment="what stands there since, and what was begun or ended; null: a person was added",
    ),
    CheckConstraint("what IN ('added', 'changed')", name="what"),
    Index("ix_import_changes_import_id", "import_id", "id"),
    Index("ix_import_changes_first_id", "first_id", "import_id"),
    comment="What imports did, to take it back; pruned by policy, a person's own when erased",
)
