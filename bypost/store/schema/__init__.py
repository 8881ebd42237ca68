"""The tables, grouped by noun; every column says what it holds."""

from bypost.store.schema.admins import admin_sessions, admins, audit, sign_in_waits
from bypost.store.schema.alarms import alarm_messages, alarms
from bypost.store.schema.api import replies, tokens
from bypost.store.schema.audiences import audiences, bulk_actions
from bypost.store.schema.base import metadata
from bypost.store.schema.content import (
    applied_courses,
    assets,
    contents,
    holds,
    issue_zones,
    issues,
)
from bypost.store.schema.figures import course_figures
from bypost.store.schema.imports import import_changes, imports
from bypost.store.schema.ledger import attempts, batches, budgets, deliveries, events
from bypost.store.schema.measures import clicks, daily, lesson_marks, redirects
from bypost.store.schema.orders import issue_orders
from bypost.store.schema.people import (
    address_changes,
    consents,
    enrollments,
    meta,
    subscribers,
    subscriptions,
    suppressions,
)
from bypost.store.schema.signups import limits, signups
from bypost.store.schema.sums import batch_sums
from bypost.store.schema.workers import workers

__all__ = [
    "address_changes",
    "admin_sessions",
    "admins",
    "alarm_messages",
    "alarms",
    "applied_courses",
    "assets",
    "attempts",
    "audiences",
    "audit",
    "batch_sums",
    "batches",
    "budgets",
    "bulk_actions",
    "clicks",
    "consents",
    "contents",
    "course_figures",
    "daily",
    "deliveries",
    "enrollments",
    "events",
    "holds",
    "import_changes",
    "imports",
    "issue_orders",
    "issue_zones",
    "issues",
    "lesson_marks",
    "limits",
    "meta",
    "metadata",
    "redirects",
    "replies",
    "sign_in_waits",
    "signups",
    "subscribers",
    "subscriptions",
    "suppressions",
    "tokens",
    "workers",
]
