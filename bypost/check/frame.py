"""What the frame of a mail does to every mail in it: said once, at the template."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bypost.check import envelope
from bypost.check.finding import Finding
from bypost.check.page import Page
from bypost.check.rule import Rule
from bypost.check.sample import Reading, Sample, Whole
from bypost.check.sample_links import sample_links
from bypost.model.course import Kind
from bypost.model.message import Message

_FOLDER = "templates/email"


@dataclass(frozen=True, slots=True)
class Letter:
    """A sample as the persona with its longest HTML gets it.

    Attributes:
        leave: The address in it that ends what it belongs to.
    """

    sample: Sample
    reading: Reading
    mail: Message
    leave: str

    def page(self) -> Page:
        """Return its HTML, as it is sent, as a tree."""
        return Page(self.mail.html)

    def frame(self, ending: str) -> str:
        """Return the template it was poured into, relative to the project.

        Args:
            ending: ``mjml`` or ``txt``.
        """
        kind, item = self.sample.kind, self.sample.item.id
        own = f"{_FOLDER}/{item}.{ending}"
        if kind is Kind.NOTICE and (self.sample.around.root / own).exists():
            return own
        return f"{_FOLDER}/{kind.value}.{ending}"


def letters(whole: Whole, *kinds: Kind) -> Iterator[Letter]:
    """Yield the mails of some kinds, those that somebody can get."""
    for series in whole.series:
        for sample in series.samples:
            if sample.kind in kinds and sample.readings:
                reading = max(sample.readings, key=lambda it: len(it.mail.html))
                mail = envelope.message(sample, reading)
                leave = sample_links(sample.around.base_url)["leave"]
                yield Letter(sample, reading, mail, leave)


def judged(
    rule: Rule,
    mails: list[Letter],
    judge: Callable[[Letter], str],
    *,
    ending: str,
    fix: str,
) -> Iterator[Finding]:
    """Yield what ``judge`` says, in few words; empty for nothing.

    Where it says something of every mail of a frame, the frame is to blame, and it is said once
    there; else at each mail.
    """
    frames: dict[str, list[tuple[Letter, str]]] = {}
    for mail in mails:
        frames.setdefault(mail.frame(ending), []).append((mail, judge(mail)))
    for frame, told in frames.items():
        if all(complaint for _, complaint in told):
            yield rule.at(frame, told[0][1], fix=fix)
            continue
        for mail, complaint in told:
            if complaint:
                yield mail.sample.finding(rule, complaint, fix)
