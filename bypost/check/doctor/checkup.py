"""One thing the doctor looked at, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bypost.providers.account import DnsRecord


class Level(StrEnum):
    """How it is."""

    PASS = "pass"  # noqa: S105 - a word, no password
    WARN = "warn"  #: it works, and could be better
    FAIL = "fail"  #: mails will not arrive, or not be believed
    UNASKED = "unasked"  #: nobody could be asked: nothing is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """One thing that was looked at.

    Attributes:
        group: ``settings``, ``machine``, ``provider`` or ``domain``.
        name: What was looked at, e.g. ``SPF``.
        says: What was found, in a sentence.
        todo: What to do about it; empty where all is well.
        records: Records to add, exactly as they are to stand there.
    """

    group: str
    name: str
    level: Level
    says: str
    todo: str = ""
    records: Sequence[DnsRecord] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything the doctor looked at."""

    at: datetime
    domain: str
    checkups: Sequence[Checkup] = field(default_factory=tuple)

    @property
    def ok(self) -> bool:
        """Tell whether nothing failed."""
        return all(one.level is not Level.FAIL for one in self.checkups)

    def count(self, level: Level) -> int:
        """Return how many are of a level."""
        return sum(one.level is level for one in self.checkups)

    def as_json(self) -> dict[str, Any]:
        """Return the stable shape of ``bypost doctor --json`` (docs/deliverability.md)."""
        return {
            "ok": self.ok,
            "at": self.at.isoformat(),
            "domain": self.domain,
            "checks": [asdict(one) for one in self.checkups],
        }


def from_json(plain: Mapping[str, Any]) -> Diagnosis:
    """Return a diagnosis from :meth:`Diagnosis.as_json`."""
    return Diagnosis(
        at=datetime.fromisoformat(plain["at"]),
        domain=plain["domain"],
        checkups=[
            Checkup(
                **{
                    **one,
                    "level": Level(one["level"]),
                    "records": [DnsRecord(**record) for record in one["records"]],
                }
            )
            for one in plain["checks"]
        ],
    )
