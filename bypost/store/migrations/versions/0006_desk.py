"""The operator's desk: accounts and their log, audiences, schedules, imports, measures, alarms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bypost.store.schema.base import Prose, Words

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the desk keeps."""
    _admins()
    _measures()
    _orders()
    _alarms()
    _sums()
    _counted()
    _imports()
    _audiences()
    _figures()


def _orders() -> None:
    """Add orders about issues, and what a report on an issue is counted by."""
    op.create_table(
        "issue_orders",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="order",
        ),
        sa.Column(
            "newsletter",
            Words(64),
            nullable=False,
            comment="folder name under newsletters/",
        ),
        sa.Column("issue", Words(64), nullable=False, comment="id from its front matter"),
        sa.Column("schedule", Words(120), comment="when it goes out; null: as its file says"),
        sa.Column(
            "audience",
            Prose(),
            comment="who gets it: a name or an expression; null: as its file",
        ),
        sa.Column(
            "state",
            Words(12),
            nullable=False,
            comment="scheduled, paused or cancelled",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when the last word was given"),
        sa.Column(
            "by",
            Words(120),
            nullable=False,
            comment="who gave it: an account, or a command",
        ),
        sa.Column(
            "reason",
            Words(300),
            nullable=False,
            comment="why it is paused or cancelled",
        ),
        sa.Column(
            "paused_at", sa.BigInteger(), comment="when it was paused the last time; null: never"
        ),
        sa.Column(
            "resumed_at",
            sa.BigInteger(),
            comment="when that ended; null: it has not, or never began",
        ),
        sa.CheckConstraint(
            "state IN ('scheduled', 'paused', 'cancelled')", name=op.f("ck_issue_orders_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue_orders")),
        sa.UniqueConstraint("newsletter", "issue", name=op.f("uq_issue_orders_newsletter_issue")),
        comment="Orders about single issues; each overrides the file until it is cleared",
    )
    op.add_column(
        "issues",
        sa.Column(
            "by_zone",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="its audience is taken zone by zone, at one instant as well",
        ),
    )
    issue, left = sa.text("kind = 'issue'"), sa.text("left_at IS NOT NULL")
    op.create_index(
        "ix_batches_issue", "batches", ["item"], sqlite_where=issue, postgresql_where=issue
    )
    op.create_index(
        "ix_subscriptions_left",
        "subscriptions",
        ["newsletter", "left_at"],
        sqlite_where=left,
        postgresql_where=left,
    )


def _measures() -> None:
    """Daily counts, clicks, lessons marked as done, issues of which only counts are kept."""
    op.create_table(
        "daily",
        sa.Column(
            "day",
            sa.Date(),
            nullable=False,
            comment="UTC day; the first of its month once it is old",
        ),
        sa.Column(
            "kind",
            Words(24),
            nullable=False,
            comment="what is counted: visit, accepted, left ...",
        ),
        sa.Column(
            "collection",
            Words(80),
            nullable=False,
            comment="course:ID, newsletter:ID or notice; empty: all together",
        ),
        sa.Column(
            "item",
            Words(200),
            nullable=False,
            comment="lesson, issue or notice id; empty: none",
        ),
        sa.Column(
            "label",
            Words(80),
            nullable=False,
            comment="what it is counted by further: domain, form, link; empty: nothing",
        ),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="how many"),
        sa.PrimaryKeyConstraint("day", "kind", "collection", "item", "label", name="pk_daily"),
        comment="How often something happened on a day; added to by whoever writes that it did",
    )
    op.create_index("ix_daily_collection", "daily", ["collection", "kind", "day"])
    op.create_table(
        "redirects",
        sa.Column(
            "link",
            Words(12),
            nullable=False,
            comment="hash of the other columns, base64url",
        ),
        sa.Column(
            "collection",
            Words(80),
            nullable=False,
            comment="course:ID or newsletter:ID",
        ),
        sa.Column(
            "item",
            Words(200),
            nullable=False,
            comment="lesson or issue in whose text it stands",
        ),
        sa.Column(
            "address",
            Prose(),
            nullable=False,
            comment="where it leads, byte for byte as written",
        ),
        sa.Column(
            "created_at",
            sa.BigInteger(),
            nullable=False,
            comment="first seen in stored content",
        ),
        sa.PrimaryKeyConstraint("link", name="pk_redirects"),
        comment="Where /r/ may lead: addresses in mails of courses that count clicks, no others",
    )
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "clicks",
        sa.Column("id", number, nullable=False, comment="click"),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when the link was asked for"),
        sa.Column(
            "link",
            Words(12),
            nullable=False,
            comment="which of redirects; empty: the trap that people do not see",
        ),
        sa.Column(
            "item",
            Words(200),
            nullable=False,
            comment="lesson or issue of the mail",
        ),
        sa.Column("enrollment_id", number, comment="in whose lesson"),
        sa.Column("subscription_id", number, comment="in whose issue"),
        sa.Column(
            "sign",
            Words(16),
            nullable=False,
            comment="what tells of a machine; empty: nothing",
        ),
        sa.Column(
            "counted",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="is in the daily counts",
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name="fk_clicks_enrollment_id_enrollments"
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name="fk_clicks_subscription_id_subscriptions",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_clicks"),
        comment="Clicks as they came, until they are old; of who asked, only whose mail it was",
    )
    op.create_index("ix_clicks_at", "clicks", ["at"])
    uncounted = sa.text("counted = false")
    op.create_index(
        "ix_clicks_uncounted",
        "clicks",
        ["id"],
        sqlite_where=uncounted,
        postgresql_where=uncounted,
    )
    op.create_table(
        "lesson_marks",
        sa.Column("enrollment_id", number, nullable=False, comment="whose"),
        sa.Column("item", Words(200), nullable=False, comment="lesson id"),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when the button was pressed"),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name="fk_lesson_marks_enrollment_id_enrollments"
        ),
        sa.PrimaryKeyConstraint("enrollment_id", "item", name="pk_lesson_marks"),
        comment="Lessons that somebody marked as done",
    )
    for name in ("accepted", "failed", "cancelled"):
        op.add_column(
            "batches",
            sa.Column(
                f"counted_{name}",
                sa.Integer(),
                nullable=False,
                server_default=sa.text("0"),
                comment=f"of `{name}`, as many as the daily counts know of",
            ),
        )
    # Whoever changes a number of a batch brings it into this index, and so to be counted.
    uncounted = sa.text(
        "accepted <> counted_accepted OR failed <> counted_failed OR cancelled <> counted_cancelled"
    )
    op.create_index(
        "ix_batches_uncounted",
        "batches",
        ["id"],
        sqlite_where=uncounted,
        postgresql_where=uncounted,
    )
    gone = sa.text("erased_at IS NOT NULL")
    op.create_index(
        "ix_subscribers_erased",
        "subscribers",
        ["id"],
        sqlite_where=gone,
        postgresql_where=gone,
    )
    op.add_column(
        "issues",
        sa.Column(
            "folded_at",
            sa.BigInteger(),
            comment="since when only counts are kept of it; null: all is",
        ),
    )


def _alarms() -> None:
    """Add what an operator is told without asking."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "alarms",
        sa.Column("id", number, nullable=False, comment="alarm"),
        sa.Column(
            "name",
            Words(32),
            nullable=False,
            comment="rule that found it, e.g. bounces",
        ),
        sa.Column(
            "subject",
            Words(80),
            nullable=False,
            comment="provider, course or the like; empty: all of it",
        ),
        sa.Column("level", Words(8), nullable=False, comment="warn or alarm"),
        sa.Column("since", sa.BigInteger(), nullable=False, comment="when it began, the last time"),
        sa.Column("last_seen", sa.BigInteger(), nullable=False, comment="when it was last found"),
        sa.Column("told_at", sa.BigInteger(), comment="when its beginning was told; null: never"),
        sa.Column(
            "told_level",
            Words(8),
            nullable=False,
            comment="level that was told; empty: nothing yet",
        ),
        sa.Column("ended_at", sa.BigInteger(), comment="when it was over; null: it is not"),
        sa.Column("words", Words(400), nullable=False, comment="what was found, for people"),
        sa.CheckConstraint("level IN ('warn', 'alarm')", name=op.f("ck_alarms_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
        sa.UniqueConstraint("name", "subject", name=op.f("uq_alarms_name_subject")),
        comment="What an operator should look at, or had to; one row each, however often it comes",
    )
    op.create_table(
        "alarm_messages",
        sa.Column("id", number, nullable=False, comment="message"),
        sa.Column("way", Words(8), nullable=False, comment="mail or webhook"),
        sa.Column(
            "body", sa.JSON(), nullable=False, comment="what is told: title, text and the alarms"
        ),
        sa.Column(
            "created_at",
            sa.BigInteger(),
            nullable=False,
            comment="when there was something to tell",
        ),
        sa.Column("state", Words(8), nullable=False, comment="open, sent or given-up"),
        sa.Column(
            "next_try",
            sa.BigInteger(),
            nullable=False,
            comment="not before; goes up with every failure",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="attempts begun"),
        sa.Column("ended_at", sa.BigInteger(), comment="when it was taken over or given up"),
        sa.Column("detail", Words(300), nullable=False, comment="last trouble, for people"),
        sa.CheckConstraint("way IN ('mail', 'webhook')", name=op.f("ck_alarm_messages_way")),
        sa.CheckConstraint(
            "state IN ('open', 'sent', 'given-up')", name=op.f("ck_alarm_messages_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_messages")),
        comment="What operators are told of alarms; said at least once, removed after a month",
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "ix_alarm_messages_open",
        "alarm_messages",
        ["next_try"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _sums() -> None:
    """Add the ledger's sums by block, and what removes a block whose batches change.

    The numbers of a batch that is still open belong to no block, so that sending costs nothing.
    """
    op.create_table(
        "batch_sums",
        sa.Column(
            "block",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="batches of these numbers, 4,096 each; -1: batches that were folded away",
        ),
        sa.Column("provider", Words(32), nullable=False, comment="adapter that carries them"),
        sa.Column("owed", sa.BigInteger(), nullable=False, comment="deliveries bound to them"),
        sa.Column("accepted", sa.BigInteger(), nullable=False, comment="of those, accepted"),
        sa.Column("failed", sa.BigInteger(), nullable=False, comment="refused"),
        sa.Column("cancelled", sa.BigInteger(), nullable=False, comment="not wanted any more"),
        sa.Column("unknown", sa.BigInteger(), nullable=False, comment="of a fate nobody knows"),
        sa.PrimaryKeyConstraint("block", "provider", name=op.f("pk_batch_sums")),
        comment="Sums over batches; a trigger removes a block whose batches change",
    )
    still_open = "OLD.state IN ('pending', 'sending')"
    numbers = "state, provider, size, accepted, failed, cancelled, members"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            """
            CREATE FUNCTION batch_sums_forget() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                DELETE FROM batch_sums WHERE block = coalesce(OLD.id, NEW.id) / 4096;
                RETURN NULL;
            END $$"""
        )
        gone = added = "FOR EACH ROW EXECUTE FUNCTION batch_sums_forget()"
        changed = gone.replace("EXECUTE", f"WHEN (NOT {still_open}) EXECUTE")
    else:
        gone = "BEGIN DELETE FROM batch_sums WHERE block = OLD.id / 4096; END"
        added = gone.replace("OLD", "NEW")
        changed = f"WHEN NOT {still_open} {gone}"
    op.execute(f"CREATE TRIGGER batch_sums_changed AFTER UPDATE OF {numbers} ON batches {changed}")
    op.execute(f"CREATE TRIGGER batch_sums_added AFTER INSERT ON batches {added}")
    op.execute(f"CREATE TRIGGER batch_sums_gone AFTER DELETE ON batches {gone}")


def _counted() -> None:
    """Let what is looked at every minute be answered by an index alone."""
    op.drop_index("ix_batches_accepted_at", "batches")
    op.create_index("ix_batches_accepted", "batches", ["accepted_at", "provider", "accepted"])
    op.drop_index("ix_events_recent", "events")
    op.create_index(
        "ix_events_recent", "events", ["provider", "kind", "received_at", "delivery_id"]
    )
    op.create_index("ix_signups_requested", "signups", ["requested_at", "confirmed_at"])
    failed = sa.text("state = 'failed'")
    op.create_index(
        "ix_deliveries_failed",
        "deliveries",
        ["id"],
        sqlite_where=failed,
        postgresql_where=failed,
    )


def _admins() -> None:
    """Accounts, where they are signed in, and the log of what was done."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "admins",
        sa.Column("id", number, nullable=False, comment="account"),
        sa.Column("name", Words(40), nullable=False, comment="what they sign in with, lower case"),
        sa.Column("role", Words(16), nullable=False, comment="viewer or operator"),
        sa.Column("password", Words(200), nullable=False, comment="argon2id, with its parameters"),
        sa.Column("created_at", sa.BigInteger(), nullable=False, comment="when it was made"),
        sa.Column(
            "password_at", sa.BigInteger(), nullable=False, comment="when the password was set"
        ),
        sa.Column("seen_at", sa.BigInteger(), comment="when they signed in last; null: never"),
        sa.CheckConstraint("role IN ('viewer', 'operator')", name=op.f("ck_admins_role")),
        sa.PrimaryKeyConstraint("id", name="pk_admins"),
        sa.UniqueConstraint("name", name="uq_admins_name"),
        comment="Who may sign in at the desk",
    )
    op.create_table(
        "admin_sessions",
        sa.Column("id", number, nullable=False, comment="session"),
        sa.Column("admin_id", number, nullable=False, comment="whose"),
        sa.Column(
            "hash",
            sa.LargeBinary(32),
            nullable=False,
            comment="SHA-256 of the secret in the cookie",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False, comment="when they signed in"),
        sa.Column(
            "seen_at", sa.BigInteger(), nullable=False, comment="last request, to the minute"
        ),
        sa.ForeignKeyConstraint(
            ["admin_id"], ["admins.id"], name="fk_admin_sessions_admin_id_admins"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_admin_sessions"),
        sa.UniqueConstraint("hash", name="uq_admin_sessions_hash"),
        comment="Where somebody is signed in; signing out deletes the row",
    )
    op.create_index("ix_admin_sessions_admin_id", "admin_sessions", ["admin_id"])
    op.create_table(
        "sign_in_waits",
        sa.Column("name", Words(120), nullable=False, comment="what is counted; names are hashed"),
        sa.Column("failures", sa.Integer(), nullable=False, comment="in a row, or within a day"),
        sa.Column(
            "last_at",
            sa.BigInteger(),
            nullable=False,
            comment="the last one; a day later it is forgotten",
        ),
        sa.Column("until", sa.BigInteger(), nullable=False, comment="before that nothing is tried"),
        sa.PrimaryKeyConstraint("name", name="pk_sign_in_waits"),
        comment="How long signing in waits after failures",
    )
    op.create_index("ix_sign_in_waits_last_at", "sign_in_waits", ["last_at"])
    op.create_table(
        "audit",
        sa.Column("id", number, nullable=False, comment="entry"),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it was done"),
        sa.Column("who", Words(80), nullable=False, comment="account, or user of the machine"),
        sa.Column("via", Words(16), nullable=False, comment="desk, command or api"),
        sa.Column("action", Words(64), nullable=False, comment="noun and verb, e.g. course.pause"),
        sa.Column(
            "subject", Words(120), nullable=False, comment="e.g. course:x; empty: nothing named"
        ),
        sa.Column("detail", Words(500), nullable=False, comment="what else; no secret, no address"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        comment="What was done by whom; rows are only added",
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    for name in ("who", "action", "subject"):
        op.create_index(f"ix_audit_{name}_id", "audit", [name, "id"])


def _audiences() -> None:
    """Add saved audiences, what is done for all of one, and the search by name."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "audiences",
        sa.Column("id", big, nullable=False, comment="audience"),
        sa.Column(
            "name",
            Words(64),
            nullable=False,
            comment="small letters, digits and hyphens",
        ),
        sa.Column(
            "expression",
            Prose(),
            nullable=False,
            comment="who is in it, as docs/audiences.md says",
        ),
        sa.Column("note", Words(300), nullable=False, comment="what it is for, for people"),
        sa.Column("created_at", sa.BigInteger(), nullable=False, comment="first saved"),
        sa.Column("changed_at", sa.BigInteger(), nullable=False, comment="last saved"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audiences")),
        sa.UniqueConstraint("name", name=op.f("uq_audiences_name")),
        comment="Named filters over subscribers that were made on a page or by command",
    )
    op.create_table(
        "bulk_actions",
        sa.Column("id", big, nullable=False, comment="bulk action"),
        sa.Column(
            "action",
            Words(16),
            nullable=False,
            comment="add_tag, remove_tag, enroll, pause, resume or leave",
        ),
        sa.Column(
            "value",
            Words(200),
            nullable=False,
            comment="the tag, the course ...; may be empty",
        ),
        sa.Column(
            "statement", Prose(), nullable=False, comment="how they agreed; empty: nothing begins"
        ),
        sa.Column("audience", Prose(), nullable=False, comment="as it was asked for"),
        sa.Column(
            "whole",
            Prose(),
            nullable=False,
            comment="the same with what its names stood for then",
        ),
        sa.Column("by", Words(120), nullable=False, comment="who asked for it"),
        sa.Column("state", Words(12), nullable=False, comment="running, done or stopped"),
        sa.Column("after_id", big, nullable=False, comment="looked at up to this subscriber"),
        sa.Column("last_id", big, nullable=False, comment="nobody who came later"),
        sa.Column("found", sa.Integer(), nullable=False, comment="people in the audience so far"),
        sa.Column(
            "changed", sa.Integer(), nullable=False, comment="of those it made a difference to"
        ),
        sa.Column(
            "refused",
            sa.Integer(),
            nullable=False,
            comment="of those for whom it could not be done",
        ),
        sa.Column("started_at", sa.BigInteger(), nullable=False, comment="when it was asked for"),
        sa.Column("changed_at", sa.BigInteger(), nullable=False, comment="when it last went on"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_actions")),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'stopped')", name=op.f("ck_bulk_actions_state")
        ),
        comment="One thing done for everybody in an audience, chunk by chunk",
    )
    op.create_index(op.f("ix_subscribers_name"), "subscribers", ["name"])


def _imports() -> None:
    """Add who imported what, and what it changed, so that it can be taken back."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    empty = sa.text("''")
    for column in (
        sa.Column(
            "state",
            Words(12),
            nullable=False,
            server_default=sa.text("'done'"),
            comment="uploaded, reviewed, running, done, failed, undoing or undone",
        ),
        sa.Column(
            "actor",
            Words(120),
            nullable=False,
            server_default=empty,
            comment="who made it: an account, a command, or a pass",
        ),
        sa.Column(
            "reading",
            sa.JSON(none_as_null=True),
            comment="how the file is read: encoding and columns as chosen; null: as it stands",
        ),
        sa.Column(
            "dialect",
            Words(32),
            nullable=False,
            server_default=empty,
            comment="whose export it is: listmonk, kit ...; empty: our own columns",
        ),
        sa.Column(
            "note",
            Prose(),
            nullable=False,
            server_default=empty,
            comment="the operator's statement of how these people agreed",
        ),
        sa.Column(
            "review",
            sa.JSON(none_as_null=True),
            comment="counts of the dry run, by outcome; null: none was made",
        ),
        sa.Column(
            "rows_read",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("0"),
            comment="rows so far; goes up while it runs",
        ),
        sa.Column("seen_at", sa.BigInteger(), comment="last sign of life of what reads it"),
        sa.Column(
            "trouble",
            Words(400),
            nullable=False,
            server_default=empty,
            comment="why it failed, without addresses",
        ),
        sa.Column("undone_at", sa.BigInteger(), comment="when it was taken back; null: was not"),
        sa.Column(
            "undone_by",
            Words(120),
            nullable=False,
            server_default=empty,
            comment="who took it back",
        ),
        sa.Column(
            "undone", sa.JSON(none_as_null=True), comment="counts of what taking it back did"
        ),
    ):
        op.add_column("imports", column)
    op.create_index("ix_imports_path", "imports", ["path", "id"])
    # SQLite has had the name with its beginning twice since the desk came.
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    what = op.f("ck_import_changes_what") if on_postgresql else "ck_import_changes_what"
    op.create_table(
        "import_changes",
        sa.Column("id", number, nullable=False, comment="change"),
        sa.Column("import_id", number, nullable=False, comment="whose change it is"),
        sa.Column("what", Words(8), nullable=False, comment="added or changed"),
        sa.Column(
            "first_id", number, nullable=False, comment="subscriber; the first of those added"
        ),
        sa.Column("last_id", number, nullable=False, comment="the last of those added in one go"),
        sa.Column(
            "before",
            sa.JSON(none_as_null=True),
            comment="what stood there: fields, and the file's cells; null: a person was added",
        ),
        sa.Column(
            "after",
            sa.JSON(none_as_null=True),
            comment="what stands there since, and what was begun or ended; null: a person was "
            "added",
        ),
        sa.CheckConstraint("what IN ('added', 'changed')", name=what),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name="fk_import_changes_import_id_imports"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_import_changes"),
        comment="What imports did, to take it back; pruned by policy, a person's own when erased",
    )
    of_an_issue = sa.text("subscription_id IS NOT NULL")
    op.create_index(
        "ix_deliveries_subscription_id",
        "deliveries",
        ["subscription_id"],
        sqlite_where=of_an_issue,
        postgresql_where=of_an_issue,
    )
    op.create_index("ix_clicks_enrollment_id", "clicks", ["enrollment_id"])
    op.create_index("ix_clicks_subscription_id", "clicks", ["subscription_id"])
    op.create_index("ix_import_changes_import_id", "import_changes", ["import_id", "id"])
    op.create_index("ix_import_changes_first_id", "import_changes", ["first_id", "import_id"])


def _figures() -> None:
    """Add where people stand in their courses, and an index over what was sent of a lesson."""
    op.create_table(
        "course_figures",
        sa.Column(
            "count", sa.Integer(), nullable=False, comment="number of the count this is part of"
        ),
        sa.Column("course", Words(64), nullable=False, comment="folder name under lessons/"),
        sa.Column(
            "week",
            sa.Date(),
            nullable=False,
            comment="Monday of the week, in UTC, in which runs began",
        ),
        sa.Column(
            "fate",
            Words(12),
            nullable=False,
            comment="active, paused, stopped (nothing comes any more), finished or left",
        ),
        sa.Column(
            "lesson",
            Words(200),
            nullable=False,
            comment="last one owed to them; empty: none",
        ),
        sa.Column(
            "days",
            sa.Integer(),
            nullable=False,
            comment="whole days to the end; 0: not finished",
        ),
        sa.Column("number", sa.Integer(), nullable=False, comment="how many runs"),
        sa.PrimaryKeyConstraint(
            "count", "course", "week", "fate", "lesson", "days", name="pk_course_figures"
        ),
        comment="Runs of courses by where they stand; counted some at a time, then all put in "
        "place",
    )
    lessons = sa.text("kind = 'lesson'")
    op.create_index(
        "ix_batches_lesson",
        "batches",
        ["content_hash", "kind", "accepted_at", "accepted"],
        sqlite_where=lessons,
        postgresql_where=lessons,
    )
