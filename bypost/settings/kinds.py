"""Kinds of values that many settings share."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr


def words(value: Any) -> Any:
    """Return a list for ``a`` and for ``a, b``: what an environment variable can hold."""
    if not isinstance(value, str):
        return value
    return [word for part in re.split(r"[,\n]", value) if (word := part.strip())]


def _site_address(text: str) -> str:
    """Return scheme and host; raise ValueError for anything else."""
    bare = text.removesuffix("/")
    if re.fullmatch(r"https?://[^/?#\s@]+", bare):
        return bare
    if host := re.match(r"(https?://[^/?#\s@]+)[/?#]", bare):
        raise ValueError(f"write scheme and host alone, without a path: {host.group(1)}")
    raise ValueError("write scheme and host, e.g. https://course.example.org")


def _day(value: Any) -> Any:
    """Return the date that TOML or an environment variable holds; raise ValueError without one."""
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if isinstance(found, date) and not isinstance(found, datetime):
        return found
    raise ValueError("write a date without a time, e.g. 2026-12-01")


Words = Annotated[tuple[str, ...], BeforeValidator(words)]
Secret = Annotated[SecretStr, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
MailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
SiteAddress = Annotated[str, AfterValidator(_site_address)]
Day = Annotated[date, BeforeValidator(_day)]
OneLine = Annotated[str, Field(pattern=r"^[^\r\n]*\S[^\r\n]*$")]
