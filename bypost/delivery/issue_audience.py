"""Who an issue is for: its newsletter's subscribers, or those of them in an audience."""

from __future__ import annotations

from bypost.delivery.audience import condition
from bypost.delivery.context import Context
from bypost.delivery.issue_order import ReadyIssue
from bypost.errors import SettingsError
from bypost.store import Condition, Connection


def only(context: Context, connection: Connection, one: ReadyIssue) -> Condition | None:
    """Return the condition on subscribers who get an issue; None for all of its newsletter.

    Raises:
        SettingsError: the audience is not known, or cannot be read. Nobody gets the issue then:
            "everybody" would be the worst guess.
    """
    return condition(context, connection, one.audience) if one.audience else None


def problem(context: Context, connection: Connection, one: ReadyIssue) -> str:
    """Return what is wrong with an issue's audience; empty where nothing is."""
    try:
        only(context, connection, one)
    except SettingsError as error:
        return str(error)
    return ""
