"""The only door to Jinja: reading expressions, evaluating them, rendering templates.

Everything runs in Jinja's sandbox with strict undefined names. Expressions of authors are held to
a small grammar on top of that: a name is always ``root.name``, filters and methods come from the
lists below, and nothing that starts with an underscore can be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from bypost.render.nearest import did_you_mean

__all__ = ["FAILURES", "Markup", "TemplateFailure", "escape", "evaluate", "fill", "read"]

#: Filters an author may use. ``safe`` and everything else that yields markup is missing on purpose.
FILTERS = frozenset(
    {"abs", "capitalize", "d", "default", "first", "float", "int", "join", "last", "length"}
    | {"lower", "replace", "round", "sort", "title", "trim", "truncate", "upper", "urlencode"}
    | {"wordcount"}
)

#: String methods an author may call.
METHODS = frozenset({"endswith", "removeprefix", "removesuffix", "split", "startswith", "strip"})

#: What evaluating an expression may raise because of the values it meets.
FAILURES = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)

Value = str | int


class TemplateFailure(Exception):
    """A template could not be read or rendered.

    Attributes:
        file: The template's file as Jinja names it.
        line: Line in it, counting from 1; None where Jinja does not know.
        missing: True where the template does not exist.
    """

    def __init__(
        self, message: str, *, file: str, line: int | None = None, missing: bool = False
    ) -> None:
        super().__init__(message)
        self.file = file
        self.line = line
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Reading:
    """What an expression says, before anybody decides whether its names exist.

    Attributes:
        names: Every ``root.name`` in it, in order.
        bare: Names without a root, e.g. ``name``.
        complaints: Message and fix for each thing that is not allowed.
    """

    names: tuple[tuple[str, str], ...]
    bare: tuple[str, ...]
    complaints: tuple[tuple[str, str], ...]


class _Sandbox(SandboxedEnvironment):
    """A sandbox in which ``root.name`` is the value of that name, whatever the name.

    Plain Jinja looks at the dictionary's own methods first: for a column called ``items`` it would
    print where Python keeps that method.
    """

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return the value under a name; names of other objects as in any sandbox."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


_reader = _Sandbox(undefined=jinja2.StrictUndefined)
_escaping = _Sandbox(undefined=jinja2.StrictUndefined, autoescape=True)


def read(source: str) -> Reading:
    """Return what the expression ``source`` (without its braces) refers to."""
    try:
        tree = _reader.parse("{{ " + source + " }}")
    except jinja2.TemplateSyntaxError as error:
        return Reading((), (), ((f"`{source}` is not an expression: {error.message}", ""),))
    output = tree.body[0] if len(tree.body) == 1 else None
    if not isinstance(output, nodes.Output) or len(output.nodes) != 1:
        return Reading((), (), ((f"`{source}` is not one expression", ""),))
    visitor = _Visitor()
    visitor.visit(output.nodes[0])
    return Reading(tuple(visitor.names), tuple(visitor.bare), tuple(visitor.complaints))


class _Visitor:
    """Walks an expression and notes its names and what is not allowed in it."""

    def __init__(self) -> None:
        self.names: list[tuple[str, str]] = []
        self.bare: list[str] = []
        self.complaints: list[tuple[str, str]] = []

    def visit(self, node: nodes.Node) -> None:
        if name := dotted(node):
            self.names.append(name)
            if name[1].startswith("_"):
                self.complaints.append(
                    (f"`{name[0]}.{name[1]}` starts with an underscore", "use a listed name")
                )
            return
        if isinstance(node, nodes.Name):
            self.bare.append(node.name)
            return
        if isinstance(node, nodes.Call):
            self._call(node)
            return
        if isinstance(node, nodes.Getattr):
            self.complaints.append((f"`.{node.attr}` leads to nothing", "a name has two parts"))
        if isinstance(node, nodes.Filter):
            self._filter(node)
        for child in node.iter_child_nodes():
            self.visit(child)

    def _call(self, node: nodes.Call) -> None:
        function = node.node
        if not isinstance(function, nodes.Getattr) or function.attr not in METHODS:
            called = function.attr if isinstance(function, nodes.Getattr) else "()"
            self.complaints.append(
                (
                    f"calling `{called}` is not allowed",
                    f"use a filter, or one of {', '.join(sorted(METHODS))}",
                )
            )
            return
        self.visit(function.node)
        for argument in (*node.args, *node.kwargs):
            self.visit(argument)

    def _filter(self, node: nodes.Filter) -> None:
        if node.name in FILTERS:
            return
        fix = did_you_mean(node.name, FILTERS) or f"allowed: {', '.join(sorted(FILTERS))}"
        self.complaints.append((f"the filter `{node.name}` is not allowed", fix))


def dotted(node: nodes.Node) -> tuple[str, str] | None:
    """Return ``(root, name)`` for ``root.name`` and ``root["name"]``, else None."""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return node.node.name, node.attr
    if (
        isinstance(node, nodes.Getitem)
        and isinstance(node.node, nodes.Name)
        and isinstance(node.arg, nodes.Const)
        and isinstance(node.arg.value, str)
    ):
        return node.node.name, node.arg.value
    return None


def tokens(source: str) -> list[tuple[str, str]]:
    """Return the expression's tokens as (type, text), spaces included; joined they give it back."""
    return [(kind, text) for _, kind, text in _reader.lex("{{" + source + "}}")][1:-1]


def evaluate(source: str, values: Mapping[str, Mapping[str, Value]]) -> str:
    """Return the text of an expression; raises one of ``FAILURES``."""
    return _reader.from_string("{{ " + source + " }}").render(values)


@lru_cache(maxsize=512)
def fill(source: str, *, escaped: bool) -> Callable[[Mapping[str, Any]], str]:
    """Compile template ``source`` of slots; the result raises one of ``FAILURES``."""
    return (_escaping if escaped else _reader).from_string(source).render


class Templates:
    """The templates of one folder; ``rewrite`` sees each file's text before Jinja does."""

    def __init__(
        self, folder: Path, *, rewrite: Callable[[str, str], str], values: Mapping[str, Any]
    ) -> None:
        self.folder = folder
        self._environment = SandboxedEnvironment(
            loader=_Loader(folder, rewrite),
            undefined=jinja2.StrictUndefined,
            autoescape=lambda name: bool(name and name.endswith(".mjml")),
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(values)

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Return the template rendered; raises TemplateFailure."""
        try:
            return self._environment.get_template(name).render(values)
        except FAILURES as error:
            raise self._failure(error, name) from error

    def macro(self, name: str, macro: str, *arguments: Any, **values: Any) -> str:
        """Call a macro of template ``name``; raises TemplateFailure."""
        try:
            return self._macro(name, macro, arguments, values)
        except FAILURES as error:
            raise self._failure(error, name) from error

    def _macro(
        self, name: str, macro: str, arguments: tuple[Any, ...], values: Mapping[str, Any]
    ) -> str:
        module = self._environment.get_template(name).make_module(dict(values))
        try:
            return str(getattr(module, macro)(*arguments))
        except FAILURES:
            # Rendering does this by itself: the traceback gets the template's own lines.
            self._environment.handle_exception()

    def _failure(self, error: Exception, name: str) -> TemplateFailure:
        if isinstance(error, jinja2.TemplateNotFound):
            return TemplateFailure("not found", file=str(error.name or name), missing=True)
        if isinstance(error, jinja2.TemplateSyntaxError):
            return TemplateFailure(str(error), file=error.name or name, line=error.lineno)
        file, line = name, None
        trace = error.__traceback__
        while trace:
            path = Path(trace.tb_frame.f_code.co_filename)
            if path.parent == self.folder:
                file, line = path.name, trace.tb_lineno
            trace = trace.tb_next
        return TemplateFailure(str(error), file=file, line=line)


class _Loader(jinja2.FileSystemLoader):
    """Reads templates from one folder and passes each text through ``rewrite``."""

    def __init__(self, folder: Path, rewrite: Callable[[str, str], str]) -> None:
        super().__init__(folder)
        self._rewrite = rewrite

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        source, filename, fresh = super().get_source(environment, template)
        return self._rewrite(template, source), filename, fresh
