"""Front matter: the ``key: value`` lines between two ``---`` at the top of a Markdown file.

Every plain value is text, as in StrictYAML: ``id: no`` is the word "no" and ``at: 10:00`` is not
the number 600. What a text means is decided by the key it stands under.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import yaml

from bypost.content.lines import Lines, Place
from bypost.errors import Problem

#: Bytes of front matter that are read at all: nobody writes as much by hand.
LARGEST = 16_000

#: Levels of nesting; the keys of a lesson need three.
_DEEPEST = 8

_FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)
_QUOTE = 'put the value in quotes: subject: "{{ subscriber.name }}, one question"'
_BRACE = ("a value begins with a bracket or brace", _QUOTE)
_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}


class Mark(Protocol):
    """A place in the YAML, of which PyYAML has two classes."""

    @property
    def index(self) -> int:
        """Signs before it."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A Markdown file in two parts.

    Attributes:
        values: Key -> text, list or mapping.
        lines: Line of each key, nested ones too, counting from 1.
        body: Everything below the closing ``---``.
        body_line: Line of the file on which ``body`` begins.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    lines: Lines = field(default_factory=dict)
    body: str = ""
    body_line: int = 1


def split(text: str, path: str, problems: list[Problem]) -> FrontMatter | None:
    """Split ``text``, whose line ends are plain, into front matter and body.

    What is wrong is added to ``problems``; None is returned where no key could be read.
    """
    opening = _FENCE.match(text)
    if not opening:
        problems.append(
            _problem(path, 1, "does not begin with front matter", "begin the file with ---")
        )
        return None
    start = opening.end() + 1
    closing = _FENCE.search(text, start)
    if not closing:
        problems.append(
            _problem(
                path,
                1,
                "the front matter is never closed",
                "put a line with --- below the last key",
            )
        )
        return None
    head = text[start : closing.start()]
    if len(head.encode()) > LARGEST:
        problems.append(
            _problem(
                path,
                1,
                f"the front matter is longer than {LARGEST:,} bytes",
                "put a line with --- directly below the last key",
            )
        )
        return None
    reader = _Reader(head, path, problems)
    values = reader.mapping()
    if values is None:
        return None
    body_line = text.count("\n", 0, closing.start()) + 2
    return FrontMatter(values, reader.lines, text[closing.end() + 1 :], body_line)


class _Reader:
    """Turns the YAML of one front matter into values, keeping the line of each key."""

    def __init__(self, head: str, path: str, problems: list[Problem]) -> None:
        self._head = head
        self._path = path
        self._problems = problems
        self.lines: dict[Place, int] = {}

    def mapping(self) -> dict[str, object] | None:
        """Return the top-level mapping; None, with a problem added, where there is none."""
        node = self._compose()
        if node is None:
            return None
        if not isinstance(node, yaml.MappingNode):
            kind = "a list" if isinstance(node, yaml.SequenceNode) else "plain text"
            self._add(node.start_mark, f"the front matter is {kind}", "write lines of `key: value`")
            return None
        before = len(self._problems)
        values = self._pairs(node, ())
        return values if len(self._problems) == before else None

    def _compose(self) -> yaml.Node | None:
        """Parse the YAML into nodes; nothing is constructed, so no tag can do anything."""
        try:
            if not self._is_modest():
                return None
            node: yaml.Node | None = yaml.compose(self._head, Loader=yaml.BaseLoader)
        except yaml.MarkedYAMLError as error:
            self._add(error.problem_mark or error.context_mark, *_explain(error, self._head))
        except yaml.reader.ReaderError as error:
            self._unprintable(error)
        except (ValueError, OverflowError):
            # PyYAML lets these through for escapes that name no character.
            message = "the front matter cannot be read as YAML"
            self._add(None, message, "write lines of `key: value`")
        else:
            return node or yaml.MappingNode("tag:yaml.org,2002:map", [])
        return None

    def _is_modest(self) -> bool:
        """Look at the YAML piece by piece, before anything is built from it.

        A few anchors can stand for billions of values, and the time that nested brackets take
        grows with the square of their number.
        """
        depth = 0
        for event in yaml.parse(self._head, Loader=yaml.BaseLoader):
            if getattr(event, "anchor", None):
                fix = "write the value out; quote it if it begins with & or *"
                self._add(event.start_mark, "YAML anchors are not read here", fix)
                return False
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                self._add(event.start_mark, "a value is nested too deeply", _QUOTE)
                return False
        return True

    def _pairs(self, node: yaml.MappingNode, place: Place) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._add(key.start_mark, *_BRACE)
                continue
            name = _clean(key.value)
            here = (*place, name)
            if here in self.lines:
                self._add(
                    key.start_mark,
                    f"`{'.'.join(here)}` stands here twice, first on line {self.lines[here]}",
                    "keep one of them",
                )
                continue
            self.lines[here] = self._line(key.start_mark)
            values[name] = self._value(value, here)
        return values

    def _value(self, node: yaml.Node, place: Place) -> object:
        if node.tag not in _PLAIN_TAGS:
            self._add(node.start_mark, "YAML tags are not read here", "write the value without `!`")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._pairs(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, place, at) for at, item in enumerate(node.value)]
        return _clean(node.value)

    def _item(self, node: yaml.Node, place: Place, at: int) -> object:
        here = (*place, str(at))
        self.lines[here] = self._line(node.start_mark)
        return self._value(node, here)

    def _line(self, mark: Mark | None) -> int:
        """Return the file's line of ``mark``.

        Counted here, because YAML also ends lines at U+0085 and U+2028, which editors do not.
        """
        return 1 if mark is None else 2 + self._head.count("\n", 0, mark.index)

    def _unprintable(self, error: yaml.reader.ReaderError) -> None:
        line = 2 + self._head.count("\n", 0, error.position)
        message = f"the front matter holds an unprintable character (U+{error.character:04X})"
        self._problems.append(_problem(self._path, line, message, "delete it"))

    def _add(self, mark: Mark | None, message: str, fix: str) -> None:
        self._problems.append(_problem(self._path, self._line(mark), message, fix))


def _clean(text: str) -> str:
    r"""Return ``text`` without half characters, as ``"\uD800"`` makes them: nothing stores such."""
    return text.encode("utf-8", "replace").decode()


def _explain(error: yaml.MarkedYAMLError, head: str) -> tuple[str, str]:
    """Return message and fix for the mistakes people make, else YAML's own words."""
    reason = error.problem or error.context or "unknown reason"
    context = error.context or ""
    mark = error.problem_mark
    if "'\\t'" in reason or (mark and head[mark.index : mark.index + 1] == "\t"):
        return "a tab stands where only spaces may", "indent with spaces"
    if reason.startswith("mapping values are not allowed"):
        return "a value holds a colon", 'put the value in quotes: subject: "One: two"'
    if "scanning a quoted scalar" in context:
        return "a quote is never closed", "close it, or write the value without quotes"
    if "flow" in context or any(_opens_flow(head, at) for at in (mark, error.context_mark)):
        return _BRACE
    if "found character" in reason or "alias" in context or "anchor" in context:
        return "a value begins with a sign that means something in YAML", _QUOTE
    return f"the front matter is not valid YAML: {reason}", "write lines of `key: value`"


def _opens_flow(head: str, mark: Mark | None) -> bool:
    """Whether the value on the line of ``mark`` begins with a brace, as ``{{ name }}`` does."""
    if mark is None:
        return False
    line = head[head.rfind("\n", 0, mark.index) + 1 :].partition("\n")[0]
    return bool(re.match(r"[^:]*:\s*[\[{]", line))


def _problem(path: str, line: int, message: str, fix: str) -> Problem:
    return Problem(path, line, message, fix, "front-matter")
