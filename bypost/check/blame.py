"""Which line of the templates an element of a mail comes from.

Authors write no HTML, so how an element looks is the templates' doing, and what is wrong with it
is said there, once, not in each mail.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bypost.check.finding import Finding, Level
from bypost.check.page import Page
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.check.sheet import declarations
from bypost.check.styles import Element
from bypost.render.fragments import LINE_CLASS
from bypost.render.frames import FOLDER
from bypost.render.style import FILE


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an element gets its look from.

    Attributes:
        path: A file relative to the project.
        name: What to call the element there, e.g. "`a` in `.bp-muted`".
    """

    path: str
    line: int | None
    name: str


_TOKEN = re.compile(r"\{\w+\}")
_MADE_BY_MJML = ("mj-", LINE_CLASS)
#: Looked through in this order for what the templates' classes belong to.
_FILES = ("parts.mjml", "lesson.mjml", "issue.mjml", "base.mjml")


def named(element: Element) -> str:
    """Return what to call an element: its name, and the nearest class of the templates."""
    for one in (element, *element.around()):
        if own := _own_classes(one):
            name = f".{own[-1]}"
            return f"`{element.tag}{name}`" if one is element else f"`{element.tag}` in `{name}`"
    return f"`{element.tag}`"


def _giver(element: Element, properties: Collection[str]) -> Element:
    """Return the element whose inline style gives ``element`` one of the properties."""
    for one in (element, *element.around()):
        style = one.attributes.get("style", "")
        if any(it.name in properties for it in declarations(style)):
            return one
    return element


def blamed(root: Path, element: Element, properties: Collection[str] = ()) -> Origin:
    """Return where the templates make ``element`` look as it does.

    Args:
        root: The project's folder.
        properties: What is wrong with it, so that inherited values lead to whom they are from.

    Returns:
        The line in ``style.toml`` of an element of the prose; else that of the class next to it;
        else the frame, as a file.
    """
    source = _giver(element, properties) if properties else element
    if line := _styled(root, source, properties):
        # The style is that of all such elements, whatever they stand in.
        return Origin(f"{FOLDER}/{FILE}", line, f"`{source.tag}`")
    name = named(source)
    values = [it.value for it in declarations(source.attributes.get("style", ""))]
    for one in _with(source):
        own = _own_classes(one)
        for wanted in (" ".join(own), *own) if own else ():
            if places := list(_uses(root, wanted)):
                # Of several lines with that class, the one that says most of what is there.
                file, at, _ = max(places, key=lambda it: sum(value in it[2] for value in values))
                return Origin(f"{FOLDER}/{file}", at, name)
    return Origin(f"{FOLDER}/base.mjml", None, name)


def finding(
    sample: Sample,
    page: Page,
    element: Element,
    rule: Rule,
    message: str,
    fix: str = "",
    level: Level | None = None,
) -> Finding:
    """Return a finding about ``element``: in the author's file, or in the frame's template.

    Args:
        page: The sample's own.
    """
    line = page.line(element.node)
    if line is not None:
        return sample.finding(rule, message, fix, line=line, level=level)
    origin = blamed(sample.around.root, element)
    return rule.at(origin.path, message, fix=fix, line=origin.line, level=level)


def place_of(root: Path, pattern: re.Pattern[str]) -> tuple[str, int | None]:
    """Return the first line of the templates that ``pattern`` is found in."""
    for name in (*_files(root), FILE):
        if line := _line(root, name, pattern):
            return f"{FOLDER}/{name}", line
    return f"{FOLDER}/base.mjml", None


def _styled(root: Path, element: Element, wanted: Collection[str]) -> int | None:
    """Return the line of ``style.toml`` that ``element`` has the properties ``wanted`` from."""
    own = [it.name for it in declarations(element.attributes.get("style", ""))]
    pattern = re.compile(rf"^{element.tag}\s*=\s*\"(.*)\"")
    line = _line(root, FILE, pattern)
    found = line and pattern.match(_lines_of(root, FILE)[line - 1])
    if not (own and found):
        return None
    plain = found[1].replace("{start}", "left").replace("{end}", "right")
    given = [it.name for it in declarations(_TOKEN.sub("x", plain))]
    gives = not wanted or any(it in wanted for it in given)
    return line if gives and given == own[: len(given)] else None


def _with(element: Element) -> Iterator[Element]:
    yield element
    yield from element.around()


def _own_classes(element: Element) -> list[str]:
    return [
        it
        for it in element.classes
        if not it.startswith(_MADE_BY_MJML) and not it.endswith("-outlook")
    ]


def _uses(root: Path, classes: str) -> Iterator[tuple[str, int, str]]:
    """Yield the lines of the templates with an element of these classes: file, number, text."""
    pattern = re.compile(rf"class=\"[^\"]*(?<![\w-]){re.escape(classes)}(?![\w-])")
    for name in _files(root):
        for at, line in enumerate(_lines_of(root, name), 1):
            if pattern.search(line):
                yield name, at, line


def _files(root: Path) -> list[str]:
    there = {path.name for path in (root / FOLDER).glob("*.mjml")}
    known = [name for name in _FILES if name in there]
    return [*known, *sorted(there - set(known))]


def _line(root: Path, name: str, pattern: re.Pattern[str]) -> int | None:
    lines = _lines_of(root, name)
    return next((at for at, line in enumerate(lines, 1) if pattern.search(line)), None)


def _lines_of(root: Path, name: str) -> tuple[str, ...]:
    path = root / FOLDER / name
    try:
        return _lines(path, path.stat().st_mtime_ns)
    except OSError:
        return ()


@lru_cache(maxsize=32)
def _lines(path: Path, _stamp: int) -> tuple[str, ...]:
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines())
    except UnicodeDecodeError:
        return ()
