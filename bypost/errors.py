"""Every error this package raises on purpose.

* ByPostError
  + ContentError       a lesson, newsletter or template is wrong; the author mends it
  + SettingsError      the configuration is wrong; the operator mends it
  + StoreError         the database cannot be used as it is
    - StoreAway        it cannot be reached, or others hold it, just now
    - Muted            it was copied, moved or restored: it sends nothing until confirmed
  + SendError          a provider did not take a request
    - NotSent          nothing left this machine: sure that nothing was accepted
    - Throttled        refused for now, with or without a time to come back
    - Refused          the whole request was refused; repeating it cannot help
    - OutcomeUnknown   the request left and no usable answer came back
  + HookError          what was posted to /hooks/<provider> is not taken
    - Forged           its signature is missing, wrong or too old
    - Malformed        it is genuine, but cannot be read
    - Unverified       whether it is genuine cannot be told now
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


class ByPostError(Exception):
    """Base of all deliberate errors; its text is written for the person who reads it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file, at a place the author can open.

    Attributes:
        path: The file, relative to the project folder.
        line: Line in that file, counting from 1; None for the file as a whole.
        message: What is wrong, in one sentence without a full stop.
        fix: How to mend it; may be empty.
        rule: Stable identifier of the rule that found it, e.g. ``jinja-undefined``.
    """

    path: str
    line: int | None
    message: str
    fix: str = ""
    rule: str = "content"

    def __str__(self) -> str:
        """Return ``path:line: message``, with the fix indented on a line of its own."""
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.message}" + (f"\n    {self.fix}" if self.fix else "")


class ContentError(ByPostError):
    """Content cannot be used; carries every problem that was found, not only the first."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems: Sequence[Problem] = problems


class SettingsError(ByPostError):
    """The configuration is wrong; the text names the key, and how to write it."""


class StoreError(ByPostError):
    """The database is missing, of another version, or belongs to another instance."""


class StoreAway(StoreError):
    """The database cannot be reached, or others hold it, just now: trying again may help."""


class Muted(StoreError):
    """This database must not send from here until somebody confirms it."""


class SendError(ByPostError):
    """A provider did not take a request.

    Attributes:
        status: HTTP status of the answer; None where there was none.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class NotSent(SendError):
    """No byte of the request's body left: the provider cannot have accepted it."""


class Throttled(SendError):
    """The provider refused for now (HTTP 429 and the like); nothing was accepted.

    Attributes:
        retry_after: What the provider asked for; None where it named no time.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class Refused(SendError):
    """The whole request was refused (401, 413, 422 ...): it waits for the operator."""


class OutcomeUnknown(SendError):
    """The request left and no usable answer came: it may have been accepted."""


class HookError(ByPostError):
    """What was posted to ``/hooks/<provider>`` is not taken; the text holds nothing secret."""


class Forged(HookError):
    """The signature is missing, wrong or too old: anybody could have posted it."""


class Malformed(HookError):
    """The signature holds, but the body is not what the provider documents."""


class Unverified(HookError):
    """Whether the signature holds cannot be told now; the provider may post it again later."""
