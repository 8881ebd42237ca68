"""How large a mail is once it is personal."""

from __future__ import annotations

from collections.abc import Iterator

from bypost.check.finding import Finding, Level
from bypost.check.sample import Sample

#: Gmail cuts a mail off at about 102 kB of HTML (observed, not documented), and with it the way
#: out at its end. Bytes of UTF-8, for the persona with the largest mail.
WARN_ABOVE = 80_000
REFUSE_ABOVE = 100_000


def size_clip(sample: Sample) -> Iterator[Finding]:
    """A mail too large is cut off by Gmail."""
    sizes = [(len(it.mail.html.encode()), it.persona.key) for it in sample.readings]
    size, key = max(sizes, default=(0, ""))
    if size <= WARN_ABOVE:
        return
    yield sample.finding(
        "size-clip",
        Level.ERROR if size > REFUSE_ABOVE else Level.WARNING,
        f"the HTML has {size / 1000:.0f} kB for {key}; Gmail cuts a mail off at about 102 kB",
        "shorten the text, or make two mails of it",
    )
