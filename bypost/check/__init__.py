"""Checks: what is wrong, or might be, with the content of a project before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bypost.check.finding import Finding, Level
    from bypost.check.report import exit_code
    from bypost.check.run import Examined, examine, examine_project, findings

__all__ = [
    "Examined",
    "Finding",
    "Level",
    "examine",
    "examine_project",
    "exit_code",
    "findings",
]
_MODULES = {"Finding": "finding", "Level": "finding", "exit_code": "report"}


def __getattr__(name: str) -> Any:
    """Load a part when it is asked for: a preview shows mails before it loads the rules."""
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'run')}"), name)
