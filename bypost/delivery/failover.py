"""Where a batch goes when its provider cannot take it now, and another one stands in the list.

A batch moves only while it is certain that no provider has a mail of it: it was never handed over,
or each time it was, the whole of it was clearly refused. One that may have been accepted stays
with its provider until that one, or its operator, has said what became of it.

    waiting at its provider, and        moves to the first in the list that takes mail
    ----------------------------        ----------------------------------------------
    the breaker is open                 at once (a refusal of the key or the account opens it)
    the provider pauses everybody,      if it is for longer than `failover_seconds`
      or its budget is used up
    its last attempts never left this   for `failover_seconds`; then it is tried again
      machine, or were refused for now
    it refused somebody who was alone   when they are tried next, if that one stands before it
      in the request, for its content
    an attempt may have been accepted   never

The decision is made when the batch is claimed, in that transaction; so it is made anew for every
batch, and what is owed later begins with the first provider in the list again.

Somebody refused alone is tried ever less often, at the first provider as soon as it takes mail
again: there most of the others go, and a refusal while they get through is that person's own. Then
the mail has failed, with what each provider said.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from bypost.delivery.context import Context
from bypost.errors import SendError
from bypost.store import Connection, Row, binding, budgets, ledger
from scheduler import pacing

_LOG = logging.getLogger(__name__)

#: So many failures in a row mean that the provider cannot be reached, or takes nothing.
FAILURES = 3
#: Stands between what several providers said of the same mail.
_AND = " | "
#: Most characters that each of them says then; a delivery's detail has 300.
_EACH = 140
#: Outcomes of attempts of which nothing was accepted, for a reason that is not the batch's.
_IN_VAIN = {"not sent", "throttled"}


def exists(context: Context) -> bool:
    """Tell whether there is more than one provider."""
    return len(context.providers) > 1


def is_long(context: Context, wait: timedelta) -> bool:
    """Tell whether a wait is so long that another provider takes over."""
    return wait > _patience(context)


def is_down(context: Context, connection: Connection, name: str, now: datetime) -> bool:
    """Tell whether a provider was lately tried in vain, and it is too soon to try again."""
    if not exists(context):
        return False
    last = ledger.latest(connection, name, FAILURES)
    if len(last) < FAILURES or not all(outcome in _IN_VAIN for outcome, _ in last):
        return False
    return now - last[0][1] < _patience(context)


def is_turned_away(batch: Row) -> bool:
    """Tell whether a provider refused somebody alone who was refused before."""
    return bool(batch["members"] == 1 and batch["attempts"] > 0 and batch["refusals"] > 1)


def words(batch: Row, provider: str, error: SendError) -> str:
    """Return what a provider says of a batch, and after it what others said who refused it."""
    said = batch["detail"].split(_AND) if batch["refusals"] else []
    others = [one for one in said if one and not one.startswith(provider)]
    if not others:
        return str(error)
    return _AND.join(one[:_EACH] for one in (str(error), *others))


def move(
    context: Context, connection: Connection, batch: Row, now: datetime, *, back: bool = False
) -> str:
    """Bind a batch to the first other provider that takes mail; the caller commits.

    Args:
        batch: One that surely nobody accepted anything of, and that nobody holds.
        back: Only to one that stands before its own in the list.

    Returns:
        The name of that provider; empty where there is none, and nothing was changed.
    """
    for name, provider in context.providers.items():
        if name == batch["provider"]:
            if back:
                break
        elif _takes_mail(context, connection, name, now):
            binding.dissolve(connection, batch, provider=name, size=context.most(provider))
            _LOG.info("%s-b%d: from %s to %s", context.tag, batch["id"], batch["provider"], name)
            return name
    return ""


def _takes_mail(context: Context, connection: Connection, name: str, now: datetime) -> bool:
    """Tell whether a provider would take a mail about now."""
    budget, breaker = budgets.load(connection, name)
    if breaker or is_down(context, connection, name, now):
        return False
    rate = context.rates.get(name, pacing.Rate())
    _, wait = pacing.take(budget, rate, calls=1, items=1, now=now)
    return not is_long(context, wait)


def _patience(context: Context) -> timedelta:
    return timedelta(seconds=context.settings.sending.failover_seconds)
