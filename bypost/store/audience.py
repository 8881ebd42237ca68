"""Audiences in SQL: an expression becomes a condition on ``subscribers``.

Every text of an expression is bound, none is part of the statement. ``LIKE`` is not used: it would
take signs for wildcards, and capital letters differently on each database.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from bypost.audience import expression as tree
from bypost.audience.expression import Expression, Field, How, Standing, Status, When
from bypost.store import holds, json_rows
from bypost.store.engine import Condition
from bypost.store.schema import (
    batches,
    consents,
    deliveries,
    enrollments,
    subscribers,
    subscriptions,
)

_IS_ISSUE = deliveries.c.kind == literal_column("'issue'")  # word for word as the index has it
_WAS_ACCEPTED = or_(
    deliveries.c.state == "accepted",
    and_(deliveries.c.state.is_(None), batches.c.state == "settled"),
)


def condition(expression: Expression, *, now: datetime) -> Condition:
    """Return the condition that a row of ``subscribers`` is in an audience; nobody erased is.

    Args:
        expression: With what its names stand for (:func:`bypost.audience.expand`).
        now: The instant from which `the last N days` are counted.
    """
    return and_(subscribers.c.email_key.is_not(None), _condition(expression, now))


def _condition(one: Expression, now: datetime) -> Condition:
    match one:
        case tree.All(of):
            return and_(*(_condition(part, now) for part in of))
        case tree.Any(of):
            return or_(*(_condition(part, now) for part in of))
        case tree.Not(of=inner):
            # A condition that is null for somebody is not met, and its opposite is.
            return not_(func.coalesce(_condition(inner, now), literal_column("0") == 1))
    return _BY_KIND[type(one)](one, now)


def _everyone(_: tree.Everyone, __: datetime) -> Condition:
    return true()


def _tag(one: tree.Tag, _: datetime) -> Condition:
    return json_rows.holds(subscribers.c.tags, one.tag)


def _text(one: tree.Text, _: datetime) -> Condition:
    columns = {Field.NAME: subscribers.c.name, Field.TIME_ZONE: subscribers.c.time_zone}
    return _compared(columns[one.field], one.how, one.text)


def _attribute(one: tree.Attribute, _: datetime) -> Condition:
    row = json_rows.entry(subscribers.c.attributes)
    return (
        exists()
        .select_from(row)
        .where(row.c.key == one.name, _compared(row.c.value, one.how, one.text))
        .correlate(subscribers)
    )


def _compared(column: ColumnElement[Any], how: How, text: str) -> Condition:
    """Return how a text compares; capital letters count, on every database."""
    match how:
        case How.IS:
            return column == text
        case How.CONTAINS:
            return func.replace(column, text, "") != column
        case How.BEGINS:
            return func.substr(column, 1, len(text)) == text
        case How.KNOWN:
            return column != ""


def _address(one: tree.Address, _: datetime) -> Condition:
    end = f"@{one.domain}"
    start = func.length(subscribers.c.email_key) - len(end) + 1
    return func.substr(subscribers.c.email_key, start) == end


def _having(one: tree.Having, _: datetime) -> Condition:
    return subscribers.c.status == one.status.value


def _source(one: tree.Source, _: datetime) -> Condition:
    return _agreed(consents.c.source == one.source)


def _form(one: tree.Form, _: datetime) -> Condition:
    return _agreed(consents.c.form == one.form)


def _agreed(how: Condition) -> Condition:
    theirs = consents.c.subscriber_id == subscribers.c.id
    return exists().where(theirs, how).correlate(subscribers)


def _since(one: tree.Since, now: datetime) -> Condition:
    of = {Standing.JOINED: subscribers.c.created_at, Status.CONFIRMED: subscribers.c.confirmed_at}
    return _in(of[one.what], one.span, now)


def _course(one: tree.Course, now: datetime) -> Condition:
    """Return how somebody stands to a course; the last run counts, for `finished` any of them."""
    run = enrollments
    when = {
        Standing.JOINED: run.c.started_at,
        Standing.ACTIVE: run.c.started_at,
        Standing.FINISHED: run.c.finished_at,
        Standing.LEFT: run.c.left_at,
    }[one.standing]
    such = [run.c.subscriber_id == subscribers.c.id, run.c.course == one.course]
    if one.standing is Standing.FINISHED:
        such.append(run.c.finished_at.is_not(None))
    elif one.standing is not Standing.JOINED:
        such += [run.c.status == one.standing.value, _is_last()]
    such.append(_in(when, one.span, now))
    if one.lesson:
        such.append(_last_lesson() == one.lesson)
    return exists().where(*such).correlate(subscribers)


def _is_last() -> Condition:
    """Return the condition that a run is the last one of its person through its course."""
    later = enrollments.alias("later")
    return not_(
        exists()
        .where(
            later.c.subscriber_id == enrollments.c.subscriber_id,
            later.c.course == enrollments.c.course,
            later.c.run > enrollments.c.run,
        )
        .correlate(enrollments)
    )


def _last_lesson() -> ColumnElement[str]:
    """Return the lesson of a run that was accepted last."""
    query: Select[Any] = (
        select(deliveries.c.item)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .where(
            deliveries.c.enrollment_id == enrollments.c.id, deliveries.c.copy == 0, _WAS_ACCEPTED
        )
        .order_by(deliveries.c.id.desc())
        .limit(1)
        .correlate(enrollments)
    )
    return query.scalar_subquery()


def _newsletter(one: tree.Newsletter, now: datetime) -> Condition:
    row = subscriptions
    such = [row.c.subscriber_id == subscribers.c.id, row.c.newsletter == one.newsletter]
    if one.standing is not Standing.JOINED:
        such.append(row.c.status == one.standing.value)
    when = row.c.left_at if one.standing is Standing.LEFT else row.c.started_at
    return exists().where(*such, _in(when, one.span, now)).correlate(subscribers)


def _had(one: tree.Had, now: datetime) -> Condition:
    mail = deliveries.join(batches, batches.c.id == deliveries.c.batch_id)
    when = _in(batches.c.accepted_at, one.span, now)
    such = [_WAS_ACCEPTED, when]
    if one.kind == "issue":
        such += [
            deliveries.c.subscriber_id == subscribers.c.id,
            _IS_ISSUE,
            deliveries.c.item == f"{one.folder}/{one.item}",
        ]
        return exists().select_from(mail).where(*such).correlate(subscribers)
    mail = enrollments.join(mail, deliveries.c.enrollment_id == enrollments.c.id)
    such += [
        enrollments.c.subscriber_id == subscribers.c.id,
        enrollments.c.course == one.folder,
        deliveries.c.item == one.item,
    ]
    return exists().select_from(mail).where(*such).correlate(subscribers)


def _paused(_: tree.Paused, now: datetime) -> Condition:
    own = exists().where(
        enrollments.c.subscriber_id == subscribers.c.id,
        enrollments.c.status == "active",
        enrollments.c.paused_until > now,
    )
    return or_(own.correlate(subscribers), holds.holds_somebody(now))


def _in(column: ColumnElement[Any], span: tree.Span | None, now: datetime) -> Condition:
    """Return the condition that an instant is in a span of time; days are those of UTC."""
    if span is None:
        return true()
    if isinstance(span, tree.Lately):
        return and_(column > now - timedelta(days=span.days), column <= now)
    begin, end = day(span)
    match span.when:
        case When.BEFORE:
            return column < begin
        case When.SINCE:
            return column >= begin
        case When.ON:
            return and_(column >= begin, column <= end)
        case When.AFTER:
            return column > end


def day(span: tree.Day) -> tuple[datetime, datetime]:
    """Return the first and the last instant of a day."""
    begin = datetime.combine(span.day, time(), UTC)
    return begin, datetime.combine(span.day, time.max, UTC)


_BY_KIND: dict[type, Callable[[Any, datetime], Condition]] = {
    tree.Everyone: _everyone,
    tree.Tag: _tag,
    tree.Text: _text,
    tree.Attribute: _attribute,
    tree.Address: _address,
    tree.Having: _having,
    tree.Source: _source,
    tree.Form: _form,
    tree.Since: _since,
    tree.Course: _course,
    tree.Newsletter: _newsletter,
    tree.Had: _had,
    tree.Paused: _paused,
}
