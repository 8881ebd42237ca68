"""Reading an audience.

`and` and `or` side by side need brackets: nobody has to know which of them comes first.
"""

from __future__ import annotations

from bypost.audience.expression import All, Any, Expression, Not, Saved
from bypost.audience.mistake import BadAudience
from bypost.audience.saved import LONGEST_CHAIN, MOST_IN_ALL, is_name
from bypost.audience.scan import LONGEST, LONGEST_WHOLE, Kind, scan
from bypost.audience.terms import read_term
from bypost.audience.tokens import Tokens

#: Terms of one expression, and how deep brackets and `not` may be nested.
MOST_TERMS, DEEPEST = 50, 20
#: The same for one that was put together from audiences that name one another.
_MOST_WHOLE, _DEEPEST_WHOLE = MOST_IN_ALL, DEEPEST * (LONGEST_CHAIN + 1)

_JOINS = ("and", "or")


def parse(text: str, *, whole: bool = False) -> Expression:
    """Return what an expression means; one name alone is the audience of that name.

    Args:
        whole: It was put together by :func:`bypost.audience.expand`, and may be larger.

    Raises:
        BadAudience: It cannot be read; the error points at the place.
    """
    tokens = Tokens(text, scan(text, longest=LONGEST_WHOLE if whole else LONGEST))
    first = tokens.next
    if first.kind is Kind.END:
        raise BadAudience(
            "an audience is empty", fix='write for example `tag "alumni"`, or `everyone`'
        )
    if len(tokens) == 1 and is_name(first.text):
        return Saved(first.text)
    reading = _Reading(tokens, *((_MOST_WHOLE, _DEEPEST_WHOLE) if whole else (MOST_TERMS, DEEPEST)))
    found = reading.joined(0)
    end = tokens.next
    if end.kind is Kind.CLOSE:
        raise tokens.wrong("this bracket closes nothing", fix="take it out, or open it before")
    if end.kind is not Kind.END:
        raise tokens.wrong(
            f"`{end.text[:40]}` does not go on with what stands before it",
            fix="write `and` or `or` between two of them",
        )
    return found


class _Reading:
    """One expression while it is read."""

    def __init__(self, tokens: Tokens, most: int, deepest: int) -> None:
        self._tokens = tokens
        self._most = most
        self._deepest = deepest
        self._terms = 0

    def joined(self, depth: int) -> Expression:
        """Read what `and` or `or` joins."""
        found = [self._operand(depth)]
        join = self._tokens.next.word
        if join not in _JOINS:
            return found[0]
        while self._tokens.take(join):
            found.append(self._operand(depth))
        if self._tokens.next.word in _JOINS:
            raise self._tokens.wrong(
                "`and` and `or` stand side by side, and it is not said which comes first",
                fix="put one of them in brackets, e.g. `A and (B or C)`",
            )
        return All(tuple(found)) if join == "and" else Any(tuple(found))

    def _operand(self, depth: int) -> Expression:
        if depth > self._deepest:
            raise self._tokens.wrong(
                f"brackets and `not` are nested more than {self._deepest} deep",
                fix="save a part of it, and write `audience NAME` for it",
            )
        if self._tokens.take("not"):
            return Not(self._operand(depth + 1))
        if self._tokens.next.kind is Kind.OPEN:
            return self._bracket(depth)
        self._terms += 1
        if self._terms > self._most:
            raise self._tokens.wrong(
                f"an audience has at most {self._most} terms",
                fix="save a part of it, and write `audience NAME` for it",
            )
        return read_term(self._tokens)

    def _bracket(self, depth: int) -> Expression:
        opening = self._tokens.forward()
        inner = self.joined(depth + 1)
        if self._tokens.next.kind is Kind.END:
            raise self._tokens.wrong("this bracket is not closed", opening, fix="write `)`")
        if self._tokens.next.kind is not Kind.CLOSE:
            raise self._tokens.wrong(
                f"`{self._tokens.next.text[:40]}` does not go on with what stands before it",
                fix="write `and` or `or` between two of them",
            )
        self._tokens.forward()
        return inner
