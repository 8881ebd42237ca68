"""Requests of the sign-up form, and how often it was used."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    text,
)

from bypost.store.schema.base import BigId, Instant, Prose, Words, id_column, metadata

_UNCONFIRMED = text("confirmed_at IS NULL")

signups = Table(
    "signups",
    metadata,
    id_column("request"),
    Column("subscriber_id", BigId, ForeignKey("subscribers.id"), nullable=False, comment="who"),
    Column("course", Words(64), nullable=False, comment="asked for; empty: newsletters only"),
    Column("newsletters", JSON, nullable=False, comment="those that were ticked"),
    Column("name", Words(200), nullable=False, comment="as typed; used once confirmed"),
    Column("time_zone", Words(64), nullable=False, comment="IANA zone; used once confirmed"),
    Column("hour", Words(5), nullable=False, comment="local hour HH:MM; used once confirmed"),
    Column("form", Words(80), nullable=False, comment="which form it came through"),
    Column("wording", Prose, nullable=False, comment="what the form asked consent to"),
    Column("language", Words(35), nullable=False, comment="of the form, BCP 47"),
    Column("network", Words(64), nullable=False, comment="shortened IP address; empty: none"),
    Column("link_id", LargeBinary(16), nullable=False, comment="random id inside the mail's link"),
    Column("requested_at", Instant, nullable=False, comment="when the form was sent off"),
    Column("mailed_at", Instant, nullable=False, comment="when its confirmation was owed"),
    Column("expires_at", Instant, nullable=False, comment="until when the link works"),
    Column("confirmed_at", Instant, comment="when the button was pressed; null: was not"),
    Column("confirmed_network", Words(64), nullable=False, comment="shortened IP address of that"),
    UniqueConstraint("link_id"),
    Index(None, "subscriber_id"),
    Index("ix_signups_requested", "requested_at", "confirmed_at"),
    Index(
        "ix_signups_unconfirmed",
        "mailed_at",
        sqlite_where=_UNCONFIRMED,
        postgresql_where=_UNCONFIRMED,
    ),
    comment="Requests that wait for their confirmation, or have had it",
)

limits = Table(
    "limits",
    metadata,
    Column("name", Words(120), primary_key=True, comment="what is counted, e.g. form:letters"),
    Column("started_at", Instant, nullable=False, comment="first use in this window"),
    Column("ends_at", Instant, comment="from then on counting begins anew; null: never"),
    Column("used", Integer, nullable=False, comment="uses in this window"),
    Column("closed_at", Instant, comment="first refusal in this window; null: none"),
    Index(None, "ends_at"),
    comment="How often something was done in a time, shared by all processes",
)
