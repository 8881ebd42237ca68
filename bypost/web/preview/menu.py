"""The pages of the bench, for the links at their head."""

from __future__ import annotations

#: What every address of the bench begins with, also where it is a site of its own.
PREFIX = "/preview"

#: Address -> what the link says.
MENU = {
    PREFIX: "Mails",
    f"{PREFIX}/inbox": "Inbox over time",
    f"{PREFIX}/matrix": "Matrix",
    f"{PREFIX}/problems": "Problems",
}
