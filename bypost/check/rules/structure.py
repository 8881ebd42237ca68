"""What a screen reader goes by: the language, the title, and what each table is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bypost.check.blame import blamed, place_of
from bypost.check.finding import Finding, Level
from bypost.check.page import Page
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.check.styles import Element, styles_of
from bypost.model.course import Course, Newsletter
from bypost.render.style import direction

_LAYOUT = frozenset({"presentation", "none"})
_BARE_TABLE = re.compile(r"<(?:mj-)?table\b(?![^>]*\brole=)")
_UNKNOWN = frozenset({"", "und"})

TABLE_ROLE = Rule(
    id="table-role",
    level=Level.ERROR,
    title="A table that says neither what it is nor what its columns are",
    why="Mails are laid out with tables. A screen reader announces each with its rows and columns "
    "unless it is marked as layout, and reads a table of data without headings as a heap of cells.",
    fix='Give a table of the layout `role="presentation"`, and a table of data a row of `<th>`. '
    "Tables in Markdown have their headings; this is about tables in templates.",
    source="WCAG 2.2, 1.3.1 Info and Relationships; practice for accessible mail",
    bad="<mj-text><table><tr><td>Step 1</td><td>Step 2</td></tr></table></mj-text>",
    good='<mj-text><table role="presentation"><tr><td>Step 1</td><td>Step 2</td></tr></table>'
    "</mj-text>",
)
LANG_MISSING = Rule(
    id="lang-missing",
    level=Level.ERROR,
    title="A mail that does not name its language",
    why="A screen reader takes the voice and the rules of pronunciation from it, a browser the "
    "hyphens and the offer to translate. Languages written from the right need `dir` as well, or "
    "punctuation and lists stand on the wrong side.",
    fix='Set `language` in `course.toml` or `newsletter.toml`, e.g. "en" or "pt-BR", and keep '
    '`lang="{{ language }}" dir="{{ direction }}"` on `<mjml>` in `templates/email/base.mjml`.',
    source="WCAG 2.2, 3.1.1 Language of Page",
    bad="<mjml>",
    good='<mjml lang="{{ language }}" dir="{{ direction }}">',
)
TITLE_MISSING = Rule(
    id="title-missing",
    level=Level.WARNING,
    title="A mail without a title",
    why="The title names the mail where it is opened in a browser, and a screen reader says it "
    "first.",
    fix="Keep `<mj-title>{{ title }}</mj-title>` in `templates/email/base.mjml`; the title is the "
    "first heading of the mail, and without one the subject.",
    source="WCAG 2.2, 2.4.2 Page Titled",
    bad="<mj-head><mj-title></mj-title></mj-head>",
    good="<mj-head><mj-title>{{ title }}</mj-title></mj-head>",
)

RULES = (TABLE_ROLE, LANG_MISSING, TITLE_MISSING)


def table_role(sample: Sample) -> Iterator[Finding]:
    """Each table is either marked as layout or has headings."""
    if not sample.page:
        return
    for element in styles_of(sample.page).elements:
        if element.tag != "table" or element.attributes.get("role") in _LAYOUT:
            continue
        if element.node.css_first("th") is None:
            # What MJML and Markdown make is right: it is a table written out in a template.
            path, line = place_of(sample.around.root, _BARE_TABLE)
            origin = blamed(sample.around.root, element)
            yield TABLE_ROLE.at(
                path if line else origin.path,
                f"{origin.name} is neither marked as layout nor has headings",
                fix='write role="presentation", or give it a row of <th>',
                line=line or origin.line,
            )


def lang_missing(sample: Sample) -> Iterator[Finding]:
    """The mail names its language, and its direction where that is not the usual one."""
    if not sample.page:
        return
    language = sample.content.language
    if language in _UNKNOWN and sample.series:
        yield LANG_MISSING.at(
            _settings_of(sample.series), f"`{language}` names no language", fix="set `language`"
        )
        return
    root = _root(sample.page)
    named_language = root.attributes.get("lang", "") if root else ""
    wanted = direction(language)
    if named_language.lower() in _UNKNOWN:
        yield _frame(sample, "the mail does not name its language", 'lang="{{ language }}"')
    elif wanted == "rtl" and root and root.attributes.get("dir") != wanted:
        yield _frame(sample, f"`{language}` is written from the right", 'dir="{{ direction }}"')


def title_missing(sample: Sample) -> Iterator[Finding]:
    """The mail has a title."""
    if not sample.page:
        return
    title = sample.page.tree.css_first("title")
    if title is not None and title.text().strip():
        return
    path, line = place_of(sample.around.root, re.compile(r"<mj-title|<mj-head"))
    yield TITLE_MISSING.at(
        path, "the mail has no title", fix="write <mj-title>{{ title }}</mj-title>", line=line
    )


def _settings_of(series: Course | Newsletter) -> str:
    name = "course.toml" if isinstance(series, Course) else "newsletter.toml"
    return f"{series.path}/{name}"


def _root(page: Page) -> Element | None:
    return next((it for it in styles_of(page).elements if it.tag == "html"), None)


def _frame(sample: Sample, message: str, attribute: str) -> Finding:
    path, line = place_of(sample.around.root, re.compile(r"<mjml\b"))
    return LANG_MISSING.at(path, message, fix=f"write `{attribute}` on <mjml>", line=line)


SAMPLE_CHECKS = (table_role, lang_missing, title_missing)
