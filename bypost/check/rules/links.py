"""Links: what their words promise, where they lead, and whether they can be told from text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bypost.check import blame
from bypost.check.addresses import Fault, fault, host
from bypost.check.buttons import is_button
from bypost.check.finding import Finding, Level
from bypost.check.linkwords import heard, is_address, is_generic, promised
from bypost.check.page import Page
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.check.styles import Element, Styles, styles_of

#: Links of a mail's text above which filters and readers take it for a list of links.
MANY = 20

LINK_TEXT = Rule(
    id="link-text",
    level=Level.WARNING,
    title="A link whose words do not say where it leads",
    why="Who hears a mail read out goes from link to link, and hears only their words: “here”, "
    "“here”, “more”. An address is spelled out letter by letter. And where the same words lead to "
    "two places, nobody can tell which is which.",
    fix="Let the words name what is behind the link. Different targets get different words.",
    source="WCAG 2.2, 2.4.4 Link Purpose (In Context); Buttondown's preflight checks (2026-11)",
    bad="The questions to ask are [here](https://example.org/questions).",
    good="There is [a list of questions to ask](https://example.org/questions).",
)
LINK_SCHEME = Rule(
    id="link-scheme",
    level=Level.ERROR,
    title="An address that leads nowhere from a mail, or not safely",
    why="A mail has no page around it, so a path has nothing to be relative to; `localhost` is the "
    "reader's own machine; `http:` can be read and changed on the way, and filters dislike it. "
    "Addresses of the site itself are right on any machine: they follow `base_url`.",
    fix="Write the whole address with https://. For a place on your own site write "
    "`{{ site.base_url }}/...`. A heading in the same mail cannot be linked to: mail programs "
    "do not follow such links.",
    source="react-email's and Buttondown's checks (2026-11); caniemail, Local anchors (2026-05)",
    bad="[The list](/list) and [the other](http://example.org/other).",
    good="[The list](https://example.org/list) and [the other](https://example.org/other).",
)
LINK_MISMATCH = Rule(
    id="link-mismatch",
    level=Level.ERROR,
    title="A link that shows one address and leads to another",
    why="That is what fraud looks like. Mail programs warn of it, and filters sort such mail out, "
    "however honest it is meant.",
    fix="Write words instead of an address, or make the two the same.",
    source="Practice of filters against phishing (2026-11)",
    bad="[www.example.org](https://example.net/go?to=example.org)",
    good="[Example's list of questions](https://example.net/go?to=example.org)",
)
LINK_COUNT = Rule(
    id="link-count",
    level=Level.INFO,
    title="Many links in one mail",
    why=f"With more than {MANY} links nobody knows which one matters, and filters know such mails "
    "from advertising. Links of the frame do not count.",
    fix="Keep those that a reader needs today; put the others on a page, and link to it.",
    source="Practice of spam filters (2026-11)",
    bad="A list of 30 links to further reading.",
    good="The three best of them, and one link to the whole list.",
)
LINK_UNDERLINE = Rule(
    id="link-underline",
    level=Level.WARNING,
    title="A link in the text told by its colour alone",
    why="Whoever sees colours differently does not find it, and in an app that repaints mails "
    "nobody does.",
    fix="Leave `text-decoration:underline` with `a` in `[elements]` of "
    "`templates/email/style.toml`; a line below or bold letters do as well.",
    source="WCAG 2.2, 1.4.1 Use of Color",
    bad='# templates/email/style.toml\n[elements]\na = "color:{accent};text-decoration:none"',
    good='# templates/email/style.toml\n[elements]\na = "color:{accent};text-decoration:underline"',
)

RULES = (LINK_TEXT, LINK_SCHEME, LINK_MISMATCH, LINK_COUNT, LINK_UNDERLINE)

_Said = tuple[Rule, str, str]


@dataclass(frozen=True, slots=True)
class _Link:
    """One link: where it leads, and what a reader sees or hears of it."""

    element: Element
    href: str
    words: str


def links(sample: Sample) -> Iterator[Finding]:
    """``link-text``, ``link-scheme`` and ``link-mismatch`` of every link."""
    page = sample.page
    if not page:
        return
    firsts: dict[str, str] = {}
    for link in _links(page):
        for rule, message, fix in (
            *_text(link, firsts),
            *_scheme(link, page, sample.around.base_url),
            *_mismatch(link),
        ):
            yield blame.finding(sample, page, link.element, rule, message, fix)


def link_count(sample: Sample) -> Iterator[Finding]:
    """A mail is no list of links."""
    page = sample.page
    count = sum(page.line(link.element.node) is not None for link in _links(page)) if page else 0
    if count > MANY:
        yield sample.finding(LINK_COUNT, f"the mail has {count} links", "keep those that matter")


def link_underline(sample: Sample) -> Iterator[Finding]:
    """A link within a text has more than its colour."""
    if not sample.page:
        return
    styles = styles_of(sample.page)
    for link in _links(sample.page):
        if _is_told_by_colour(link, styles):
            origin = blame.blamed(sample.around.root, link.element, ("text-decoration",))
            message = f"{origin.name} is told from the text around by colour alone"
            yield LINK_UNDERLINE.at(origin.path, message, fix="underline it", line=origin.line)


def _links(page: Page) -> Iterator[_Link]:
    for element in styles_of(page).elements:
        if element.tag == "a" and "href" in element.attributes:
            yield _Link(element, element.attributes["href"].strip(), _words(element))


def _words(element: Element) -> str:
    said = [element.node.text(), element.attributes.get("aria-label", "")]
    said += [(it.attributes or {}).get("alt") or "" for it in element.node.css("img")]
    return " ".join(" ".join(said).split())


def _text(link: _Link, firsts: dict[str, str]) -> Iterator[_Said]:
    plain = heard(link.words)
    if not plain:
        yield LINK_TEXT, f"the link to {_short(link.href)} has no words", "say where it leads"
    elif is_generic(link.words):
        message = f"the words “{link.words}” do not say where the link leads"
        yield LINK_TEXT, message, "let the words name what is behind it"
    elif is_address(link.words):
        message = f"the link shows its address {_short(link.words)} instead of words"
        yield LINK_TEXT, message, "write `[what is there](address)`"
    elif firsts.setdefault(plain, link.href) != link.href:
        message = f"the words “{link.words}” lead to {_short(firsts[plain])} further up"
        yield LINK_TEXT, message, "give one of the two links other words"


def _scheme(link: _Link, page: Page, base_url: str) -> Iterator[_Said]:
    found = fault(link.href, base_url)
    if found is Fault.ANCHOR and _is_there(page, link.href[1:]):
        return
    shown = _short(link.href)
    words = {
        Fault.UNRESOLVED: (f"the address {shown} has an expression left in it", "write it out"),
        Fault.ANCHOR: (f"nothing in the mail is called {shown}", "leave the link out"),
        Fault.RELATIVE: (f"the address {shown} is no whole address", "begin it with https://"),
        Fault.LOCAL: (f"{shown} is on this machine only", "give the address of the real site"),
        Fault.INSECURE: (f"{shown} is not opened by https", "write https://"),
        Fault.OTHER: (f"mail programs do not open {shown}", "use https:// or mailto:"),
        Fault.EMPTY: ("a link has no address", "give it one"),
    }
    if found:
        yield LINK_SCHEME, *words[found]


def _mismatch(link: _Link) -> Iterator[_Said]:
    shown = promised(link.words)
    if "@" in shown:
        real = link.href.removeprefix("mailto:").split("?")[0]
        differs = link.href.startswith("mailto:") and real.casefold() != shown.casefold()
    else:
        real = host(link.href)
        differs = bool(shown and real) and not _same_site(shown, real)
    if differs:
        message = f"the link shows {shown} and leads to {real}"
        yield LINK_MISMATCH, message, "write words instead of the address, or the real one"


def _same_site(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _is_there(page: Page, name: str) -> bool:
    return bool(name) and any(
        name in (it.attributes.get("id"), it.attributes.get("name"))
        for it in styles_of(page).elements
    )


def _is_told_by_colour(link: _Link, styles: Styles) -> bool:
    look = styles.looks()[link.element]
    outer = link.element.parent
    if not (outer and look.shown and link.element.node.text().strip()):
        return False
    around = styles.looks()[outer]
    decoration = f"{look.own.get('text-decoration', '')} {look.own.get('text-decoration-line', '')}"
    told = (
        "underline" in decoration
        or "border-bottom" in look.own
        or "border" in look.own
        or look.bold != around.bold
        or is_button(link.element, look)
    )
    # Alone in its paragraph it is told by its place.
    alone = len(outer.node.text().split()) == len(link.element.node.text().split())
    return not told and not alone


def _short(address: str) -> str:
    return f"`{address}`" if len(address) <= 60 else f"`{address[:59]}…`"


SAMPLE_CHECKS = (links, link_count, link_underline)
