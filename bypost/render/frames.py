"""The frames around a body: templates in ``templates/email``, as MJML and as plain text.

A template may use personal names in ``{{ }}``: they become words before Jinja sees the file. It may
not use them in ``{% %}``, because the template is rendered once for everybody; for that there is
``{% call only_if("next.when") %} ... {% endcall %}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bypost.errors import ContentError, Problem
from bypost.model.theme import PLAIN, Theme
from bypost.render import jinja
from bypost.render.expression import fold
from bypost.render.scan import closing
from bypost.render.style import Style, direction, load_style, sides
from bypost.render.vocabulary import PERSONAL_ROOTS
from bypost.render.width import COLUMNS, wrap
from bypost.render.words import Closing, Opening, Personal, Place, Words

#: Where the templates are, below the project's folder.
FOLDER = "templates/email"

#: Attribute that carries an element's place from the template to the validator.
AT = "bypost-at"

_TAG = re.compile(r"<(mj[a-z-]*)(?=[\s/>])")
_STATEMENT = re.compile(r"\{%.*?%\}", re.DOTALL)
_STRING = re.compile(r"\"[^\"]*\"|'[^']*'")
_NAME = re.compile(rf"(?<![\w.])({'|'.join(sorted(PERSONAL_ROOTS))})\s*[.\[]")


class Frames:
    """The templates of one project.

    Args:
        root: The project's folder.
        theme: What the operator's settings change about the look.

    Attributes:
        style: The tokens of the look, for the prose as well.
        words: Receives the words of the templates' own personal expressions.
    """

    def __init__(self, root: Path, theme: Theme = PLAIN) -> None:
        self.folder = root / FOLDER
        self.style: Style = load_style(self.folder, FOLDER, theme)
        self.words = Words()
        self._templates = jinja.Templates(
            self.folder,
            rewrite=self._rewrite,
            values={
                "style": self.style,
                "logo": theme.logo,
                "only_if": self._only_if,
                "wrap": _wrapped,
            },
        )

    def exists(self, name: str) -> bool:
        """Return whether there is a template of that name."""
        return (self.folder / name).is_file()

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Return template ``name`` with ``values``; words stand for what is personal.

        Raises:
            ContentError: The template is missing or wrong; names its file and line.
        """
        language = str(values.get("language", "en"))
        return self._guarded(
            lambda: self._templates.render(name, {**values, **self._sides(direction(language))})
        )

    def part(self, macro: str, *arguments: object, direction: str) -> str:
        """Call a macro of ``parts.mjml``; text arguments that are markup stay as they are."""
        marked = [jinja.Markup(argument) for argument in arguments]
        return self._guarded(
            lambda: str(
                self._templates.macro("parts.mjml", macro, *marked, **self._sides(direction))
            )
        )

    def _sides(self, direction: str) -> dict[str, str]:
        return {"direction": direction, **sides(direction)}

    def _guarded(self, render: Callable[[], str]) -> str:
        try:
            return render()
        except jinja.TemplateFailure as error:
            path = f"{FOLDER}/{error.file}"
            if error.missing:
                fix = "create it, or restore it from the package's own templates"
                problem = Problem(path, None, "template not found", fix, "template-missing")
            else:
                problem = Problem(path, error.line, str(error), rule="template")
            raise ContentError(problem) from error

    def _rewrite(self, name: str, source: str) -> str:
        """Put words for personal expressions, and each MJML element's place into it."""
        self._refuse_personal_statements(name, source)
        parts: list[str] = []
        at = 0
        while (start := source.find("{{", at)) >= 0:
            end = closing(source.replace("\n", " "), start + 2)
            if end is None:
                break
            parts.append(source[at:start])
            parts.append(self._expression(name, source, start, end))
            at = end + 2
        text = "".join((*parts, source[at:]))
        return _placed(name, text) if name.endswith(".mjml") else text

    def _expression(self, name: str, source: str, start: int, end: int) -> str:
        written = source[start : end + 2]
        if not _NAME.search(_STRING.sub("", written)):
            return written
        place = Place(f"{FOLDER}/{name}", source.count("\n", 0, start) + 1)
        reading = jinja.read(source[start + 2 : end].strip("-+ \n\t"))
        problems = list(reading.complaints)
        problems += [
            (f"`{root}.{key}` and a personal name in one expression", "write two expressions")
            for root, key in reading.names
            if root not in PERSONAL_ROOTS
        ]
        problems += [(f"undefined variable `{bare}`", "") for bare in reading.bare]
        if problems:
            raise ContentError(
                *(Problem(place.path, place.line, *found, rule="template") for found in problems)
            )
        folded = fold(source[start + 2 : end].strip("-+ \n\t"), {})
        # Lines are kept, so that places further down stay right.
        return self.words.add(Personal(folded, reading.names), place) + "\n" * written.count("\n")

    def _refuse_personal_statements(self, name: str, source: str) -> None:
        for statement in _STATEMENT.finditer(source):
            found = _NAME.search(_STRING.sub("", statement[0]))
            if found:
                raise ContentError(
                    Problem(
                        f"{FOLDER}/{name}",
                        source.count("\n", 0, statement.start()) + 1,
                        f"`{found[1]}` differs between people and cannot decide in a statement",
                        'use `{% call only_if("next.when") %} ... {% endcall %}`',
                        "template-personal",
                    )
                )

    def _only_if(self, name: str, caller: Callable[[], str]) -> str:
        """Return the block of a ``{% call %}`` for those people only who have the value."""
        root, _, key = name.partition(".")
        place = Place(FOLDER, None)
        condition = f"{root} is defined and {name} is defined and {name}"
        opening = self.words.add(Opening(condition, ((root, key),)), place)
        ending = self.words.add(Closing(opening), place)
        inner = caller()
        if not isinstance(inner, jinja.Markup):
            return opening + inner + ending
        around = "<mj-raw>{}</mj-raw>" if inner.lstrip().startswith("<mj-") else "{}"
        return jinja.Markup(around).format(opening) + inner + jinja.Markup(around).format(ending)


def _wrapped(text: str, columns: int = COLUMNS) -> str:
    return "\n".join(wrap(text, columns))


def _placed(name: str, source: str) -> str:
    line = 1
    parts: list[str] = []
    end = 0
    for tag in _TAG.finditer(source):
        line += source.count("\n", end, tag.start())
        parts += [source[end : tag.start()], f'{tag[0]} {AT}="{name}:{line}"']
        end = tag.end()
    return "".join((*parts, source[end:]))
