"""Who is in an audience: its name or expression, what it names, and the condition to ask with.

A name of ``audiences.toml`` counts before one that was saved on a page: what is in the files is
what the operator has reviewed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bypost.audience import BadAudience, Expression, expand, is_name, parse
from bypost.audience.expression import Saved
from bypost.audience.saved import terms
from bypost.content.audiences import load_audiences
from bypost.delivery.context import Context
from bypost.errors import Problem, SettingsError
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


def save_within(
    context: Context, connection: Connection, name: str, text: str, *, note: str = ""
) -> bool:
    """Save an audience under a name, in the caller's transaction; return whether it is new.

    Raises:
        BadAudience: It cannot be read, names what is not there, or would be part of itself.
        SettingsError: The name cannot be had.
    """
    if not is_name(name):
        raise SettingsError(
            f"an audience cannot be called `{name[:64]}`\n"
            "    use small letters, digits and hyphens, and no word of the language"
        )
    there = known(context, connection)
    _refuse_written(there, name)
    Known(there.files, {**there.pages, name: text}, there.broken).whole(f'audience "{name}"')
    return audiences.save(connection, name, expression=text, note=note, now=context.clock.now())


def remove_within(context: Context, connection: Connection, name: str) -> None:
    """Remove a saved audience, in the caller's transaction.

    Raises:
        SettingsError: There is none, or others name it.
    """
    there = known(context, connection)
    if name not in there.pages:
        _refuse_written(there, name)
        raise SettingsError(f"there is no audience `{name}`\n    see: bypost audience list")
    users = [one for one in users_of(there, name) if one != name]
    if users and name not in there.files:
        raise SettingsError(
            f"`{name}` is part of {', '.join(f'`{one}`' for one in users)}\n"
            "    take it out of there first"
        )
    audiences.remove(connection, name)


def users_of(there: Known, name: str) -> list[str]:
    """Return the audiences that name another one; those that cannot be read name none."""
    return [one for one in there.names if name in _names_in(there, one)]


def _names_in(there: Known, name: str) -> set[str]:
    try:
        found = there.find(name)
    except BadAudience:
        return set()
    return {term.name for term in terms(found) if isinstance(term, Saved)} if found else set()


def _refuse_written(there: Known, name: str) -> None:
    """Raise SettingsError for a name that belongs to the files."""
    if name in there.files:
        raise SettingsError(f"`{name}` is written in audiences.toml\n    change it there")
