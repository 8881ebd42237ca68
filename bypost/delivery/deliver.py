"""Bringing one batch to its provider, at most once accepted, however often this is called.

    T1 lease    a fencing number that every later write names
       gate     who may still be mailed; messages are built
    T2 intent   members and bytes are frozen, committed before the first byte leaves
       HTTP     within half the lease
    T3 record   the provider's answer, fenced

A process that dies between T2 and T3 leaves ``sending`` behind: the request may have been accepted.
Whoever takes the batch over repeats the same key and bytes where the provider honours them.
"""

from __future__ import annotations

from bypost.delivery import claim, intent, record
from bypost.delivery.claim import Claim, Done, Progress
from bypost.delivery.context import Context
from bypost.delivery.steps import reached
from bypost.errors import NotSent, SendError


def deliver(context: Context, batch_id: int) -> Progress:
    """Bring a batch one attempt further; safe to call any number of times from anywhere."""
    taken = claim.take(context, batch_id)
    if not isinstance(taken, Claim):
        return taken
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
        return record.failure(context, provider, taken, error)
    reached("answered")
    record.answer(context, taken, request, results)
    reached("recorded")
    return Done()
