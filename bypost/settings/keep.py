"""``[keep]``: how long what grows with the years is kept; what people need is kept for ever."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bypost.settings.section import Section

#: Caps look back a week, and a leave can be taken back within one: nothing younger is touched.
_Days = Annotated[int, Field(ge=30, le=36_500)]


class Keep(Section):
    """Days, each counted from when something was settled, heard or done."""

    mails_days: _Days = 400
    events_days: _Days = 400
    raw_days: _Days = 90
    attempts_days: _Days = 90
    clicks_days: _Days = 90
    daily_days: _Days = 400
    contents_days: _Days = 90
    networks_days: _Days = 365
    imports_days: _Days = 90
    audit_days: _Days = 1095
