"""Whether a mail says that it has colours for dark mode."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bypost.check.blame import place_of
from bypost.check.finding import Finding, Level
from bypost.check.page import Page
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.check.styles import styles_of

DARK_META = Rule(
    id="dark-meta",
    level=Level.WARNING,
    title="A mail that is not made for dark mode",
    why="Without `color-scheme` Apple Mail repaints the mail itself, or shows a white sheet in a "
    "dark room; without colours under `prefers-color-scheme: dark` there is nothing to show there. "
    "Gmail and Outlook on Windows ask for neither and repaint as they like: `contrast-text` looks "
    "at that.",
    fix='Keep `<meta name="color-scheme" content="light dark">` and the block `@media '
    "(prefers-color-scheme: dark)` in `templates/email/base.mjml`.",
    source="caniemail, color-scheme meta tag and @media (prefers-color-scheme) (2026-05)",
    bad="<mj-head><mj-title>{{ title }}</mj-title></mj-head>",
    good='<mj-head><mj-raw><meta name="color-scheme" content="light dark" /></mj-raw></mj-head>',
)

RULES = (DARK_META,)


def dark_meta(sample: Sample) -> Iterator[Finding]:
    """The mail allows dark colours, and has some."""
    if not sample.page:
        return
    for message, fix in _lacks(sample.page):
        path, line = place_of(sample.around.root, re.compile(r"<mj-head"))
        yield DARK_META.at(path, message, fix=fix, line=line)


def _lacks(page: Page) -> Iterator[tuple[str, str]]:
    said = [it.attributes or {} for it in page.find('meta[name="color-scheme"]')]
    if not any("dark" in (it.get("content") or "") for it in said):
        tag = '<meta name="color-scheme" content="light dark" />'
        yield "the mail does not say that it may be shown dark", f"write {tag} in <mj-raw>"
    rules = styles_of(page).rules()
    if not any("prefers-color-scheme" in media for rule in rules for media in rule.media):
        fix = "write them under `@media (prefers-color-scheme: dark)` in <mj-style>"
        yield "the mail has no colours for dark mode", fix


SAMPLE_CHECKS = (dark_meta,)
