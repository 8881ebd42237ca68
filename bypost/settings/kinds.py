"""Kinds of values that many settings share."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr


def words(value: Any) -> Any:
    """Return a list for ``a`` and for ``a, b``: what an environment variable can hold."""
    if not isinstance(value, str):
        return value
    return [word for part in re.split(r"[,\n]", value) if (word := part.strip())]


Words = Annotated[tuple[str, ...], BeforeValidator(words)]
Secret = Annotated[SecretStr, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
MailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
