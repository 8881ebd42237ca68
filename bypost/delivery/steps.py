"""Labels for the points between which a process may die.

Each is a debug line of this module's logger, in the order of the protocol. The crash tests listen
for them with an ordinary logging handler and kill the process there; the product has no switch.
"""

from __future__ import annotations

import logging

_LOG = logging.getLogger(__name__)

#: Every label, in the order in which a pass comes by them.
LABELS = (
    "published",  # contents are stored
    "imported",  # the CSV is in
    "owed",  # a chunk of deliveries and hints is committed
    "leased",  # T1: the batch is ours
    "built",  # gated and rendered, nothing written
    "intended",  # T2: intent and frozen bytes are committed, no byte has left
    "answered",  # the provider's answer is in memory only
    "recorded",  # T3: the answer is committed
)


def reached(label: str) -> None:
    """Say that the point ``label`` was reached."""
    if _LOG.isEnabledFor(logging.DEBUG):
        _LOG.debug("%s", label)
