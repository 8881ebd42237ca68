"""A command line that cannot be understood: which command, what is wrong, how it is written."""

from __future__ import annotations

import re
from typing import cast

import typer

from bypost.cli.console import problem

#: What a wrong command line raises. Typer carries a click of its own and exports only leaves of
#: its errors; the base is found through one of them.
Misuse = cast(
    "type[typer.BadParameter]",
    next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"),
)

#: How typer 0.29 passes on what pydantic says of a value, and what it is here.
_WORDS = (
    (r"Value error, ", ""),
    (r"Input should be a valid integer\b.*", "write a whole number"),
    (r"Input should be a valid number\b.*", "write a number"),
    (r"Input should be (greater|less) than", r"write a number \1 than"),
    (r"Input should be ", "it should be "),
    (r"^Invalid value for '([^']+)': ", r"\1: "),
)


def show(error: typer.BadParameter) -> None:
    """Say what is wrong; a group of commands without one of them shows its help."""
    if error.message.startswith("Usage: "):
        error.show()
    else:
        problem(_told(error))


def _told(error: typer.BadParameter) -> str:
    words = " ".join(error.format_message().split()).rstrip(".")
    for pattern, ours in _WORDS:
        words = re.sub(pattern, ours, words)
    if error.ctx is None:
        return f"bypost: {words}"
    command, usage = error.ctx.command_path, " ".join(error.ctx.get_usage().split())
    return f"{command}: {words}\n    {usage}\n    more: {command} --help"
