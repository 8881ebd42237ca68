"""What Postmark's error codes of a single message speak of: it, all of them, or the moment.

From the list of codes on Postmark's page "API overview" and in its libraries, read in November
2026; which of them come per message is not documented.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bypost.providers.verdicts import Blame

#: Accepted.
OK = 0

_LATER = frozenset({100, 429})  # maintenance; rate
_MESSAGE = frozenset({300, 406})  # invalid; a recipient that is inactive there
#: Codes of the account or of every message alike, and what mends them.
_ALL: Mapping[int, str] = {
    10: "check its api_key",
    400: "confirm the sender's domain or address there",
    401: "confirm the sender's domain or address there",
    402: "",  # not JSON; not the JSON that is wanted
    403: "",
    405: "the account has no credits left",
    409: "",  # not declared as JSON
    410: "set a smaller batch_size for it",
    412: "the account waits for Postmark's approval",
    413: "ask Postmark why the account may not send",
}
#: Some errors of all come as 300 or under codes of their own; their words tell.
_OF_ALL = re.compile(r"(?i)'(?:From|ReplyTo|MessageStream)'|sender signature|\bstream provided\b")


def blame(code: int, words: str) -> Blame:
    """Return whom ``code`` with Postmark's ``words`` speaks of."""
    if code in _LATER:
        return Blame.LATER
    if code in _ALL or _OF_ALL.search(words):
        return Blame.ALL
    return Blame.MESSAGE if code in _MESSAGE else Blame.UNKNOWN


def fix(code: int) -> str:
    """Return what mends ``code``; empty where it is not known."""
    return _ALL.get(code, "")
