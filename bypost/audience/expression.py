"""An audience as a tree: frozen values that say whom is meant, and nothing of how they are found.

docs/audiences.md says what each means.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class When(StrEnum):
    """How an instant stands to a day, which is a day in UTC."""

    BEFORE = "before"  #: before the day begins
    SINCE = "since"  #: on the day or later
    ON = "on"
    AFTER = "after"  #: after the day is over


class How(StrEnum):
    """How a text is compared; capital letters count."""

    IS = "is"
    CONTAINS = "contains"
    BEGINS = "begins with"
    KNOWN = "known"  #: there is one, and it is not empty


class Field(StrEnum):
    """A text of a person that has one name for everybody; an attribute has its own."""

    NAME = "name"
    TIME_ZONE = "time zone"


class Standing(StrEnum):
    """How somebody stands to a course or newsletter."""

    JOINED = "joined"  #: began it once, whatever became of it
    ACTIVE = "active"  #: is on it
    FINISHED = "finished"  #: had its last lesson once; courses only
    LEFT = "left"  #: left it, and did not come back


class Status(StrEnum):
    """Whether somebody has confirmed their address."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Day:
    """A span of time told by a day."""

    when: When
    day: date


@dataclass(frozen=True, slots=True)
class Lately:
    """The last so many times 24 hours."""

    days: int


Span = Day | Lately


@dataclass(frozen=True, slots=True)
class Everyone:
    """Everybody who is not erased."""


@dataclass(frozen=True, slots=True)
class Tag:
    """Who has a tag."""

    tag: str


@dataclass(frozen=True, slots=True)
class Text:
    """Whose name or time zone is like this; ``text`` is empty for :attr:`How.KNOWN`."""

    field: Field
    how: How
    text: str = ""


@dataclass(frozen=True, slots=True)
class Attribute:
    """Who has an attribute like this; ``text`` is empty for :attr:`How.KNOWN`."""

    name: str
    how: How
    text: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """Whose address is at a domain, case-folded; not those below it."""

    domain: str


@dataclass(frozen=True, slots=True)
class Having:
    """Who is confirmed, or is not."""

    status: Status


@dataclass(frozen=True, slots=True)
class Source:
    """Who agreed to something by such a way."""

    source: str


@dataclass(frozen=True, slots=True)
class Form:
    """Who agreed to something through the form of this name."""

    form: str


@dataclass(frozen=True, slots=True)
class Since:
    """Who was first seen, or confirmed, in a span of time."""

    what: Standing | Status
    span: Span


@dataclass(frozen=True, slots=True)
class Course:
    """Who stands so to a course.

    Attributes:
        span: When that came about; None for whenever.
        lesson: The last one they had had by then; empty for any.
    """

    course: str
    standing: Standing
    span: Span | None = None
    lesson: str = ""


@dataclass(frozen=True, slots=True)
class Newsletter:
    """Who stands so to a newsletter."""

    newsletter: str
    standing: Standing
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Had:
    """Who had a lesson (``course/lesson``) or an issue (``newsletter/issue``)."""

    kind: str
    folder: str
    item: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Paused:
    """Who has paused a course, or is paused by the operator."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Who is in the audience of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    """Who is not in the other."""

    of: Expression


@dataclass(frozen=True, slots=True)
class All:
    """Who is in each of two or more."""

    of: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Who is in one of two or more."""

    of: tuple[Expression, ...]


Term = (
    Everyone
    | Tag
    | Text
    | Attribute
    | Address
    | Having
    | Source
    | Form
    | Since
    | Course
    | Newsletter
    | Had
    | Paused
    | Saved
)
Expression = Term | Not | All | Any
