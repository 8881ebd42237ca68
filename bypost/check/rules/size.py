"""How large a mail is once it is personal."""

from __future__ import annotations

from collections.abc import Iterator

from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.check.sample import Sample

#: Gmail cuts a mail off at about 102 kB of HTML (observed, not documented), and with it the way
#: out at its end. Bytes of UTF-8, for the persona with the largest mail.
WARN_ABOVE = 80_000
REFUSE_ABOVE = 100_000

SIZE_CLIP = Rule(
    id="size-clip",
    level=Level.WARNING,
    title="HTML that mail programs cut off",
    why="Gmail shows about 102 kB of a mail's HTML and hides the rest behind a link, and with it "
    "the way out and the postal address at its end. It is an error above 100 kB.",
    fix="Shorten the text, or make two mails of it. Pictures do not count: they are fetched apart.",
    source="Observed by senders, not documented by Google (2026-11)",
    bad="A lesson of 25,000 words.",
    good="A lesson of 2,500 words.",
)

RULES = (SIZE_CLIP,)


def size_clip(sample: Sample) -> Iterator[Finding]:
    """A mail too large is cut off by Gmail."""
    sizes = [(len(it.mail.html.encode()), it.persona.key) for it in sample.readings]
    size, key = max(sizes, default=(0, ""))
    if size <= WARN_ABOVE:
        return
    yield sample.finding(
        SIZE_CLIP,
        f"the HTML has {size / 1000:.0f} kB for {key}; Gmail cuts a mail off at about 102 kB",
        "shorten the text, or make two mails of it",
        level=Level.ERROR if size > REFUSE_ABOVE else Level.WARNING,
    )


SAMPLE_CHECKS = (size_clip,)
