"""What is wrong with an audience, at the place where it is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from bypost.errors import SettingsError

#: Characters of a long line that are shown around a mistake, on either side.
_AROUND = 40


class BadAudience(SettingsError):
    """An audience cannot be read, or names what is not there.

    Attributes:
        message: What is wrong, in one sentence without a full stop.
        fix: How to mend it; may be empty.
        text: The expression as it was written.
        place: Where in it, counting from 0.
        length: How many characters are meant; 0 where none is in particular.
    """

    def __init__(
        self, message: str, text: str = "", place: int = 0, length: int = 0, *, fix: str = ""
    ) -> None:
        shown = [message]
        if length:
            shown += [f"    {line}" for line in pointed(text, place, length)]
        if fix:
            shown.append(f"    {fix}")
        super().__init__("\n".join(shown))
        self.message = message
        self.fix = fix
        self.text = text
        self.place = place
        self.length = length

    def pointed(self) -> tuple[str, ...]:
        """Return the line with the mistake and one with carets below it; nothing without one."""
        return pointed(self.text, self.place, self.length) if self.length else ()


def pointed(text: str, place: int, length: int) -> tuple[str, str]:
    """Return the line of ``text`` around a place, and carets that stand below it."""
    begin = text.rfind("\n", 0, place) + 1
    end = text.find("\n", place)
    end = len(text) if end < 0 else end
    left, right = max(begin, place - _AROUND), min(end, place + length + _AROUND)
    before = "… " if left > begin else ""
    after = " …" if right < end else ""
    line = before + "".join(map(_visible, text[left:right])) + after
    carets = "^" * max(1, min(length, right - place))
    return line, " " * (len(before) + place - left) + carets


def _visible(character: str) -> str:
    """Return one character for one: what would move the line, or hide, is shown as a sign."""
    return character if character.isprintable() else ("\u00b7" if character == "\t" else "\ufffd")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean `x`?``, or an empty text where nothing is like ``word``."""
    names = {name.casefold(): name for name in sorted(known)}
    found = get_close_matches(word.casefold(), names, n=1, cutoff=0.6)
    return f"did you mean `{names[found[0]]}`?" if found else ""
