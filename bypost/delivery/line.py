"""One line in the log for each attempt to send a batch: numbers and references, no person."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bypost.delivery.claim import Claim
from bypost.delivery.context import Context
from bypost.model.content import full_name

#: Its records carry their fields in ``fields``; :mod:`bypost.cli.logs` writes them.
_LOG = logging.getLogger("bypost.batch")


def tell(
    context: Context,
    claim: Claim,
    outcome: str,
    *,
    accepted: int = 0,
    refused: Sequence[int] = (),
    status: int | None = None,
) -> None:
    """Log what became of an attempt, once that is committed.

    Args:
        outcome: As in the audit trail: ``accepted``, ``throttled``, ``no answer`` ...
        accepted: Deliveries the provider took over.
        refused: Deliveries it refused, one by one; named by their reference at level debug.
        status: HTTP status of the answer, where there was one.
    """
    batch = claim.batch
    fields: dict[str, object] = {
        "batch": batch["id"],
        "ref": batch_ref(context, batch["id"]),
        "provider": batch["provider"],
        "kind": batch["kind"],
        "content": full_name(batch["collection"], batch["item"]),
        "size": batch["size"],
        "accepted": accepted,
        "failed": len(refused),
        "attempt": batch["attempts"] + 1,
        "outcome": outcome,
        **({"status": status} if status is not None else {}),
        "took_ms": round((context.clock.elapsed() - claim.started) * 1000),
    }
    _LOG.info("batch", extra={"fields": fields})
    for delivery_id in refused:
        one = {"ref": context.reference(delivery_id), "outcome": "refused"}
        _LOG.debug("delivery", extra={"fields": one})


def batch_ref(context: Context, batch_id: int) -> str:
    """Return the reference of a batch, e.g. ``k7mq2xw9-b12``."""
    return f"{context.tag}-b{batch_id}"
