"""Checks: what is wrong, or might be, with the content of a project before it is sent."""

from bypost.check.finding import Finding, Level
from bypost.check.report import exit_code
from bypost.check.run import findings

__all__ = ["Finding", "Level", "exit_code", "findings"]
