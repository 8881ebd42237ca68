"""The base of every table of the settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the file: frozen, and no key that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")
