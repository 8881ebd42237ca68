"""TOML with the line of each key, which ``tomllib`` does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

from bypost.content.lines import Lines, Place
from bypost.errors import Problem

_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
_AT_END = " (at end of document)"

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEYS = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_TABLE = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_KEYS})[ \t]*\]")
_ENTRY = re.compile(rf"[ \t]*({_KEYS})[ \t]*=")

#: A value token: strings of four kinds, a comment, a bracket, or any other sign.
_TOKEN = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[\[\]{}\n]|.''',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Table:
    """A TOML file: its values, and the line of each key, counting from 1."""

    values: Mapping[str, object] = field(default_factory=dict)
    lines: Lines = field(default_factory=dict)


def parse(text: str, path: str, problems: list[Problem]) -> Table | None:
    """Parse ``text``, whose line ends are plain; a mistake in it is added to ``problems``."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # ValueError too: a number of thousands of digits, which Python does not read.
        problems.append(_syntax(error, text, path))
        return None
    return Table(values, key_lines(text))


def key_lines(text: str) -> dict[Place, int]:
    """Return the line of every key and table of ``text``, which must be valid TOML.

    Keys inside ``{ inline = "tables" }`` have no line of their own; the key before them has.
    """
    lines: dict[Place, int] = {}
    table: Place = ()
    counts: dict[Place, int] = {}
    at, line = 0, 1
    while at < len(text):
        if header := _TABLE.match(text, at):
            table = _resolve(_split(header[2]), counts, array=header[1] == "[[")
            lines.setdefault(table, line)
        elif entry := _ENTRY.match(text, at):
            place = (*table, *_split(entry[1]))
            for depth in range(len(table) + 1, len(place) + 1):
                lines.setdefault(place[:depth], line)
        end = _end_of_statement(text, at)
        line += text.count("\n", at, end)
        at = end
    return lines


def _resolve(keys: Place, counts: dict[Place, int], *, array: bool) -> Place:
    """Return the place a table header names; tables of an array are told apart by number."""
    place: Place = ()
    for depth, key in enumerate(keys, start=1):
        place = (*place, key)
        if array and depth == len(keys):
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, str(counts[place]))
    return place


def _split(dotted: str) -> Place:
    """Return the parts of a dotted key without their quotes."""
    return tuple(_unquote(part) for part in re.findall(_KEY, dotted))


def _unquote(key: str) -> str:
    if key[0] not in "\"'":
        return key
    # Escapes are rare enough in a key to let tomllib read them.
    return next(iter(tomllib.loads(f"{key} = 0")))


def _end_of_statement(text: str, start: int) -> int:
    """Return where the line after the statement at ``start`` begins: values may span lines."""
    depth, at = 0, start
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            break
        at = token.end()
        sign = token[0]
        depth += (sign in ("[", "{")) - (sign in ("]", "}"))
        if sign == "\n" and depth <= 0:
            return at
    return len(text)


def _syntax(error: Exception, text: str, path: str) -> Problem:
    message = str(error)
    line: int | None = 1
    if found := _AT_LINE.search(message):
        line = int(found[1])
    elif message.endswith(_AT_END):
        line = text.rstrip("\n").count("\n") + 1
    reason = _AT_LINE.sub("", message).removesuffix(_AT_END)
    if isinstance(error, tomllib.TOMLDecodeError):
        reason = reason[:1].lower() + reason[1:]
    else:
        line, reason = None, "a value is too long or nested too deeply"
    return Problem(
        path, line, f"is not valid TOML: {reason}", 'write `key = "text"`, texts in quotes', "toml"
    )
