"""The shipped course's first lesson, as somebody else's templates write it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jinja2 import Environment, StrictUndefined

from bypost.content.loader import load_project_content
from bypost.model.content import Content, Template
from bypost.render.compile import Compiler
from bypost.render.split import template_source
from tests.bench.rendering import SENDER, values
from tests.conftest import CHECKOUT

#: What differs between people; what else a mail is filled with is the same for all there.
_OWN = re.compile(r"subscriber\.name|links\.\w+")


def lesson() -> Content:
    """Return it compiled, as every pass starts from it."""
    course = load_project_content(CHECKOUT).courses[0]
    compiler = Compiler(CHECKOUT, sender=SENDER, base_url="https://x.example")
    return compiler.lesson(course, course.lessons[0])


def written(part: Template, tags: Mapping[str, str] | None, *, escaped: bool) -> str:
    """Return a part of a lesson as a template.

    Args:
        tags: What is a person's own (``subscriber.name``, ``links.leave``) -> how it is written.
            Where there is no tag it is somebody's for all; None is for Jinja, in full.
        escaped: The part is HTML.
    """
    if tags is None:
        return template_source(part)
    jinja = Environment(autoescape=escaped, undefined=StrictUndefined)

    def slot(source: str) -> str:
        own = _OWN.search(source)
        return (own and tags.get(own[0])) or jinja.from_string(source).render(values(0))

    return "".join(it if isinstance(it, str) else slot(it.source) for it in part.parts)
