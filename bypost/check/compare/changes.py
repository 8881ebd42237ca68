"""What became of each mail between two states of a project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from pathlib import PurePosixPath

from bypost.check.compare.tree import Key, Mail, Tree
from bypost.errors import Problem


class What(StrEnum):
    """What became of a mail."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A mail that is not what it was.

    Attributes:
        what: A mail that moved within its folder counts as moved, whatever else changed in it;
            one that can be made on one side only, because the other is wrong, as broken.
        before: The mail as it was; None where it was not there or could not be made.
        after: As it is.
        problems: Why a side is missing, where that is the reason.
    """

    what: What
    before: Mail | None
    after: Mail | None
    problems: tuple[Problem, ...] = ()

    @property
    def mail(self) -> Mail:
        """Return the mail as it is, or was."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a change has a mail on one side at least")
        return found


def changes(before: Tree, after: Tree) -> tuple[Change, ...]:
    """Return every mail that differs, by the path of its file.

    Where one of the two cannot be read at all, nothing can be compared and nothing is returned.
    """
    if not (before.readable and after.readable):
        return ()
    moved = _moved(before, after)
    keys = dict.fromkeys((*after.mails, *before.mails))
    found = (_change(key, before, after, key in moved) for key in keys)
    return tuple(sorted(filter(None, found), key=lambda change: change.mail.path))


def _change(key: Key, before: Tree, after: Tree, moved: bool) -> Change | None:
    was, is_now = before.mails.get(key), after.mails.get(key)
    if was and is_now:
        if moved:
            return Change(what=What.MOVED, before=was, after=is_now)
        return None if _same(was, is_now) else Change(what=What.CHANGED, before=was, after=is_now)
    here, other = (is_now, before) if is_now else (was, after)
    if here and (problems := tuple(_about(here, other))):
        return Change(what=What.BROKEN, before=was, after=is_now, problems=problems)
    return Change(what=What.ADDED if is_now else What.REMOVED, before=was, after=is_now)


def _same(one: Mail, other: Mail) -> bool:
    return (one.subject, one.preheader, one.html, one.text) == (
        other.subject,
        other.preheader,
        other.html,
        other.text,
    )


def _about(mail: Mail, tree: Tree) -> Iterator[Problem]:
    """Yield what is wrong in ``tree`` with the mail's file, or with the whole of its folder."""
    folder = str(PurePosixPath(mail.path).parent)
    places = {mail.path, folder, f"{folder}/course.toml", f"{folder}/newsletter.toml"}
    yield from (problem for problem in tree.broken if problem.path in places)


def _moved(before: Tree, after: Tree) -> frozenset[Key]:
    """Return the mails that stand elsewhere among those that both states have.

    What is merely pushed down by a new one, or up by one less, did not move.
    """
    was = [key for key in before.mails if key in after.mails]
    is_now = [key for key in after.mails if key in before.mails]
    blocks = SequenceMatcher(None, was, is_now, autojunk=False).get_matching_blocks()
    stayed = {key for block in blocks for key in was[block.a : block.a + block.size]}
    return frozenset(was) - stayed
