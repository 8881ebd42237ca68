"""What an attempt's outcome means for its batch: a pure function, the heart of the promise.

A clear "no" to attempt n says nothing about attempt n-1: once an attempt may have been accepted,
the batch stays ambiguous until the provider has answered the same key and bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bypost.errors import NotSent, OutcomeUnknown, Refused, SendError, Throttled
from bypost.model.message import Key, SendClass
from scheduler.backoff import retry_delay

#: Part of a key's lifetime after which a repeat is no longer dared.
KEY_MARGIN = 0.7
#: So many refusals in a row are about everything; halving one request of 1,000 takes at most ten.
ALL_REFUSED = 12


class Next(StrEnum):
    """What happens to the batch."""

    AGAIN = "again"  #: nothing was accepted: gate and build anew at the next try
    REPEAT = "repeat"  #: may have been accepted: the same key and bytes at the next try
    UNKNOWN = "unknown"  #: may have been accepted, and repeating would not be safe
    SPLIT = "split"  #: refused for its content once more: each half goes alone
    FAILED = "failed"  #: a request for one person, refused while others are accepted


class Suspicion(StrEnum):
    """Whom a refusal of a whole request is about."""

    NONE = "none"  #: everything: the key, the sender, the form of the request
    MANY = "many"  #: somebody in this request, of several
    ALONE = "alone"  #: the only person in it; nobody else was sent to since
    ONE = "one"  #: the only person in it, while others get through


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to write down after an attempt that was not answered with results.

    Attributes:
        word: Outcome for the audit trail.
        wait: Until the next try.
        breaker: Why all sending through this provider stops; empty: it goes on.
        pause: The provider asked everybody to wait so long.
    """

    next: Next
    word: str
    wait: timedelta = timedelta(0)
    breaker: str = ""
    pause: timedelta | None = None


def after_error(
    error: SendError,
    *,
    ambiguous: bool,
    send_class: SendClass,
    attempts: int,
    first_retry: timedelta,
    suspicion: Suspicion = Suspicion.NONE,
) -> Verdict:
    """Return what an error means.

    Args:
        ambiguous: An earlier attempt may have been accepted.
        attempts: Attempts made, this one included.
        first_retry: Wait after the first failure; it doubles.
        suspicion: Whether it is the people in this request, or everything, that is refused.
    """
    wait = retry_delay(attempts, first=first_retry)
    still = Next.REPEAT if ambiguous else Next.AGAIN
    match error:
        case NotSent():
            return Verdict(next=still, word="not sent", wait=wait)
        case Throttled():
            asked = error.retry_after
            longer = retry_delay(attempts, first=first_retry, retry_after=asked)
            return Verdict(
                next=still,
                word="throttled",
                wait=asked if asked is not None else longer,
                pause=asked,
            )
        case Refused() if not ambiguous and suspicion is Suspicion.MANY:
            return Verdict(next=Next.SPLIT, word="refused")
        case Refused() if not ambiguous and suspicion is Suspicion.ONE:
            return Verdict(next=Next.FAILED, word="refused")
        case Refused() if not ambiguous and suspicion is Suspicion.ALONE:
            return Verdict(next=Next.AGAIN, word="refused", wait=wait)
        case Refused():
            return Verdict(next=still, word="refused", wait=wait, breaker=str(error))
        case OutcomeUnknown() if isinstance(send_class, Key):
            return Verdict(next=Next.REPEAT, word="no answer", wait=wait)
        case _:
            return Verdict(next=Next.UNKNOWN, word="no answer")


def may_repeat(send_class: SendClass, first_sent_at: datetime, now: datetime) -> bool:
    """Tell whether an ambiguous request may be sent again: same key, well within its lifetime."""
    if not isinstance(send_class, Key):
        return False
    return send_class.lifetime is None or now - first_sent_at < send_class.lifetime * KEY_MARGIN


#: Statuses that speak of a request's content: a poisoned recipient can cause them.
_ABOUT_CONTENT = frozenset({400, 413, 422})


def suspicion(
    error: SendError, *, refusals: int, size: int, lately: Sequence[str], others: bool
) -> Suspicion:
    """Tell whom a refusal is about: the first time everybody, which opens the breaker.

    Refused once more after the operator said "mended", it is halved until each stands alone. Who
    is refused alone while others get through is the reason; until others were tried, they are
    tried first.

    Args:
        refusals: How often this content was refused before.
        size: People in the request.
        lately: Outcomes of the provider's latest attempts.
        others: Whether the provider accepted anything since these people were tried before, and
            since the operator said "mended".
    """
    if not isinstance(error, Refused) or error.status not in _ABOUT_CONTENT or not refusals:
        return Suspicion.NONE
    if len(lately) >= ALL_REFUSED and set(lately) == {"refused"}:
        return Suspicion.NONE
    if size > 1:
        return Suspicion.MANY
    return Suspicion.ONE if others else Suspicion.ALONE
