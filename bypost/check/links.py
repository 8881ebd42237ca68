"""``bypost check --links``: whether what mails link to is still there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from urllib.parse import urldefrag, urlsplit

from bypost import __version__
from bypost.check.asking import Asker, Limits, Offline, Reply, Verdict
from bypost.check.finding import Finding, Level
from bypost.check.link_cache import LinkCache
from bypost.check.page import Page
from bypost.check.rule import Rule
from bypost.check.sample import Sample, Whole
from bypost.errors import ContentError
from bypost.render.frames import FOLDER
from bypost.render.personalise import Personaliser
from bypost.settings.model import Check

LINK_DEAD = Rule(
    id="link-dead",
    level=Level.WARNING,
    title="A link that leads nowhere",
    why="A page that is gone costs the reader a minute and the sender their trust. Asked only "
    "with `bypost check --links`: each address once a day, links of the site itself and those "
    "that carry something personal never.",
    fix="Correct the address, or link to another page.",
    source="RFC 9110: 404 and 410 say that a page is not there",
    bad="[The study](https://example.org/moved-away)",
    good="[The study](https://example.org/where-it-is-now)",
)
LINK_UNCHECKED = Rule(
    id="link-unchecked",
    level=Level.INFO,
    title="A link that could not be checked",
    why="Some servers refuse programs, a machine may be offline, and a check asks only so many "
    "addresses for only so long. What was not checked may be dead.",
    fix="Open the link yourself, or raise `links_most` or `links_total_seconds` under `[check]`.",
    source="ByPost",
    bad="[The study](https://example.org/only-for-browsers)",
    good="[The study](https://example.org/for-everybody)",
)

RULES = (LINK_DEAD, LINK_UNCHECKED)

#: Stands for every personal value; an address that holds it is nobody else's business.
_PERSONAL = "7390517390517"
#: A finding about all links has no file of its own.
_PROJECT = "bypost.toml"

Place = tuple[str, int | None]
Places = Mapping[str, Sequence[Place]]


class LinkCheck:
    """A check over all mails that asks the network; give it to ``examine`` as ``further``."""

    def __init__(
        self,
        settings: Check,
        *,
        asker: Asker | None = None,
        tell: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        """Make one.

        Args:
            settings: Its limits.
            asker: Who asks; by default one that uses the network.
            tell: Hears how many addresses are done, of how many.
        """
        self._settings = settings
        self._asker = asker
        self._tell = tell

    def __call__(self, whole: Whole) -> Iterator[Finding]:
        """Yield what is wrong with the links of all mails."""
        around, settings = whole.around, self._settings
        places = addresses(whole)
        cache = LinkCache(
            around.root / "var" / "links.json",
            keep=timedelta(hours=settings.links_cache_hours),
            now=around.now,
        )
        known = {address: reply for address in places if (reply := cache.get(address))}
        unknown = [address for address in places if address not in known]
        asked, left = unknown[: settings.links_most], unknown[settings.links_most :]
        try:
            replies = self._ask(asked)
        except Offline:
            yield _offline(len(asked))
            replies = {}
        else:
            cache.keep(replies)
            late = [address for address in asked if replies[address].verdict is Verdict.LEFT]
            yield from _not_asked(len(left) + len(late), settings)
        for address, reply in (known | dict(replies)).items():
            yield from _findings(address, reply, places[address])

    def _ask(self, asked: Sequence[str]) -> Mapping[str, Reply]:
        if not asked:
            return {}
        if self._asker is not None:
            return self._asker.ask(asked, self._tell)
        # Loading it takes a fifth of a second, which a check without the network need not wait for.
        from bypost.http import HttpClient

        client = HttpClient(
            timeout=self._settings.links_timeout_seconds,
            user_agent=f"ByPost/{__version__} (check of links)",
        )
        limits = Limits(
            pause=self._settings.links_pause_seconds, total=self._settings.links_total_seconds
        )
        try:
            return Asker(client, limits).ask(asked, self._tell)
        finally:
            client.close()


def addresses(whole: Whole) -> Places:
    """Return address -> where it stands, for all that may be asked for.

    Left out are the site's own pages, and addresses with something personal in them.
    """
    own = urlsplit(whole.around.base_url).netloc
    found: dict[str, dict[Place, None]] = defaultdict(dict)
    for folder in whole.series:
        for sample in folder.samples:
            for address, line in _linked(sample):
                bare = urldefrag(address).url
                if _PERSONAL not in bare and _is_foreign(bare, own):
                    # The frame's own links are the template's, whichever mail shows them.
                    found[bare][(sample.source.path if line else FOLDER, line)] = None
    return {address: tuple(places) for address, places in found.items()}


def _linked(sample: Sample) -> Iterator[tuple[str, int | None]]:
    """Yield every address of a mail with its line, personal values marked as such."""
    values: dict[str, dict[str, str]] = defaultdict(dict)
    for need in sample.marked.needs:
        root, _, name = need.partition(".")
        values[root][name] = _PERSONAL
    try:
        page = Page(Personaliser(sample.marked).render(values).html)
    except ContentError:
        # An expression that cannot work with this stand-in; its readings were judged already.
        return
    for node in page.find("a[href], img[src]"):
        address = node.attributes.get("href") or node.attributes.get("src") or ""
        yield address.strip(), page.line(node)


def _is_foreign(address: str, own: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.netloc != own


def _findings(address: str, reply: Reply, places: Sequence[Place]) -> Iterator[Finding]:
    message = f"`{address}` {reply.words}"
    for path, line in places:
        if reply.verdict is Verdict.GONE:
            fix = "correct the address, or link to another page"
            yield LINK_DEAD.at(path, message, fix=fix, line=line)
        elif reply.verdict is Verdict.FAILED:
            fix = "look again later; if it stays, link to another page"
            yield LINK_DEAD.at(path, message, fix=fix, line=line)
        elif reply.verdict is Verdict.UNCLEAR:
            yield LINK_UNCHECKED.at(path, f"{message} to programs", fix="open it", line=line)


def _offline(count: int) -> Finding:
    what = "the only host" if count == 1 else "no host"
    message = f"{count} links could not be checked: {what} answered"
    return LINK_UNCHECKED.at(_PROJECT, message, fix="check your network, and try again")


def _not_asked(count: int, settings: Check) -> Iterator[Finding]:
    if count:
        message = (
            f"{count} links were not asked for: the limit is {settings.links_most} links "
            f"and {settings.links_total_seconds:g} s"
        )
        fix = "run it again, it goes on where it stopped; or raise the limits under [check]"
        yield LINK_UNCHECKED.at(_PROJECT, message, fix=fix)
