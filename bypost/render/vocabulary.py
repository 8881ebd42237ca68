"""Which names a mail may use: some are known when it is compiled, some only per person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bypost.render.nearest import did_you_mean, nearest

Value = str | int

SUBSCRIBER = frozenset({"name", "email", "time_zone", "since"})
LINKS = frozenset({"leave", "progress"})
NEXT = frozenset({"when", "date", "title"})

#: Further names of lessons: the page on which one is marked as done.
LESSON_LINKS = LINKS | {"done"}
#: Further personal names of notices: what it is about, and a page to open.
NOTICE_LINKS = LINKS | {"confirm"}
ABOUT = frozenset({"title", "text", "link", "action"})

#: Roots whose values differ between people, in any kind of mail.
PERSONAL_ROOTS = frozenset({"subscriber", "links", "next", "about"})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names of one mail.

    Attributes:
        constants: root -> name -> value, the same for everybody.
        personal: root -> names that differ between people; None for any name.
        absent: root -> why this mail does not have it, for the error.
    """

    constants: Mapping[str, Mapping[str, Value]]
    personal: Mapping[str, frozenset[str] | None]
    absent: Mapping[str, str]

    def complaint(self, root: str, name: str) -> tuple[str, str] | None:
        """Return message and fix where ``root.name`` is not in this mail; else None."""
        if root in self.personal:
            known = self.personal[root]
            if known is None or name in known:
                return None
            return self._unknown(root, name, known)
        if root in self.constants:
            if name in self.constants[root]:
                return None
            return self._unknown(root, name, self.constants[root])
        if root in self.absent:
            return f"`{root}.{name}` is not in this mail: {self.absent[root]}", "leave it out"
        return self._unknown_root(root, name)

    def complaint_bare(self, name: str) -> tuple[str, str]:
        """Return message and fix for a name without a root."""
        if name in self.personal or name in self.constants:
            known = self.personal.get(name) or self.constants.get(name) or ["name"]
            return f"`{name}` alone is not a value", f"write `{name}.{min(known)}` or another"
        for root, names in (*self.personal.items(), *self.constants.items()):
            if name in (names or SUBSCRIBER):
                return f"undefined variable `{name}`", f"did you mean `{root}.{name}`?"
        roots = [*self.constants, *self.personal]
        return f"undefined variable `{name}`", did_you_mean(name, roots) or self._roots()

    def _unknown(self, root: str, name: str, known: object) -> tuple[str, str]:
        names = sorted(known) if isinstance(known, frozenset | Mapping) else []
        found = nearest(name, names)
        message = f"undefined variable `{root}.{name}`"
        if found:
            return f"{message}; did you mean `{root}.{found}`?", f"write `{root}.{found}`"
        return message, f"`{root}` has: {', '.join(names) or 'nothing'}"

    def _unknown_root(self, root: str, name: str) -> tuple[str, str]:
        found = nearest(root, [*self.constants, *self.personal])
        message = f"undefined variable `{root}.{name}`"
        if found:
            return f"{message}; did you mean `{found}.{name}`?", f"write `{found}.{name}`"
        return message, self._roots()

    def _roots(self) -> str:
        return "known: " + ", ".join(f"{root}.*" for root in (*self.constants, *self.personal))
