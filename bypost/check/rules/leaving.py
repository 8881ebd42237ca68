"""The way out of every lesson and issue: in the mail and in its headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from selectolax.lexbor import LexborNode

from bypost.check.finding import Finding, Level
from bypost.check.frame import Letter, judged, letters
from bypost.check.gmail import CLIP_BYTES
from bypost.check.rule import Rule
from bypost.check.sample import Whole
from bypost.check.settings_file import PATH, line_of
from bypost.model.course import Kind

UNSUB_LINK = Rule(
    id="unsub-link",
    level=Level.ERROR,
    title="No visible way out in the HTML",
    why="A lesson or an issue has no link with which to leave, or it is hidden, has no text, or "
    "stands where Gmail no longer shows the mail. Gmail and Yahoo demand a visible link, the law "
    "of most countries does too, and who finds none uses the junk button, which hurts every mail "
    "you send.",
    fix="Put `{{ links.leave }}` into a link with text at the foot of the template.",
    source="Gmail's and Yahoo's sender guidelines (2024-02); CAN-SPAM Act, 15 U.S.C. 7704(a)(3)",
    bad="{% block foot %}See you next week.{% endblock %}",
    good='{% block foot %}<a href="{{ links.leave }}">Leave this course</a>{% endblock %}',
)
UNSUB_HEADER = Rule(
    id="unsub-header",
    level=Level.ERROR,
    title="Headers for leaving that mail programs do not accept",
    why="Mail programs show their own button for leaving only where `List-Unsubscribe` holds an "
    "https address and `List-Unsubscribe-Post` says exactly `List-Unsubscribe=One-Click`. Gmail "
    "and Yahoo demand both of everybody who sends much. The headers are made by the program; the "
    "address begins with `base_url`. An address of this machine passes, so that you can try.",
    fix="Set `base_url` in bypost.toml to the https address of your site.",
    source="RFC 8058, 3.1; Gmail's and Yahoo's sender guidelines (2024-02)",
    bad='base_url = "http://mail.example.org"',
    good='base_url = "https://mail.example.org"',
)
LIST_ID = Rule(
    id="list-id",
    level=Level.WARNING,
    title="A List-Id that is none",
    why="`List-Id` names the course or newsletter for filters and for Gmail's own lists of "
    "subscriptions. It is made of the folder's name and the domain of the sender's address, and "
    "has to be letters, digits, dashes and dots.",
    fix="Send from an address whose domain is written in plain letters, another one as `xn--...`.",
    source="RFC 2919, 2",
    bad='email = "course@beispiel.über"',
    good='email = "course@beispiel.example"',
)

RULES = (UNSUB_LINK, UNSUB_HEADER, LIST_ID)

_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|max-height\s*:\s*0"
    r"|(?<![-\w])opacity\s*:\s*0(?:\.0*)?\s*(?:;|!|$)",
    re.IGNORECASE,
)
_FONT_SIZE = re.compile(r"(?<![-\w])font-size\s*:\s*([\d.]+)", re.IGNORECASE)
_ONE_CLICK = "List-Unsubscribe=One-Click"
_LIST_ID = re.compile(r"<[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+>")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_SERIES = (Kind.LESSON, Kind.ISSUE)


def unsub_link(whole: Whole) -> Iterator[Finding]:
    """Each lesson's and issue's link for leaving; the text part is looked at by ``text-part``."""
    fix = "put `{{ links.leave }}` into a visible link with text"
    mails = list(letters(whole, *_SERIES))
    yield from judged(UNSUB_LINK, mails, _link, ending="mjml", fix=fix)


def unsub_header(whole: Whole) -> Iterator[Finding]:
    """The headers of one lesson or issue: they are made alike for all."""
    mail = next(letters(whole, *_SERIES), None)
    if mail is None:
        return
    headers = mail.mail.headers
    if complaint := _one_click(headers.get("List-Unsubscribe", ""), headers):
        yield UNSUB_HEADER.at(
            PATH,
            complaint,
            fix="set `base_url` to the https address of your site",
            line=line_of(whole.around.root, "site", "base_url"),
        )
    list_id = headers.get("List-Id", "")
    if not _LIST_ID.fullmatch(list_id) or len(list_id) > 255:
        yield LIST_ID.at(
            PATH,
            f"`List-Id: {list_id}` is not a name and a domain in plain letters",
            fix="send from an address whose domain is written in plain letters",
            line=line_of(whole.around.root, "sender", "email"),
        )


def _link(mail: Letter) -> str:
    links = [
        node
        for node in mail.page().find("a[href]")
        if (node.attributes or {}).get("href") == mail.leave
    ]
    if not links:
        return "the HTML has no link with which to leave"
    if not any(node.text(strip=True) or node.css_first("img[alt]") for node in links):
        return "the link with which to leave has no text"
    if not any(_is_visible(node) for node in links):
        return "the link with which to leave is hidden"
    at = len(mail.mail.html.partition(mail.leave)[0].encode())
    if at > CLIP_BYTES:
        return (
            f"the link with which to leave stands after {at // 1000} kB; "
            f"Gmail shows {CLIP_BYTES // 1000}"
        )
    return ""


def _is_visible(node: LexborNode) -> bool:
    size: str | None = None
    at: LexborNode | None = node
    while at is not None:
        attributes = at.attributes or {}
        style = attributes.get("style") or ""
        if "hidden" in attributes or _HIDDEN.search(style):
            return False
        # The nearest one counts: layout cells set the size of their gaps to nothing.
        if size is None and (found := _FONT_SIZE.search(style)):
            size = found[1]
        at = at.parent
    return size is None or float(size) > 0


def _one_click(header: str, headers: Mapping[str, str]) -> str:
    address = header.strip().removeprefix("<").partition(">")[0]
    parts = urlsplit(address)
    local = parts.scheme == "http" and parts.hostname in _LOCAL
    if not header.startswith("<") or not (parts.scheme == "https" or local):
        return f"`List-Unsubscribe` has no https address: {address or 'it is empty'}"
    if headers.get("List-Unsubscribe-Post") != _ONE_CLICK:
        return f"`List-Unsubscribe-Post` is not `{_ONE_CLICK}`"
    return ""


PROJECT_CHECKS = (unsub_link, unsub_header)
