"""What the fields of a request may hold."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from bypost.people.csv_rows import address
from bypost.people.pace import HOURS
from scheduler.wall import zone_names

#: The largest number that a primary key can be.
_LARGEST = 2**63 - 1
#: No database keeps NUL, and no mail has use for its kind.
_ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
_LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
_LONGEST_STATEMENT = 4000


class Given(BaseModel):
    """The body of a request; a name that is not known is an error, not ignored."""

    model_config = ConfigDict(extra="forbid")


def _email(typed: str) -> str:
    try:
        return address(typed.strip())
    except ValueError:
        raise ValueError("not a usable address; write one such as ana@example.org") from None


def _zone(name: str) -> str:
    if name and name not in zone_names():
        raise ValueError("there is no such time zone; write an IANA name such as Europe/Berlin")
    return name


def _hour(text: str) -> str:
    if text not in HOURS:
        raise ValueError(f"write a full hour from {HOURS[1]} to {HOURS[-1]}")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("write how, when and to what they agreed")
    return text.strip()


Number = Annotated[int, Field(ge=1, le=_LARGEST)]
NumberInPath = Annotated[int, Path(ge=1, le=_LARGEST)]
Name = Annotated[str, StringConstraints(max_length=80, pattern=_ONE_LINE)]
Folder = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_ONE_LINE)]
Email = Annotated[str, Field(min_length=3, max_length=254), AfterValidator(_email)]
Word = Annotated[str, StringConstraints(max_length=64, pattern=_ONE_LINE)]
#: Any text that may be somebody's address: to look for, not to mail.
SomeEmail = Annotated[str, StringConstraints(max_length=320, pattern=_ONE_LINE)]
TimeZone = Annotated[
    str,
    Field(max_length=64, description="IANA name; empty: the course's"),
    AfterValidator(_zone),
]
Hour = Annotated[
    str,
    Field(
        max_length=5,
        description="local hour HH:MM; empty: the course's",
        json_schema_extra={"enum": list(HOURS)},
    ),
    AfterValidator(_hour),
]
Statement = Annotated[
    str,
    StringConstraints(min_length=1, max_length=_LONGEST_STATEMENT, pattern=_LINES),
    AfterValidator(_said),
]
