"""What an author does to the files of a course, at random."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from random import Random

from tests.editing.order import AtOnce, Days, Delay, Draft, Hours, Lesson, Weekdays, Weekly
from tests.scheduler import oracle

_MOST, _FEWEST = 10, 3
_POLICIES = ("", "", "skip", "next", "at_end")
_HOURS = (time(0), time(2, 30), time(6), time(9), time(9), time(12), time(18), time(23, 30))
_WINDOWS = (
    None,
    None,
    None,
    Hours(),
    Hours(time(7), time(21)),
    Hours(time(8), time(17), frozenset(range(5))),
    Hours(time(22), time(3)),
    Hours(time(2), time(3)),
    Hours(time(10), time(12), frozenset({1, 5})),
)


class Author:
    """Edits drafts; each edit is one an author makes in a minute."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._made = 0
        self._gone: list[str] = []

    def course(self) -> Draft:
        """Return a new course."""
        draft = Draft(())
        for _ in range(self._random.randint(4, 7)):
            draft = replace(draft, lessons=(*draft.lessons, self._lesson()))
        begins: list[Delay] = [AtOnce(), Days(1)]
        first = replace(draft.lessons[0], delay=self._random.choice(begins))
        return replace(draft, lessons=(first, *draft.lessons[1:]))

    def edit(self, draft: Draft, now: int) -> Draft:
        """Return the draft after one edit, whatever it is."""
        makes = [
            *[self.insert] * 3,
            *[self.remove] * 3,
            *[self.reorder] * 3,
            self.swap,
            *[self.retime] * 2,
            self.rename,
            *[self.decide] * 2,
            *[self.rewrite] * 2,
            self.rewind,
        ]
        return self._random.choice(makes)(draft, now)

    def insert(self, draft: Draft, now: int) -> Draft:
        """Put a new lesson in, or one that was taken out before."""
        if len(draft.lessons) >= _MOST:
            return draft
        new = self._lesson()
        if self._gone and self._random.random() < 0.3:
            old = self._random.choice(self._gone)
            if old not in draft.ids:
                new = replace(new, id=old)
        lessons = list(draft.lessons)
        lessons.insert(self._random.randint(0, len(lessons)), new)
        return replace(draft, lessons=tuple(lessons))

    def remove(self, draft: Draft, now: int) -> Draft:
        if len(draft.lessons) <= _FEWEST:
            return draft
        gone = self._random.choice(draft.lessons)
        self._gone.append(gone.id)
        return replace(draft, lessons=tuple(one for one in draft.lessons if one != gone))

    def reorder(self, draft: Draft, now: int) -> Draft:
        lessons = list(draft.lessons)
        one = lessons.pop(self._random.randrange(len(lessons)))
        lessons.insert(self._random.randint(0, len(lessons)), one)
        return replace(draft, lessons=tuple(lessons))

    def swap(self, draft: Draft, now: int) -> Draft:
        """Let two neighbours change places."""
        lessons = list(draft.lessons)
        at = self._random.randrange(len(lessons) - 1)
        lessons[at : at + 2] = reversed(lessons[at : at + 2])
        return replace(draft, lessons=tuple(lessons))

    def retime(self, draft: Draft, now: int) -> Draft:
        """Change when a lesson goes."""
        today = (oracle.EPOCH + timedelta(minutes=now)).date()
        match self._random.randrange(6):
            case 0:
                return self._change(draft, hours=self._random.choice(_WINDOWS))
            case 1:
                day = today + timedelta(days=self._random.randint(-2, 12))
                return self._change(
                    draft, not_before=self._random.choice([None, day]), expires=None
                )
            case 2:
                day = today + timedelta(days=self._random.randint(0, 25))
                return self._change(
                    draft, expires=self._random.choice([None, day]), not_before=None
                )
            case _:
                return self._change(draft, delay=self._delay())

    def rename(self, draft: Draft, now: int) -> Draft:
        """Give a file another name; the lesson stays what it is."""
        self._made += 1
        return self._change(draft, file=f"renamed-{self._made}")

    def decide(self, draft: Draft, now: int) -> Draft:
        """Change what becomes of a lesson for people past it."""
        return self._change(draft, policy=self._random.choice(_POLICIES))

    def rewrite(self, draft: Draft, now: int) -> Draft:
        self._made += 1
        return self._change(draft, text=self._made)

    def rewind(self, draft: Draft, now: int) -> Draft:
        """Change the hour or the window of the whole course."""
        if self._random.random() < 0.5:
            return replace(draft, hour=self._random.choice(_HOURS))
        return replace(draft, hours=self._random.choice(_WINDOWS) or draft.hours)

    def _change(self, draft: Draft, **what: object) -> Draft:
        at = self._random.randrange(len(draft.lessons))
        lessons = list(draft.lessons)
        lessons[at] = replace(lessons[at], **what)  # type: ignore[arg-type]
        return replace(draft, lessons=tuple(lessons))

    def _lesson(self) -> Lesson:
        self._made += 1
        return Lesson(
            id=f"l{self._made}",
            delay=self._delay(),
            hours=self._random.choice([None, None, None, *_WINDOWS]),
            policy=self._random.choice(_POLICIES),
        )

    def _delay(self) -> Delay:
        days: list[Delay] = [Days(1), Days(1), Days(2), Days(3), Weekdays(1), Weekdays(2)]
        return self._random.choice([*days, Weekly(self._random.randrange(7)), AtOnce()])
