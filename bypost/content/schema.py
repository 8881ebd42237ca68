"""The keys each file may have. An unknown key is an error: nobody would read it."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from bypost.content.fields import (
    Address,
    AttributeName,
    Closing,
    Day,
    DayOrInstant,
    Delay,
    Hour,
    Id,
    Language,
    Line,
    Opening,
    PageAddress,
    Paragraph,
    Past,
    SeasonDays,
    SettingName,
    SkipDates,
    Status,
    Title,
    WindowDays,
    Zone,
)
from scheduler.window import Window, parse_window

# Each required key has an example: it is shown to an author who left the key out.
_TITLE = Field(examples=["A Short Course"])
_SUMMARY = Field(examples=["What it is about, in one sentence."])
_SUBJECT = Field(examples=["What the team decides"])
_PREHEADER = Field(examples=["The line an inbox shows after the subject."])


class Keys(BaseModel):
    """Base: frozen, nothing converted behind the author's back, no key that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class WindowKeys(Keys):
    """``window``: the local hours in which a lesson may leave; by default always."""

    start: Opening = "00:00"
    end: Closing = "24:00"
    days: WindowDays = "daily"
    skip: SkipDates = []

    @field_validator("end")
    @classmethod
    def _differs(cls, end: str, info: ValidationInfo) -> str:
        if "start" in info.data:
            parse_window(info.data["start"], end, "daily", ())
        return end

    def window(self) -> Window:
        """Return the window itself."""
        return parse_window(self.start, self.end, self.days, self.skip)


class SeriesFile(Keys):
    """What ``course.toml`` and ``newsletter.toml`` share."""

    title: Title = _TITLE
    summary: Paragraph = _SUMMARY
    language: Language = "en"
    time_zone: Zone = "UTC"
    hour: Hour = dt.time(9)
    goodbye: bool = False
    clicks: bool = False


class CourseFile(SeriesFile):
    """``course.toml``."""

    window: WindowKeys = WindowKeys()
    at_least_once: bool = False
    most_a_day: int = Field(default=2, ge=0, le=20)
    promise: Line = ""
    for_whom: list[Title] = []
    sample: str = ""
    image: PageAddress = ""
    open: bool = True
    archive: bool = False
    settings: dict[SettingName, str] = {}


class NewsletterFile(SeriesFile):
    """``newsletter.toml``."""

    audience: Line = ""


class NoticeKeys(Keys):
    """Front matter of a notice."""

    id: Id = Field(examples=["confirmation"])
    subject: Title = _SUBJECT
    preheader: Line = _PREHEADER


class LessonKeys(Keys):
    """Front matter of a lesson."""

    id: Id = Field(examples=["welcome"])
    subject: Title = _SUBJECT
    preheader: Line = _PREHEADER
    delay: Delay = Field(examples=["1 weekday"])
    not_before: Day | None = None
    expires: Day | None = None
    window: WindowKeys | None = None
    if_past: Past | None = None
    season: SeasonDays | None = None
    instead_of: Id | None = None

    @field_validator("expires")
    @classmethod
    def _has_a_time(cls, expires: dt.date, info: ValidationInfo) -> dt.date:
        opens = info.data.get("not_before")
        if opens and expires <= opens:
            raise ValueError(
                f"the lesson would expire before `not_before`; write a date after {opens}"
            )
        return expires


class IssueKeys(Keys):
    """Front matter of an issue."""

    id: Id = Field(examples=["following-up"])
    subject: Title = _SUBJECT
    preheader: Line = _PREHEADER
    status: Status = Field(examples=["draft"])
    date: DayOrInstant = Field(examples=["2026-12-01"])
    at: Hour | None = None
    audience: Line = ""

    @field_validator("at")
    @classmethod
    def _says_the_hour_once(cls, at: dt.time, info: ValidationInfo) -> dt.time:
        if isinstance(info.data.get("date"), dt.datetime):
            raise ValueError(  # noqa: TRY004 - pydantic reads ValueError
                "`date` names an instant and `at` an hour; remove `at`, or write the date alone"
            )
        return at

    @property
    def instant(self) -> dt.datetime | None:
        """The same moment for all; None where each person has the issue at a local hour."""
        return self.date if isinstance(self.date, dt.datetime) else None

    @property
    def day(self) -> dt.date | None:
        """The local date; None where ``instant`` is set."""
        return None if isinstance(self.date, dt.datetime) else self.date


class PersonaKeys(Keys):
    """One ``[[persona]]`` of ``personas.toml``."""

    key: Id = Field(examples=["no-name"])
    name: Line = ""
    email: Address = Field(examples=["anna@example.org"])
    time_zone: Zone = "UTC"
    hour: Hour | None = None
    joined_days: int = Field(default=0, ge=0, le=3660)
    note: str = ""
    attributes: dict[AttributeName, str] = {}


class PersonasFile(Keys):
    """``personas.toml``."""

    persona: list[PersonaKeys] = []
