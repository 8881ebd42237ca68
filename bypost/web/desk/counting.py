"""How many people are in an audience: counted some at a time, as long as a page may take."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlencode

from bypost.model.quantity import quantity
from bypost.store import Condition, Connection, people_list

#: Seconds of counting within one answer.
_ENOUGH = 0.08
#: Where nobody has to know exactly, counting ends here.
MANY = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How far counting came.

    Attributes:
        number: People found so far.
        reached: The last subscriber that was looked at.
        over: Everybody was looked at, or there are :data:`MANY`.
        exact: It is to be counted to the end.
    """

    audience: str
    number: int
    reached: int
    over: bool
    exact: bool = False

    @property
    def is_many(self) -> bool:
        """Tell whether counting stopped because there are enough."""
        return not self.exact and self.number > MANY

    @property
    def further(self) -> str:
        """Return where it goes on."""
        asked = {"audience": self.audience, "after": self.reached, "found": self.number}
        if self.exact:
            asked["exact"] = 1
        return f"/desk/audiences/count?{urlencode(asked)}"

    @property
    def words(self) -> str:
        """Return the number in words."""
        if self.is_many:
            return f"More than {MANY:,} people"
        least = "" if self.over else "At least "
        return f"{least}{quantity(self.number, 'person')}"


def count(
    connection: Connection,
    such: Condition,
    audience: str,
    *,
    after: int = 0,
    found: int = 0,
    exact: bool = False,
) -> Count:
    """Count people in an audience behind ``after``, for a moment.

    Args:
        audience: As it was typed; the next part is asked for by it.
        found: Those before.
        exact: Go on beyond :data:`MANY`.
    """
    last, began = people_list.last_id(connection), monotonic()
    while after < last and (exact or found <= MANY):
        until = min(last, after + people_list.STRIDE)
        found += people_list.count(connection, such, after=after, until=until)
        after = until
        if monotonic() - began > _ENOUGH:
            break
    return Count(
        audience=audience,
        number=found,
        reached=after,
        over=after >= last or not (exact or found <= MANY),
        exact=exact,
    )
