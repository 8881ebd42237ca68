"""The kinds of value an author writes, each with its check.

A check raises ``ValueError("what is wrong; how to write it")``, as ``scheduler`` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainValidator, ValidationInfo

from bypost.model.course import IfPast, IssueStatus
from scheduler.cadence import Cadence, parse_cadence
from scheduler.season import Season, parse_season
from scheduler.wall import zone_names
from scheduler.window import parse_hour, parse_window

#: Names a setting or an attribute cannot have, because something else has them.
RESERVED_SETTINGS = frozenset({"id", "title", "summary", "lessons"})
RESERVED_ATTRIBUTES = frozenset({"name", "email", "time_zone", "since"})

_ID = re.compile(r"[a-z0-9-]{1,64}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_PAGE = re.compile(r"https://[^/?#\s\"<>@]+/[^\s\"<>]*")
#: Years outside these are slips of the hand, and reckoning with them can overflow.
_YEARS = range(2000, 3000)


def check_id(value: str) -> str:
    """Return ``value`` if it can be an identity: it stands in links and in the ledger."""
    if not _ID.fullmatch(value):
        raise ValueError(f"`{value}` is not an id; use a-z, 0-9 and -, at most 64 characters")
    return value


def _one_line(value: str, info: ValidationInfo) -> str:
    text = value.strip()
    # A line break in a subject would begin another header; splitlines knows all eleven kinds.
    if len(text.splitlines()) > 1:
        raise ValueError(f"`{info.field_name}` holds a line break; write it on one line")
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
        raise ValueError(f"`{info.field_name}` holds a control character; delete it")
    return text


def _some(value: str, info: ValidationInfo) -> str:
    if not value.strip():
        raise ValueError(f"`{info.field_name}` is empty; write a text")
    return value.strip()


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError(f"`{value}` is not a language; write one like `en` or `pt-BR`")
    return value


def _zone(value: str) -> str:
    if value in zone_names():
        return value
    by_city = {name.rpartition("/")[2].lower(): name for name in sorted(zone_names())}
    city = value.rpartition("/")[2].strip().replace(" ", "_").lower()
    near = [by_city[city]] if city in by_city else get_close_matches(value, zone_names(), 1)
    advice = f"did you mean `{near[0]}`?" if near else "write one like `Europe/Berlin`"
    raise ValueError(f"`{value}` is not a time zone; {advice}")


def _hour(value: object) -> time:
    # TOML has a time of its own: 09:00:00, without quotes.
    return value if isinstance(value, time) else parse_hour(_text(value))


def _text(value: object) -> str:
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if not isinstance(value, str):
        raise ValueError(f"`{value}` is not text; write one text, in quotes")  # noqa: TRY004 - pydantic reads it
    return value


def _opening(value: object) -> str:
    text = _text(value).strip()
    parse_hour(text)
    return text


def _closing(value: object) -> str:
    text = _text(value).strip()
    return text if text == "24:00" else _opening(text)


def _days(value: object) -> str | list[str]:
    days = value if isinstance(value, str) else [_text(day) for day in _items(value)]
    parse_window("00:00", "24:00", days, ())
    return days


def _items(value: object) -> Iterable[object]:
    if not isinstance(value, list):
        raise ValueError(f"`{value}` is not a list; write one like [mon, tue]")  # noqa: TRY004 - pydantic reads it
    return value


def _as_list(value: object) -> object:
    """Take a single date for a list of one."""
    return [value] if isinstance(value, (str, date)) else value


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return _in_reach(value)
    text = _text(value).strip()
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError(f"`{text}` is not a date; write one like 2026-12-24")
    return _in_reach(day)


def _day_or_instant(value: object) -> date | datetime:
    text = _text(value).strip()
    if len(text) <= len("2026-12-01"):
        return _day(text)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"`{text}` is not a date; write 2026-12-01, or 2026-12-01T09:00:00+01:00"
        ) from None
    if instant.tzinfo is None:
        raise ValueError(
            f"`{text}` does not say in which zone; add the offset from UTC, as in "
            "2026-12-01T09:00:00+01:00, or write the date alone and the hour under `at`"
        )
    _in_reach(instant)
    return instant.astimezone(UTC)


def _in_reach(day: date) -> date:
    if day.year not in _YEARS:
        raise ValueError(f"`{day.isoformat()}` is not a likely date; write one like 2026-12-24")
    return day


def _status(value: object) -> IssueStatus:
    text = _text(value).strip()
    if text not in set(IssueStatus):
        raise ValueError(f"`{text}` is not a status; write `draft` or `ready`")
    return IssueStatus(text)


def _if_past(value: object) -> IfPast:
    text = _text(value).strip()
    if text not in set(IfPast):
        raise ValueError(f"`{text}` is not a policy; write `skip`, `next` or `at_end`")
    return IfPast(text)


def _season(value: object) -> Season:
    return parse_season(_text(value))


def _cadence(value: object) -> Cadence:
    return parse_cadence(_text(value))


def _name(value: str, reserved: frozenset[str]) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(f"`{value}` is not a name; use letters, digits and _")
    if value in reserved:
        raise ValueError(f"`{value}` is taken by ByPost itself; choose another name")
    return value


def _setting(value: str) -> str:
    return _name(value, RESERVED_SETTINGS)


def _attribute(value: str) -> str:
    return _name(value, RESERVED_ATTRIBUTES)


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError(f"`{value}` is not an address; write one like anna@example.org")
    return value


def _page_address(value: str) -> str:
    if value and not _PAGE.fullmatch(value):
        raise ValueError(
            f"`{value}` is not an address; write one like https://example.org/card.png"
        )
    return value


Id = Annotated[str, AfterValidator(check_id)]
Line = Annotated[str, AfterValidator(_one_line)]
Title = Annotated[str, AfterValidator(_one_line), AfterValidator(_some)]
Paragraph = Annotated[str, AfterValidator(_some)]
Language = Annotated[str, AfterValidator(_language)]
Zone = Annotated[str, AfterValidator(_zone)]
Address = Annotated[str, AfterValidator(_address)]
PageAddress = Annotated[str, AfterValidator(_page_address)]
SettingName = Annotated[str, AfterValidator(_setting)]
AttributeName = Annotated[str, AfterValidator(_attribute)]
Hour = Annotated[time, PlainValidator(_hour)]
Opening = Annotated[str, PlainValidator(_opening)]
Closing = Annotated[str, PlainValidator(_closing)]
WindowDays = Annotated[str | list[str], PlainValidator(_days)]
Day = Annotated[date, PlainValidator(_day)]
SkipDates = Annotated[list[Day], BeforeValidator(_as_list)]
DayOrInstant = Annotated[date | datetime, PlainValidator(_day_or_instant)]
Status = Annotated[IssueStatus, PlainValidator(_status)]
Past = Annotated[IfPast, PlainValidator(_if_past)]
SeasonDays = Annotated[Season, PlainValidator(_season)]
Delay = Annotated[Cadence, PlainValidator(_cadence)]
