"""The page that compares the providers, made from what their adapters declare.

``python -m bypost.providers.table FOLDER`` writes it (``make docs``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from bypost.model.message import Events, Key, Search
from bypost.providers.base import Provider
from bypost.providers.registry import BUILDERS, HOOKS
from bypost.providers.webhook import Webhook

_MADE = "<!-- Made from the adapters by `make docs`; a change here is lost. -->"
_INTRO = """\
Write one of these names into `[sending] provider`, or several in order of preference
([operating](../operating.md#providers)). Each name leads to its page: what to set up, limits, and
what was not verified. Every figure here is the one that the program goes by.

**No account was used.** The adapters were written from what the vendors publish, and tried against
fakes on one machine that were written from the same; the last table says from what, and when."""
_CARRIES = """\
*People* is the most of one request. Without an idempotency key a lost answer leaves that many
mails in doubt, so there `sending.batch_without_key` (100) holds unless you raise it. *Text of all*
is what everybody reads: `once` where the service puts each person's own texts into it (variables),
`for each` where it is handed finished mails. *Own headers* tells whether each person's own
`List-Unsubscribe`, the one for a single click, travels in a request for many."""
_LOST = """\
When the answer to a request is lost, the class decides
([promises](../promises.md#nobody-twice-nobody-left-out)): *key*, the same request again under the
same key, which sends nothing twice for so long; *search*, the provider is asked, no sooner than
it shows a mail; *events*, only a webhook tells; *nobody*, you do."""
_EVENTS = """\
How a post to `/hooks/NAME` is known to be the provider's, and from which age on its signature is
refused ([webhooks](../operating.md#webhooks))."""
_PACE = """\
What is kept to unless the settings say otherwise: `per_second` and `per_day`. All wait as long as a
429 asks, whether a header or the text says so."""
_CHECKED = """\
Where the vendor publishes a description that a program can read, the requests are validated
against it: a part of it in `make test`, the whole of it by `python -m tests.specs FOLDER`."""

#: Headings and cells of a row after the name.
_Columns = Mapping[str, Callable[[type[Provider]], str]]


def adapters() -> dict[str, type[Provider]]:
    """Return the class of each name that the settings take, in alphabetical order."""
    ours = {
        one.name: one
        for one in _below(Provider.__subclasses__())
        if one.__module__.startswith(__package__)
    }
    return {name: ours[name] for name in sorted(BUILDERS)}


def hooks() -> dict[str, type[Webhook]]:
    """Return the class that reads the events of each name that posts some."""
    ours = Webhook.__subclasses__()
    return {one.name: one for one in ours if one.name in HOOKS and "providers" in one.__module__}


def page() -> str:
    """Return the page, as Markdown."""
    telling = {name: one for name, one in adapters().items() if name in HOOKS}
    parts = [
        "# Providers",
        _MADE,
        _INTRO,
        "## What a request carries",
        _CARRIES,
        _table(adapters(), _CARRIED),
        "## When an answer is lost",
        _LOST,
        _table(adapters(), {"Class": _class, "Asked for": lambda one: one.asks or "–"}),
        "## Events",
        _EVENTS,
        _table(telling, {"Known by": _known_by, "Too old after": _oldest}),
        "## Pace",
        _PACE,
        _table(telling, _PACES),
        "## Checked against what, and when",
        _CHECKED,
        _table(adapters(), _SOURCES),
    ]
    return "\n\n".join(parts) + "\n"


def write(folder: Path) -> None:
    """Write the page into ``folder``."""
    (folder / "README.md").write_text(page(), encoding="utf-8")


def _below(kinds: Iterable[type[Provider]]) -> Iterator[type[Provider]]:
    for one in kinds:
        if "name" in vars(one):
            yield one
        yield from _below(one.__subclasses__())


def _table(ones: Mapping[str, type[Provider]], columns: _Columns) -> str:
    rows = [
        _row([_linked(name), *(cell(one) for cell in columns.values())])
        for name, one in ones.items()
    ]
    return "\n".join([_row(["Name", *columns]), "|---" * (len(columns) + 1) + "|", *rows])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _linked(name: str) -> str:
    return f"[`{name}`]({name}.md)"


def _most(one: type[Provider]) -> str:
    most: int = getattr(one, "default_batch_size", None) or one.batch_size
    return f"{most:,}"


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:g} MB"


def _mail(one: type[Provider]) -> str:
    """Return the most that one mail may weigh."""
    part, whole = one.max_part_bytes, one.max_message_bytes
    told = [f"{_megabytes(whole)}"] if whole else []
    told += [f"{_megabytes(part)} of HTML or text"] if part else []
    return ", ".join(told) or "–"


def _headers(one: type[Provider]) -> str:
    left = [f"not `{name.title()}`" for name in sorted(one.leaves_out)]
    return ", ".join(["yes" if one.own_headers else "no", *left])


def _class(one: type[Provider]) -> str:
    kind = one.send_class
    if isinstance(kind, Key):
        return f"key, {_span(kind.lifetime) if kind.lifetime else 'without end'}"
    if isinstance(kind, Search):
        return f"search, shown within {_span(kind.lag)}"
    return "events" if isinstance(kind, Events) else "nobody"


def _span(length: timedelta) -> str:
    minutes = length // timedelta(minutes=1)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"


def _known_by(one: type[Provider]) -> str:
    return hooks()[one.name].known_by


def _oldest(one: type[Provider]) -> str:
    oldest = hooks()[one.name].oldest
    return _span(oldest) if oldest else "never: a repeat does nothing"


def _description(one: type[Provider]) -> str:
    none = "**none was to be had**" if one.name in HOOKS else "there is no vendor"
    return one.checked.description or none


def _budget(limit: float | None) -> str:
    return "no limit" if limit is None else f"{limit:g}"


_CARRIED: _Columns = {
    "Service": lambda one: one.title[0].upper() + one.title[1:],
    "People": _most,
    "Bytes": lambda one: _megabytes(one.max_bytes),
    "One mail": _mail,
    "Text of all": lambda one: "once" if one.merge else "for each",
    "Own headers": _headers,
}
_PACES: _Columns = {
    "Requests a second": lambda one: _budget(one.limits.per_second),
    "Mails a day": lambda one: _budget(one.limits.per_day),
    "Where from": lambda one: one.limits.source,
}
_SOURCES: _Columns = {
    "The vendor's description": _description,
    "Besides": lambda one: one.checked.pages,
    "Read": lambda one: f"{one.checked.on:%B %Y}",
}


if __name__ == "__main__":
    write(Path(sys.argv[1]))
