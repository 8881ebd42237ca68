"""An expression in words again: reading what is written here gives the same expression."""

from __future__ import annotations

from bypost.audience.expression import (
    Address,
    All,
    Any,
    Attribute,
    Course,
    Everyone,
    Expression,
    Form,
    Had,
    Having,
    How,
    Lately,
    Newsletter,
    Not,
    Paused,
    Saved,
    Since,
    Source,
    Span,
    Tag,
    Text,
)


def write(expression: Expression) -> str:
    """Return an expression as :func:`bypost.audience.parse` reads it."""
    match expression:
        case All(of):
            return " and ".join(map(_part, of))
        case Any(of):
            return " or ".join(map(_part, of))
        case Not(of):
            return f"not {_part(of)}"
    return _term(expression)


def _part(expression: Expression) -> str:
    """Return an expression as it stands inside of another one."""
    inner = write(expression)
    return f"({inner})" if isinstance(expression, All | Any) else inner


def _term(term: Expression) -> str:
    match term:
        case Everyone():
            return "everyone"
        case Paused():
            return "paused"
        case Text(field, how, text):
            return f"{field}{_compared(how, text)}"
        case Attribute(name, how, text):
            return f"attribute {_quoted(name)}{_compared(how, text)}"
        case Having(status):
            return f"status {status}"
        case Source(source):
            return f"source {source}"
        case Since(what, span):
            return f"{what}{_span(span)}"
    return _named(term)


def _named(term: Expression) -> str:
    match term:
        case Tag(tag):
            return f"tag {_quoted(tag)}"
        case Address(domain):
            return f"address at {_quoted(domain)}"
        case Form(form):
            return f"form {_quoted(form)}"
        case Course(course, standing, span, lesson):
            after = f" after lesson {_quoted(lesson)}" if lesson else ""
            return f"course {_quoted(course)} {standing}{_span(span)}{after}"
        case Newsletter(newsletter, standing, span):
            return f"newsletter {_quoted(newsletter)} {standing}{_span(span)}"
        case Had(kind, folder, item, span):
            return f"{kind} {_quoted(f'{folder}/{item}')} had{_span(span)}"
        case Saved(name):
            return f"audience {_quoted(name)}"
    raise TypeError(term)


def _compared(how: How, text: str) -> str:
    return f" {how}" if how is How.KNOWN else f" {how} {_quoted(text)}"


def _span(span: Span | None) -> str:
    if span is None:
        return ""
    if isinstance(span, Lately):
        return f" in the last {span.days} {'day' if span.days == 1 else 'days'}"
    return f" {span.when} {span.day.isoformat()}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
