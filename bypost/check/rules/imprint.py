"""What the foot of every lesson and issue has to say: where you are, and why they get it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from bypost.check.finding import Finding, Level
from bypost.check.frame import Letter, judged, letters
from bypost.check.rule import Rule
from bypost.check.sample import Whole
from bypost.model.content import Slot, Template
from bypost.model.course import Kind

POSTAL_ADDRESS = Rule(
    id="postal-address",
    level=Level.ERROR,
    title="No postal address in the mail",
    why="US law asks for the sender's postal address in every commercial mail, and other countries "
    "ask who is behind it. It has to stand in the HTML and in the plain text: some people see "
    "only one of them.",
    fix="Put `{{ sender.postal_address }}` into both templates, and set it in bypost.toml.",
    source="CAN-SPAM Act, 15 U.S.C. 7704(a)(5)(A)(iii); CASL Regulations 2(1) (Canada)",
    bad="{{ sender.name }}",
    good="{{ sender.name }} · {{ sender.postal_address }}",
)
WHY_YOU_GET_THIS = Rule(
    id="why-you-get-this",
    level=Level.WARNING,
    title="A foot that does not say why somebody gets this",
    why="After some weeks people have forgotten that they asked, and take the mail for unwanted. "
    "One line with the name of what they asked for and the date on which they did saves them "
    "from reporting it, and you from having to prove it.",
    fix="Name the course or newsletter and `{{ subscriber.since }}` at the foot of both templates.",
    source="Good practice; GDPR, Art. 7(1): the controller has to be able to show consent",
    bad="You get this because you are on our list.",
    good="You asked for {{ course.title }} on {{ subscriber.since }}.",
)

RULES = (POSTAL_ADDRESS, WHY_YOU_GET_THIS)

#: Letters and digits from the end of a mail that are taken for its foot; addresses can be long.
_FOOT = 700
_SINCE = "subscriber.since"
_LINK = re.compile(r"https?://\S+")


def postal_address(whole: Whole) -> Iterator[Finding]:
    """The sender's address in both parts of lessons and issues."""
    mails = list(letters(whole, Kind.LESSON, Kind.ISSUE))
    fix = "put `{{ sender.postal_address }}` into the template"
    for ending in ("mjml", "txt"):
        judge = partial(_address, ending)
        yield from judged(POSTAL_ADDRESS, mails, judge, ending=ending, fix=fix)


def why_you_get_this(whole: Whole) -> Iterator[Finding]:
    """The name of the course or newsletter and the date, at the foot of both parts."""
    mails = list(letters(whole, Kind.LESSON, Kind.ISSUE))
    for ending in ("mjml", "txt"):
        fix = "write `You asked for {{ course.title }} on {{ subscriber.since }}` at the foot"
        yield from judged(WHY_YOU_GET_THIS, mails, partial(_reason, ending), ending=ending, fix=fix)


def _address(ending: str, mail: Letter) -> str:
    address = _bare(mail.sample.around.sender.postal_address)
    if address and address in _bare(_shown(ending, mail)):
        return ""
    return f"the {_NAMES[ending]} does not show the sender's postal address"


def _reason(ending: str, mail: Letter) -> str:
    content, series = mail.sample.content, mail.sample.series
    missing = []
    if series and _bare(series.title) not in _bare(_shown(ending, mail))[-_FOOT:]:
        missing.append(f"what was asked for ({series.title})")
    if not _uses(content.html if ending == "mjml" else content.text, _SINCE):
        missing.append("since when")
    return (
        f"the foot of the {_NAMES[ending]} does not say {' or '.join(missing)}" if missing else ""
    )


_NAMES = {"mjml": "HTML", "txt": "plain text"}


def _shown(ending: str, mail: Letter) -> str:
    if ending == "txt":
        return _LINK.sub(" ", mail.mail.text)
    body = mail.page().tree.body
    return body.text(separator=" ") if body else ""


def _bare(text: str) -> str:
    """Return the letters and digits of a text: templates break lines and put dots between."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _uses(template: Template, name: str) -> bool:
    return any(isinstance(part, Slot) and name in part.source for part in template.parts)


PROJECT_CHECKS = (postal_address, why_you_get_this)
