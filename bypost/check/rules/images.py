"""Pictures: what is said in their place, and whether a mail program can fetch and show them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from bypost.check import blame
from bypost.check.addresses import Fault, fault
from bypost.check.finding import Finding, Level
from bypost.check.page import Page
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.check.styles import Element, styles_of

#: Signs of an alt text that is still heard out.
LONGEST_ALT = 125
#: Signs of text below which a mail with pictures counts as a picture.
LEAST_TEXT = 200

#: Endings of files -> why they are not for mail (caniemail, 2026-05).
_FORMATS = {
    "svg": "Gmail shows no SVG",
    "webp": "Outlook on Windows shows no WebP",
    "avif": "Outlook on Windows shows no AVIF",
    "heic": "Outlook shows no HEIC",
    "heif": "Outlook shows no HEIF",
    "tif": "Outlook and Yahoo show no TIFF",
    "tiff": "Outlook and Yahoo show no TIFF",
    "jxl": "few mail programs show JPEG XL",
    "mp4": "Gmail and Outlook play no video",
    "webm": "Gmail and Outlook play no video",
    "mov": "Gmail and Outlook play no video",
}
_FILE_NAME = re.compile(
    r"[\w-]+(?: [\w-]+)*\.(?:png|jpe?g|gif|svg|webp|avif|heic)|(?:IMG|DSC|DSCN|image)[_-]?\d+",
    re.IGNORECASE,
)

IMG_ALT = Rule(
    id="img-alt",
    level=Level.WARNING,
    title="A picture without words that stand for it",
    why="Many mail programs show pictures only when asked, and a screen reader has nothing but the "
    "alt text. The name of a file says nothing, and nobody listens to more than "
    f"{LONGEST_ALT} characters. No alt text at all is an error.",
    fix="Say in one sentence what the picture tells. What takes longer belongs into the text. For "
    'a picture that only decorates, write `![](line.png "decorative")`.',
    source="WCAG 2.2, 1.1.1 Non-text Content",
    bad="![IMG_2041.jpg](two-columns.png)",
    good="![Two columns: what you prepare for, and what the team compares](two-columns.png)",
)
IMG_REMOTE = Rule(
    id="img-remote",
    level=Level.ERROR,
    title="A picture that a mail program cannot fetch",
    why="A mail is read on another machine: a path, `file:` or `localhost` leads nowhere there, "
    "apps refuse pictures without https, and Gmail shows none that is written into the mail as "
    "`data:`.",
    fix="Put the file beside the lesson and name it: `bypost` serves it from the site. Or give an "
    "https address.",
    source="caniemail, Base 64 image format (2026-05); react-email's checks (2026-08)",
    bad="![A plan of the week](http://localhost:3000/week.png)",
    good="![A plan of the week](week.png)",
)
IMG_FORMAT = Rule(
    id="img-format",
    level=Level.WARNING,
    title="A kind of picture that mail programs do not show",
    why="SVG stays empty in Gmail, WebP and AVIF in Outlook on Windows, a video in both. PNG, JPEG "
    "and GIF work everywhere.",
    fix="Save it as PNG (drawings, screenshots) or JPEG (photographs); put a picture with a link "
    "in the place of a video.",
    source="caniemail, image formats (2026-05)",
    bad="![The way of an application](https://example.org/way.svg)",
    good="![The way of an application](https://example.org/way.png)",
)
IMG_ONLY = Rule(
    id="img-only",
    level=Level.WARNING,
    title="A mail that is little more than a picture",
    why=f"With less than {LEAST_TEXT} characters of text a mail says nothing to people who have "
    "pictures switched off or hear it read out, and filters take it for advertising.",
    fix="Write down what the picture says.",
    source="Practice of spam filters; Buttondown's preflight checks (2026-11)",
    bad="# Your week\n\n![The whole lesson as a poster](poster.png)",
    good="# Your week\n\nOn Monday you write down three things ... (200 characters or more)\n\n"
    "![The same as a poster](poster.png)",
)

_Said = tuple[Rule, str, str, Level | None]

RULES = (IMG_ALT, IMG_REMOTE, IMG_FORMAT, IMG_ONLY)


def images(sample: Sample) -> Iterator[Finding]:
    """``img-alt``, ``img-remote`` and ``img-format`` of every picture."""
    page = sample.page
    if not page:
        return
    for element in _pictures(page):
        for rule, message, fix, level in (
            *_alt(element),
            *_address(element, sample.around.base_url),
        ):
            yield blame.finding(sample, page, element, rule, message, fix, level)


def img_only(sample: Sample) -> Iterator[Finding]:
    """A mail with pictures has a text as well."""
    page = sample.page
    if not page:
        return
    lines = [line for it in _pictures(page) if (line := page.line(it.node))]
    if not lines:
        return
    elements = styles_of(page).elements
    count = sum(len(it.text) for it in elements if it.text and page.line(it.node))
    if count < LEAST_TEXT:
        yield sample.finding(
            IMG_ONLY,
            f"the mail has a picture and {count} characters of text",
            f"write at least {LEAST_TEXT} characters",
            line=lines[0],
        )


def _pictures(page: Page) -> list[Element]:
    return [it for it in styles_of(page).elements if it.tag == "img"]


def _alt(element: Element) -> Iterator[_Said]:
    alt = element.attributes.get("alt")
    if alt is None:
        message = f"{blame.named(element)} has no alt text"
        yield IMG_ALT, message, 'describe it, or write alt=""', Level.ERROR
    elif _FILE_NAME.fullmatch(alt.strip()):
        message = f"the alt text `{alt.strip()}` is the name of a file"
        yield IMG_ALT, message, "say what the picture tells", None
    elif len(alt) > LONGEST_ALT:
        fix = f"say it in {LONGEST_ALT}, and the rest in the text"
        yield IMG_ALT, f"the alt text has {len(alt)} characters", fix, None


def _address(element: Element, base_url: str) -> Iterator[_Said]:
    source = element.attributes.get("src", "").strip()
    if message := _complaint(source, base_url):
        fix = "put the file beside the lesson, or give an https address"
        yield IMG_REMOTE, message, fix, None
        return
    ending = PurePosixPath(unquote(urlsplit(source).path)).suffix.lower().removeprefix(".")
    if ending in _FORMATS:
        message = f"the picture is a .{ending}; {_FORMATS[ending]}"
        yield IMG_FORMAT, message, "save it as PNG or JPEG", None


def _complaint(source: str, base_url: str) -> str:
    found = fault(source, base_url)
    if found is Fault.OTHER:
        return f"a picture with a `{source.split(':')[0]}:` address is not shown"
    shown = source if len(source) <= 80 else f"{source[:79]}…"
    words = {
        Fault.EMPTY: "the picture has no address",
        Fault.RELATIVE: f"the picture `{shown}` is a path, which leads nowhere in a mail",
        Fault.ANCHOR: f"the picture `{shown}` is a path, which leads nowhere in a mail",
        Fault.INSECURE: f"the picture `{shown}` is not fetched by https",
        Fault.LOCAL: f"the picture `{shown}` is on this machine only",
        Fault.UNRESOLVED: f"the address `{shown}` has an expression left in it",
    }
    return words.get(found, "") if found else ""


SAMPLE_CHECKS = (images, img_only)
