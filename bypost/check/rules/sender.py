"""Who the mails come from, and who gets the answers: once for the whole project."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.check.sample import Whole
from bypost.check.settings_file import PATH, line_of

FROM_NAME = Rule(
    id="from-name",
    level=Level.ERROR,
    title="A sender without a name",
    why="An inbox shows the sender's name first and largest. Without one, or with the address in "
    "its place, people do not know who writes, and filters take it for a machine.",
    fix="Set the name under which people asked for your mails.",
    source="Gmail's sender guidelines (2024-02): a display name that says who you are",
    bad='[sender]\nname = "course@example.org"',
    good='[sender]\nname = "Clarity Notes"',
)
FROM_FREE = Rule(
    id="from-free",
    level=Level.ERROR,
    title="A sender's address at a provider of free mailboxes",
    why="The owner of a domain says by DMARC which servers may send in its name. Gmail, Yahoo, "
    "Outlook and the like do not name your email service, so mails from an address there are "
    "refused or go to junk.",
    fix="Send from an address at a domain of your own, and let the answers come to your mailbox "
    "with `reply_to`.",
    source="RFC 7489 (DMARC); Gmail's, Yahoo's and Microsoft's sender rules (2024-02, 2025-05)",
    bad='[sender]\nemail = "anna.writes@gmail.com"',
    good='[sender]\nemail = "course@example.org"\nreply_to = "anna.writes@gmail.com"',
)
REPLY_TO = Rule(
    id="reply-to",
    level=Level.WARNING,
    title="Answers that nobody reads",
    why="Answers go to an address that says it is not read. People answer lessons, ask to be taken "
    "off the list, and report mistakes; an answer is also what teaches their mail program that "
    "your mails are wanted.",
    fix="Set `reply_to` to a mailbox that somebody reads.",
    source="Microsoft's rules for senders of much mail (2025-05): a sender that takes answers",
    bad='[sender]\nreply_to = "noreply@example.org"',
    good='[sender]\nreply_to = "hello@example.org"',
)

RULES = (FROM_NAME, FROM_FREE, REPLY_TO)

#: Domains of free mailboxes, each as it is; below, names that exist under many endings.
_FREE = frozenset(
    {"163.com", "126.com", "aol.com", "fastmail.com", "freenet.de", "googlemail.com", "gmail.com"}
    | {"icloud.com", "laposte.net", "libero.it", "mac.com", "mail.com", "mail.ru", "me.com"}
    | {"msn.com", "naver.com", "orange.fr", "proton.me", "protonmail.com", "qq.com"}
    | {"rocketmail.com", "seznam.cz", "t-online.de", "web.de", "wp.pl", "ymail.com", "zohomail.com"}
)  # fmt: skip
_FREE_NAMES = re.compile(r"(?:gmx|hotmail|live|outlook|yahoo|yandex)\.[a-z]{2,3}(?:\.[a-z]{2})?")

_UNREAD = re.compile(
    r"(?:no|do[-_.]?not|don[’']?t|never)[-_.]?reply|(?:keine?|nicht)[-_.]?antwort(?:en)?"
    r"|ne[-_.]?pas[-_.]?repondre|no[-_.]?responder|nao[-_.]?responda?|non[-_.]?rispondere",
    re.IGNORECASE,
)


def sender(whole: Whole) -> Iterator[Finding]:
    """The name, the address and the address for answers."""
    root, one = whole.around.root, whole.around.sender
    name = " ".join(one.name.split())
    if not name or "@" in name:
        message = (
            "the sender has no name" if not name else f"the sender's name is an address: {name}"
        )
        yield FROM_NAME.at(
            PATH,
            message,
            fix="set the name under which people asked for your mails",
            line=line_of(root, "sender", "name"),
        )
    domain = one.email.rpartition("@")[2].lower()
    if domain in _FREE or _FREE_NAMES.fullmatch(domain):
        yield FROM_FREE.at(
            PATH,
            f"mails from {one.email} are refused: {domain} does not let others send for it",
            fix="send from a domain of your own, and set `reply_to` to this address",
            line=line_of(root, "sender", "email"),
        )
    answers, key = (one.reply_to, "reply_to") if one.reply_to else (one.email, "email")
    if _UNREAD.search(answers.rpartition("@")[0]):
        yield REPLY_TO.at(
            PATH,
            f"answers go to {answers}, which says that nobody reads them",
            fix="set `reply_to` to a mailbox that somebody reads",
            line=line_of(root, "sender", key),
        )


PROJECT_CHECKS = (sender,)
