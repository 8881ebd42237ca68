"""One term of an audience, such as `tag "alumni"`, read by the word it begins with."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from bypost.audience.expression import (
    Address,
    Attribute,
    Course,
    Day,
    Everyone,
    Expression,
    Field,
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
    Standing,
    Status,
    Tag,
    Text,
    When,
)
from bypost.audience.saved import is_name
from bypost.audience.scan import Kind
from bypost.audience.tokens import Tokens
from bypost.audience.words import SOURCES, TERMS

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SPANS = (*When, "in")
#: Days of `in the last N days`: ten years.
_MOST_DAYS = 3660
_COMPARED = ("is", "contains", "begins", "known", "unknown")


def read_term(tokens: Tokens) -> Expression:
    """Read the term that comes next.

    Raises:
        BadAudience: there is none, or it is not complete.
    """
    word = tokens.next.word
    if word not in _READERS:
        if tokens.next.kind is Kind.TEXT:
            raise tokens.wrong(
                "it is not said what this text is about",
                fix=f'write for example `tag "{tokens.next.text[:40]}"`',
            )
        raise tokens.expected(list(TERMS))
    tokens.forward()
    return _READERS[word](tokens)


def _tag(tokens: Tokens) -> Expression:
    return Tag(tokens.text("a tag", TERMS["tag"]))


def _attribute(tokens: Tokens) -> Expression:
    name = tokens.text("the name of an attribute", TERMS["attribute"]).casefold()
    return _compared(tokens, lambda how, text: Attribute(name, how, text))


def _name(tokens: Tokens) -> Expression:
    return _compared(tokens, lambda how, text: Text(Field.NAME, how, text))


def _time(tokens: Tokens) -> Expression:
    tokens.one_of(["zone"], after="`time`")
    return _zone(tokens)


def _zone(tokens: Tokens) -> Expression:
    return _compared(tokens, lambda how, text: Text(Field.TIME_ZONE, how, text))


def _compared(tokens: Tokens, make: Callable[[How, str], Expression]) -> Expression:
    word = tokens.one_of(_COMPARED, after="this")
    if word in {"known", "unknown"}:
        known = make(How.KNOWN, "")
        return known if word == "known" else Not(known)
    turned = word == "is" and tokens.take("not")
    if word == "begins":
        tokens.one_of(["with"], after="`begins`")
        word = How.BEGINS.value
    found = make(How(word), tokens.text("a text", '"Berlin"'))
    return Not(found) if turned else found


def _address(tokens: Tokens) -> Expression:
    tokens.one_of(["at"], after="`address`")
    token = tokens.next
    domain = tokens.text("a domain", TERMS["address"]).removeprefix("@").casefold()
    if "@" in domain or any(map(str.isspace, domain)) or not domain:
        raise tokens.wrong("this is not a domain", token, fix=f"write `{TERMS['address']}`")
    return Address(domain)


def _status(tokens: Tokens) -> Expression:
    return Having(Status(tokens.one_of(list(Status), after="`status`")))


def _source(tokens: Tokens) -> Expression:
    return Source(tokens.one_of(SOURCES, after="`source`"))


def _form(tokens: Tokens) -> Expression:
    return Form(tokens.text("the name of a form", TERMS["form"]))


def _joined(tokens: Tokens) -> Expression:
    return Since(Standing.JOINED, _span(tokens, after="`joined`"))


def _confirmed(tokens: Tokens) -> Expression:
    return Since(Status.CONFIRMED, _span(tokens, after="`confirmed`"))


def _course(tokens: Tokens) -> Expression:
    course = tokens.text("the name of a course", TERMS["course"])
    standing = Standing(tokens.one_of(list(Standing), after="the name of a course"))
    span = _maybe_span(tokens)
    lesson = _after_lesson(tokens, course) if tokens.take("after") else ""
    return Course(course, standing, span, lesson)


def _after_lesson(tokens: Tokens, course: str) -> str:
    tokens.one_of(["lesson"], after="`after`")
    token = tokens.next
    named = tokens.text("a lesson", 'after lesson "thank-you"')
    folder, _, lesson = named.rpartition("/")
    if folder not in {"", course} or not lesson:
        raise tokens.wrong(f"this lesson is not one of the course `{course[:40]}`", token)
    return lesson


def _newsletter(tokens: Tokens) -> Expression:
    newsletter = tokens.text("the name of a newsletter", TERMS["newsletter"])
    known = [one for one in Standing if one is not Standing.FINISHED]
    standing = Standing(tokens.one_of(known, after="the name of a newsletter"))
    return Newsletter(newsletter, standing, _maybe_span(tokens))


def _lesson(tokens: Tokens) -> Expression:
    return _had(tokens, "lesson", "a lesson with its course")


def _issue(tokens: Tokens) -> Expression:
    return _had(tokens, "issue", "an issue with its newsletter")


def _had(tokens: Tokens, kind: str, what: str) -> Expression:
    token = tokens.next
    folder, _, item = tokens.text(what, TERMS[kind]).partition("/")
    if not folder or not item:
        raise tokens.wrong(f"this is not {what}", token, fix=f"write `{TERMS[kind]}`")
    turned = tokens.take("not")
    tokens.one_of(["had"], after=f"the {kind}")
    found = Had(kind, folder, item, _maybe_span(tokens))
    return Not(found) if turned else found


def _audience(tokens: Tokens) -> Expression:
    token = tokens.next
    name = tokens.text("the name of an audience", TERMS["audience"])
    if not is_name(name):
        raise tokens.wrong(
            "an audience is not called so",
            token,
            fix="its name has small letters, digits and hyphens, and is no word of the language",
        )
    return Saved(name)


def _maybe_span(tokens: Tokens) -> Span | None:
    """Read a span of time if one comes next: `after lesson` is another matter."""
    word = tokens.next.word
    if word == "after" and tokens.follows("lesson"):
        return None
    return _span(tokens, after="this") if word in _SPANS else None


def _span(tokens: Tokens, *, after: str) -> Span:
    word = tokens.one_of(_SPANS, after=after)
    if word != "in":
        return Day(When(word), _day(tokens))
    for expected, before in (("the", "in"), ("last", "in the")):
        tokens.one_of([expected], after=f"`{before}`")
    days = _days(tokens)
    tokens.one_of(["day", "days"], after="the number")
    return Lately(days)


def _day(tokens: Tokens) -> date:
    day = _date(tokens.next.text)
    if day is None:
        raise tokens.wrong("this is not a day", fix="write year, month and day, as in 2026-10-01")
    tokens.forward()
    return day


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _days(tokens: Tokens) -> int:
    text = tokens.next.text
    known = text.isascii() and text.isdigit() and len(text) <= 4
    if not known or not 1 <= int(text) <= _MOST_DAYS:
        raise tokens.wrong(
            "this is not a number of days", fix=f"write a number from 1 to {_MOST_DAYS}"
        )
    return int(tokens.forward().text)


_READERS: dict[str, Callable[[Tokens], Expression]] = {
    "everyone": lambda _: Everyone(),
    "paused": lambda _: Paused(),
    "tag": _tag,
    "attribute": _attribute,
    "name": _name,
    "time": _time,
    "zone": _zone,
    "address": _address,
    "status": _status,
    "source": _source,
    "form": _form,
    "joined": _joined,
    "confirmed": _confirmed,
    "course": _course,
    "newsletter": _newsletter,
    "lesson": _lesson,
    "issue": _issue,
    "audience": _audience,
}
