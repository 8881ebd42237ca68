"""How subjects and preheaders are worded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bypost.check.finding import Finding, Level
from bypost.check.prose import constant, passages
from bypost.check.rule import Rule
from bypost.check.sample import Sample, Series
from bypost.check.signs import signs

#: What Gmail on a small Android phone shows of a subject, in signs.
FRONT = 33
#: Signs that subjects may share at the beginning; more, and little of FRONT is left.
SHARED = 20

SUBJECT_FRONT = Rule(
    id="subject-front",
    level=Level.INFO,
    title="A subject that begins like another",
    why=f"A small phone shows {FRONT} characters of a subject. Where the mails of a folder begin "
    f"with the same {SHARED} or more, a course's name say, little is left to tell them apart.",
    fix="Put first what is special about this mail. The name of the course stands in the mail, and "
    "the sender's name beside the subject.",
    source="Subject length shown by Gmail on Android: 33 characters (truncation tables, 2026-11)",
    bad="subject: Clear writing for engineers, lesson 3: verbs",
    good="subject: Let the verbs do the work",
)
SUBJECT_SHOUT = Rule(
    id="subject-shout",
    level=Level.WARNING,
    title="A subject that shouts",
    why="Most letters of the subject are capitals, or it has several exclamation marks in a row. "
    "Filters count both against a mail, people do too, and capitals are slower to read. Short "
    "abbreviations do not count.",
    fix="Write it as you would say it. One exclamation mark is allowed.",
    source="Subject rules of common content filters (SpamAssassin SUBJ_ALL_CAPS, 2026-11)",
    bad="subject: OPEN THIS MAIL TODAY!!",
    good="subject: Three sentences to prepare today",
)
SUBJECT_FAKE_RE = Rule(
    id="subject-fake-re",
    level=Level.WARNING,
    title="A subject that pretends to be an answer",
    why="The subject begins with `Re:` or `Fwd:`, or what a mail program writes for them in the "
    "language of the mail. Nobody wrote before, so it misleads, which US law forbids in "
    "commercial mail, and some mail programs sort it into a conversation it does not belong to.",
    fix="Leave it out.",
    source="CAN-SPAM Act, 15 U.S.C. 7704(a)(2): deceptive subject headings",
    bad="subject: 'Re: your lesson'",
    good="subject: A question about your lesson",
)
PREHEADER_ECHO = Rule(
    id="preheader-echo",
    level=Level.WARNING,
    title="A preheader that repeats what stands beside it",
    why="An inbox shows the subject, then the preheader; the opened mail shows its heading and "
    "first line. A preheader that says the same as one of them gives away a line in which the "
    "mail could have said why to open it.",
    fix="Go on from the subject: say what is in it for the reader.",
    source="Good practice",
    bad="subject: Let the verbs do the work\npreheader: Let the verbs do the work.",
    good="subject: Let the verbs do the work\n"
    "preheader: Why nouns are heavy, and four of them to replace in your own text.",
)

RULES = (SUBJECT_FRONT, SUBJECT_SHOUT, SUBJECT_FAKE_RE, PREHEADER_ECHO)

_EXCLAIMS = re.compile(r"[!！]{2,}")
_WORD = re.compile(r"[^\W\d_]+")
#: Shorter words in capitals are taken for abbreviations.
_ABBREVIATION = 4
#: What mail programs put before the subject of an answer or a forwarded mail, by language; "" is
#: for all.
_ANSWERS = {
    "": "re|fw|fwd",
    "da": "sv|vs",
    "de": "aw|antw|wg",
    "es": "rv|rm",
    "fi": "vs|vl",
    "fr": "tr",
    "hu": "vá|tov",
    "nl": "antw|doorst",
    "no": "sv|vs",
    "pl": "odp|pd",
    "pt": "enc|res",
    "sv": "sv|vb",
    "tr": "ynt|ilt",
    "zh": "回复|回覆|转发|轉寄|答复",
}


def subject_shout(sample: Sample) -> Iterator[Finding]:
    """Capitals and rows of exclamation marks; values of expressions are not the author's."""
    subject = constant(sample.subject)
    line = sample.line("subject")
    if shown := _EXCLAIMS.search(subject):
        message = f"the subject has {len(shown[0])} exclamation marks in a row"
        yield sample.finding(SUBJECT_SHOUT, message, "one is enough, none is better", line=line)
    words = _WORD.findall(subject)
    loud = [word for word in words if word.isupper() and len(word) >= _ABBREVIATION]
    # Scripts without capitals have no letters that count.
    cased = [sign for word in words for sign in word if sign.isupper() or sign.islower()]
    capitals = sum(sign.isupper() for sign in cased)
    if loud and len(words) > 1 and capitals * 2 > len(cased):
        message = f"the subject is mostly in capitals: {' '.join(loud)}"
        yield sample.finding(SUBJECT_SHOUT, message, "write it in small letters", line=line)


def subject_fake_re(sample: Sample) -> Iterator[Finding]:
    """A course answers nobody, so no subject of it is an answer."""
    spoken = sample.content.language.partition("-")[0].lower()
    words = "|".join(filter(None, (_ANSWERS[""], _ANSWERS.get(spoken, ""))))
    if found := re.match(rf"\s*(?:{words})\s*(?:\[\d+\])?\s*[:：]", sample.subject, re.IGNORECASE):
        yield sample.finding(
            SUBJECT_FAKE_RE,
            f"the subject begins with `{found[0].strip()}`, as if it were an answer",
            "leave it out",
            line=sample.line("subject"),
        )


def preheader_echo(sample: Sample) -> Iterator[Finding]:
    """The preheader says what the subject, the heading or the first line says."""
    preheader = _plain(constant(sample.preheader))
    if not preheader:
        return
    said = passages(sample.source)
    beside = [("the subject", constant(sample.subject)), ("the heading", sample.content.title)]
    texts = [it.text for it in said if _plain(it.text) != _plain(sample.content.title)]
    beside += [("the first line of the mail", texts[0])] if texts else []
    for name, text in beside:
        other = _plain(text)
        if other == preheader or (name.startswith("the first") and other.startswith(preheader)):
            yield sample.finding(
                PREHEADER_ECHO,
                f"the preheader repeats {name}",
                "go on from there: say what is in it for the reader",
                line=sample.line("preheader"),
            )
            return


def subject_front(series: Series) -> Iterator[Finding]:
    """Subjects that show the same on a small phone, as each persona gets them."""
    firsts: dict[tuple[str, ...], Sample] = {}
    for sample in series.samples:
        # SHARED signs are as many letters of a text or more.
        front = tuple(it.mail.subject[:SHARED].casefold() for it in sample.readings)
        first = firsts.setdefault(front, sample)
        pairs = zip(sample.readings, first.readings, strict=True)
        same = min((_shared(it.mail.subject, of.mail.subject) for it, of in pairs), default=0)
        if first is not sample and same >= SHARED:
            yield sample.finding(
                SUBJECT_FRONT,
                f"the first {same} characters of the subject are those of {first.source.path}; "
                f"a small phone shows {FRONT}",
                "put first what is special about this mail",
                line=sample.line("subject"),
            )


def _shared(one: str, other: str) -> int:
    """Return how many signs two subjects share at the beginning; 0 where they are the same."""
    if one == other:
        return 0  # that is for subject-dup
    count = 0
    for sign, beside in zip(one.casefold(), other.casefold(), strict=False):
        if sign != beside:
            break
        count += 1
    return signs(one[:count])


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


SAMPLE_CHECKS = (subject_shout, subject_fake_re, preheader_echo)
SERIES_CHECKS = (subject_front,)
