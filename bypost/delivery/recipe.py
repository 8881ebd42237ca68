"""The recipe of a batch: what makes each of its mails its own, so that it can be rebuilt exactly.

The content of a mail is stored under its hash; with that, a recipe gives back every mail of a
request byte for byte, whatever became of the person, the course or the settings meanwhile. It is
kept for every batch, so it is small: columns of like texts compress well. Most of what remains are
the random bytes of links.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import accumulate, pairwise

import orjson

from bypost.model.compressed import compress, decompress

#: The form of what is packed; another form gets another number.
_FORM = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the mails of one request have in common, besides their content.

    Attributes:
        at: The instant of the request.
        leave: Address of the page for leaving; the token follows.
        progress: Address of a person's own page; the token follows.
        list_id: For the List-Id header; empty for a notice.
    """

    at: datetime
    from_email: str
    from_name: str
    reply_to: str
    leave: str
    progress: str
    list_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What makes one person's mail their own.

    Attributes:
        token: Names them and what they are on in links; empty for a notice without links.
        values: ``root.name`` -> text, for the names that the slots use beyond name, address and
            links.
    """

    to: str
    to_name: str
    token: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """What makes the mails of many people their own: their :class:`Facts`, column by column.

    Attributes:
        ids: Deliveries, in order.
        values: ``root.name`` -> one text for each of them; None: no such value.
    """

    ids: Sequence[int] = ()
    to: Sequence[str] = ()
    to_name: Sequence[str] = ()
    token: Sequence[str] = ()
    values: Mapping[str, Sequence[str | None]] = field(default_factory=dict)

    @classmethod
    def of(cls, people: Mapping[int, Facts]) -> Roll:
        """Return the facts of deliveries as columns."""
        facts = list(people.values())
        names = dict.fromkeys(name for one in facts for name in one.values)
        return cls(
            ids=list(people),
            to=[one.to for one in facts],
            to_name=[one.to_name for one in facts],
            token=[one.token for one in facts],
            values={name: [one.values.get(name) for one in facts] for name in names},
        )

    def only(self, indexes: Sequence[int]) -> Roll:
        """Return some of the deliveries."""
        return Roll(
            ids=[self.ids[index] for index in indexes],
            to=[self.to[index] for index in indexes],
            to_name=[self.to_name[index] for index in indexes],
            token=[self.token[index] for index in indexes],
            values={name: [column[i] for i in indexes] for name, column in self.values.items()},
        )


def pack(shared: Shared, roll: Roll) -> bytes:
    """Return a recipe as bytes: about 40 for each person of a batch of 100."""
    columns = {
        "form": _FORM,
        "shared": asdict(shared),
        "ids": [*roll.ids[:1], *(after - before for before, after in pairwise(roll.ids))],
        "to": roll.to,
        "to_name": roll.to_name,
        "token": roll.token,
        "values": roll.values,
    }
    return compress(orjson.dumps(columns))


def unpack(packed: bytes) -> tuple[Shared, dict[int, Facts]]:
    """Return what :func:`pack` was given.

    Raises:
        ValueError: if these bytes are of another form: a newer version wrote them.
    """
    columns = orjson.loads(decompress(packed))
    if columns["form"] != _FORM:
        raise ValueError(f"a recipe of form {columns['form']}, not {_FORM}")
    plain = columns["shared"]
    shared = Shared(**{**plain, "at": datetime.fromisoformat(plain["at"])})
    people = {}
    for place, number in enumerate(accumulate(columns["ids"])):
        values = {name: column[place] for name, column in columns["values"].items()}
        people[number] = Facts(
            to=columns["to"][place],
            to_name=columns["to_name"][place],
            token=columns["token"][place],
            # A name that this person has no value for, and somebody else has.
            values={name: value for name, value in values.items() if value is not None},
        )
    return shared, people
