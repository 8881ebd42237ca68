"""Who is in an audience: its name or expression, what it names, and the condition to ask with.

A name of ``audiences.toml`` counts before one that was saved on a page: what is in the files is
what the operator has reviewed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bypost.audience import BadAudience, Expression, expand, parse
from bypost.content.audiences import load_audiences
from bypost.delivery.context import Context
from bypost.errors import Problem
from bypost.store import Condition, Connection, audiences
from bypost.store import audience as store


@dataclass(frozen=True, slots=True)
class Known:
    """Every audience that has a name.

    Attributes:
        files, pages: Name -> expression as it is written, in ``audiences.toml`` and on a page.
        broken: What of the file cannot be read.
    """

    files: Mapping[str, str]
    pages: Mapping[str, str]
    broken: tuple[Problem, ...] = ()

    @property
    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted({*self.files, *self.pages})

    def find(self, name: str) -> Expression | None:
        """Return what a name stands for; None where there is none of it.

        Raises:
            BadAudience: It cannot be read.
        """
        text = self.files.get(name, self.pages.get(name))
        if text is None:
            if self.broken and name not in self.pages:
                raise BadAudience(f"audiences.toml has mistakes: {self.broken[0]}")
            return None
        try:
            return parse(text)
        except BadAudience as error:
            raise BadAudience(f"the audience `{name}`: {error}") from None

    def whole(self, text: str) -> Expression:
        """Return what a name or an expression means, with what it names in its place.

        Raises:
            BadAudience: It cannot be read, or names what is not there.
        """
        return expand(parse(text), self.find, self.names)


def known(context: Context, connection: Connection) -> Known:
    """Return every audience that has a name."""
    problems: list[Problem] = []
    files = load_audiences(context.root, problems)
    return Known(
        {name: one.text for name, one in files.items()},
        audiences.expressions(connection),
        tuple(problems),
    )


def condition(context: Context, connection: Connection, text: str) -> Condition:
    """Return the condition on ``subscribers`` that a name or an expression stands for.

    Raises:
        BadAudience: It cannot be read, or names what is not there: then nobody is meant.
    """
    expression = known(context, connection).whole(text)
    return store.condition(expression, now=context.clock.now())
