"""Nothing more to an address, because the operator says so; and taking that back.

What the person or their mailbox said is never taken back here: who left comes back themselves,
and who bounced or complained does not.
"""

from __future__ import annotations

from datetime import datetime

from bypost.links import AddressHash
from bypost.store import Connection, Row, suppressions

#: The reason under which an operator's word is kept.
REASON = "manual"


def suppress(
    connection: Connection, person: Row, address_hash: AddressHash, *, detail: str, now: datetime
) -> bool:
    """Send nothing to a person's address any more; return False where that was so before."""
    if not person["email_key"]:
        return False
    hashed = address_hash(person["email_key"])
    return suppressions.add(connection, hashed, reason=REASON, now=now, detail=detail)


def lift(connection: Connection, person: Row, address_hash: AddressHash) -> bool:
    """Take back what an operator said; return False where none said it."""
    if not person["email_key"]:
        return False
    return suppressions.lift_manual(connection, address_hash(person["email_key"]))
