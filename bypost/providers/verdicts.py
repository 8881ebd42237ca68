"""What a service says of each message of a request, and what that means for the others.

An error of the account is not a failure of the people whose messages met it: where nothing was
accepted it is an error of the request; beside accepted messages, these are owed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

from bypost.errors import Refused, Throttled
from bypost.model.message import Result
from bypost.providers.words import without_addresses


class Blame(Enum):
    """Whom a refused message speaks of."""

    MESSAGE = "this message or its recipient"
    ALL = "the account, or every message alike"
    LATER = "nobody: not now"
    UNKNOWN = "a code that is not known here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a service says of one message.

    Attributes:
        provider_id: Its id there; empty where it was not accepted.
        code: Tells errors apart: two with the same code are the same error.
        words: The service's own, masked; kept with the delivery.
        blame: Whom an error speaks of.
    """

    provider_id: str = ""
    code: str = ""
    words: str = ""
    blame: Blame = Blame.UNKNOWN


def settled(verdicts: Sequence[Verdict]) -> Sequence[Result]:
    """Return the results, in the same order.

    An error that is not known here is one message's own, unless it is the same one for all.

    Raises:
        Refused: Nothing was accepted, for a reason that is that of all and lasts. Where that is not
            sure, it has the status 400: of the content, so that the engine may look for whose.
        Throttled: The same, for one that passes.
    """
    refused = [one for one in verdicts if not one.provider_id]
    alike = len(verdicts) > 1 and refused == verdicts and len({one.code for one in refused}) == 1
    of_all = [one for one in refused if _is_of_all(one, alike)]
    if of_all and len(refused) == len(verdicts):
        lasting = [one for one in of_all if one.blame is not Blame.LATER]
        if lasting:
            unsure = lasting[0].blame is Blame.UNKNOWN
            raise Refused(lasting[0].words, status=HTTPStatus.BAD_REQUEST if unsure else None)
        raise Throttled(of_all[0].words)
    return [_result(one, alike) for one in verdicts]


def _is_of_all(verdict: Verdict, alike: bool) -> bool:
    if verdict.blame is Blame.UNKNOWN:
        return alike
    return verdict.blame in (Blame.ALL, Blame.LATER)


def _result(verdict: Verdict, alike: bool) -> Result:
    if verdict.provider_id:
        return Result(accepted=True, provider_id=verdict.provider_id)
    retry = _is_of_all(verdict, alike)
    # Kept with the delivery; an address is erased elsewhere.
    return Result(accepted=False, error=without_addresses(verdict.words), retry=retry)
