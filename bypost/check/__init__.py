"""Checks: what is wrong, or might be, with the content of a project before it is sent."""

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
