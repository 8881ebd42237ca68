"""What must be true of every mail, whoever sent it and for whatever reason: rules, no predictions.

It looks at the mails alone, and at what the author and the operator did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from tests.editing.model import Mail
from tests.editing.order import AtOnce, Draft, Lesson, stay


@dataclass(frozen=True)
class Had:
    """A mail that somebody has.

    Attributes:
        edition: Number of the order of lessons that held when it was written down.
    """

    lesson: str
    at: int
    edition: int


@dataclass
class Witness:
    """Remembers every mail, and every order of the course that ever held.

    Attributes:
        editions: What held, oldest first.
        has: Everybody's mails in the order in which they came.
        asked: Who asked for the next lesson and has not had it.
        through: Who was through once.
    """

    editions: list[Draft] = field(default_factory=list)
    has: dict[int, list[Had]] = field(default_factory=lambda: defaultdict(list))
    asked: set[int] = field(default_factory=set)
    through: set[int] = field(default_factory=set)

    def hear(self, draft: Draft) -> None:
        """Hear how the course is from now on; other texts make no other edition."""
        if self.editions and self.editions[-1].structure() == draft.structure():
            self.editions[-1] = draft
        else:
            self.editions.append(draft)

    def see(self, mail: Mail, now: int, day: date, last_day: date | None, *, old: bool) -> None:
        """Look at one mail.

        Args:
            day: The person's local date.
            last_day: Their local date of the mail before.
            old: It was written down before the last edit was applied.
        """
        number = len(self.editions) - 1 - old
        held = {one.id: one for one in self.editions[number].lessons}
        before = self.has[mail.person]
        assert mail.lesson in held, f"{mail}: it is not part of the course any more"
        lesson = held[mail.lesson]
        assert mail.lesson not in [one.lesson for one in before], f"{mail}: twice"
        assert mail.text == lesson.text, f"{mail}: not the text that holds, {lesson.text}"
        if mail.person in self.through:
            assert lesson.policy in {"next", "at_end"}, f"{mail}: they were through"
        if mail.person not in self.asked and not isinstance(lesson.delay, AtOnce):
            assert last_day is None or last_day < day, f"{mail}: the second one on {day}"
        for one in before:
            assert self._in_order(one, lesson, number), f"{mail}: behind {one.lesson}"
        before.append(Had(mail.lesson, now, number))
        self.asked.discard(mail.person)

    def _in_order(self, had: Had, lesson: Lesson, number: int) -> bool:
        """Tell whether in some order that held from one to the other it came behind that one.

        Where one of the two was moved since, nothing is said of it.
        """
        if lesson.policy in {"next", "at_end"}:
            return True
        held = [draft.ids for draft in self.editions[had.edition : number + 1]]
        both = [ids for ids in held if had.lesson in ids and lesson.id in ids]
        if not both or any(ids.index(had.lesson) < ids.index(lesson.id) for ids in both):
            return True
        return any(
            _moved(one, old, new) for old, new in pairwise(held) for one in (had.lesson, lesson.id)
        )


def _moved(lesson: str, old: Sequence[str], new: Sequence[str]) -> bool:
    """Tell whether a lesson changed its place; out and in again is a new place as well."""
    return lesson in new and lesson not in stay(old, new)
