"""Who is in an audience, worked out in plain Python: what SQL has to agree with."""

from __future__ import annotations

from datetime import datetime, timedelta

from bypost.audience import expression as tree
from bypost.audience.expression import Expression, Field, How, Standing, Status, When
from tests.audience.crowd import NOW, Mail, Person, Run


def is_in(person: Person, one: Expression) -> bool:
    """Tell whether a person is in an audience."""
    return not person.erased and _meets(person, one)


def _meets(person: Person, one: Expression) -> bool:
    match one:
        case tree.All(of):
            return all(_meets(person, part) for part in of)
        case tree.Any(of):
            return any(_meets(person, part) for part in of)
        case tree.Not(of=inner):
            return not _meets(person, inner)
        case tree.Everyone():
            return True
        case tree.Paused():
            return person.held or any(it.paused and it.status == "active" for it in person.runs)
    return _is(person, one)


def _is(person: Person, one: Expression) -> bool:
    match one:
        case tree.Tag(tag):
            return tag in person.tags
        case tree.Text(field, how, text):
            return _compared(person.name if field is Field.NAME else person.zone, how, text)
        case tree.Attribute(name, how, text):
            value = person.attributes.get(name)
            return value is not None and _compared(value, how, text)
        case tree.Address(domain):
            return person.domain == domain
        case tree.Having(status):
            return person.status == status
        case tree.Source(source):
            return any(it[0] == source for it in person.consents)
        case tree.Form(form):
            return any(it[1] == form for it in person.consents)
        case tree.Since(what, span):
            at = person.confirmed if what is Status.CONFIRMED else person.created
            return _within(at, span)
    return _stands(person, one)


def _stands(person: Person, one: Expression) -> bool:
    match one:
        case tree.Course(course, standing, span, lesson):
            mine = [run for run in person.runs if run.course == course]
            return any(_run(run, standing, span, lesson, is_last=run is mine[-1]) for run in mine)
        case tree.Newsletter(_, standing, span):
            if person.letter is None:
                return False
            status, at = person.letter
            return standing in {Standing.JOINED, status} and _within(at, span)
        case tree.Had("issue", _, item, span):
            return any(_was_had(mail, item, span) for mail in person.issues)
        case tree.Had("lesson", course, item, span):
            mine = [run for run in person.runs if run.course == course]
            return any(_was_had(mail, item, span) for run in mine for mail in run.mails)
    raise TypeError(one)


def _run(
    run: Run, standing: Standing, span: tree.Span | None, lesson: str, *, is_last: bool
) -> bool:
    had = [mail for mail in run.mails if mail.had and mail.copy == 0]
    if lesson and (not had or had[-1].item != lesson):
        return False
    match standing:
        case Standing.JOINED:
            return _within(run.started, span)
        case Standing.ACTIVE:
            return is_last and run.status == "active" and _within(run.started, span)
        case Standing.FINISHED:
            return run.was_through and _within(run.finished_at, span)
        case Standing.LEFT:
            return is_last and run.status == "left" and _within(run.left_at, span)


def _was_had(mail: Mail, item: str, span: tree.Span | None) -> bool:
    return mail.had and mail.item == item and _within(mail.at, span)


def _compared(value: str, how: How, text: str) -> bool:
    match how:
        case How.IS:
            return value == text
        case How.CONTAINS:
            return text in value
        case How.BEGINS:
            return value.startswith(text)
        case How.KNOWN:
            return value != ""


def _within(at: datetime | None, span: tree.Span | None) -> bool:
    if span is None:
        return True
    if at is None:
        return False
    if isinstance(span, tree.Lately):
        return NOW - timedelta(days=span.days) < at <= NOW
    match span.when:
        case When.BEFORE:
            return at.date() < span.day
        case When.SINCE:
            return at.date() >= span.day
        case When.ON:
            return at.date() == span.day
        case When.AFTER:
            return at.date() > span.day
