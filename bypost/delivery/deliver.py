"""Bringing one batch to its provider, at most once accepted, however often this is called.

    T1 lease    a fencing number that every later write names
       gate     who may still be mailed; messages are built
    T2 intent   members and bytes are frozen, committed before the first byte leaves
       HTTP     within half the lease
    T3 record   the provider's answer, fenced; repeated while the database is away

A process that dies between T2 and T3 leaves ``sending`` behind: the request may have been accepted.
Whoever takes the batch over repeats the same key and bytes where the provider honours them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from bypost.delivery import claim, intent, record
from bypost.delivery.claim import Claim, Done, Progress
from bypost.delivery.context import Context
from bypost.delivery.steps import reached
from bypost.errors import NotSent, SendError, StoreAway

_LOG = logging.getLogger(__name__)

#: Seconds before an answer is written down once more; doubles up to the second one.
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0

_T = TypeVar("_T")


def deliver(context: Context, batch_id: int) -> Progress:
    """Bring a batch one attempt further; safe to call any number of times from anywhere."""
    taken = claim.take(context, batch_id)
    return bring(context, taken) if isinstance(taken, Claim) else taken


def bring(context: Context, taken: Claim) -> Progress:
    """Bring a batch that :func:`bypost.delivery.claim.take` has leased."""
    reached("leased")
    provider = context.providers[taken.batch["provider"]]
    request = intent.commit(context, provider, taken)
    if request is None:
        return Done()
    reached("intended")
    try:
        if context.clock.elapsed() - taken.started > context.lease.total_seconds() / 2:
            raise NotSent("the process stood still for half its lease; nothing was sent")
        results = provider.send(request.body, count=len(request.ids), key=request.key)
    except SendError as error:
        failed = error
        return _written(context, taken, lambda: record.failure(context, provider, taken, failed))
    reached("answered")
    _written(context, taken, lambda: record.answer(context, taken, request, results))
    reached("recorded")
    return Done()


def _written(context: Context, taken: Claim, write: Callable[[], _T]) -> _T:
    """Write down what came of a request, again and again while the database is away.

    What is not written is unknown, or costs another attempt. Repeating does no harm, even where the
    first time was committed and only the word of it was lost: it is fenced, and a batch that is
    settled takes nothing more. After the lease others may have it, so that ends the trying.
    """
    wait = _FIRST_WAIT
    while True:
        try:
            return write()
        except StoreAway:
            held = context.clock.elapsed() - taken.started
            if held + wait > context.lease.total_seconds():
                raise
        _LOG.warning("batch %s: its answer is not written yet; again", taken.batch["id"])
        context.clock.sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT)
