"""Mistakes in the templates: what every mail has around its words."""

from __future__ import annotations

from tests.check.seeded.defect import MAILS, Defect, edited

_BASE, _LESSON, _PARTS = f"{MAILS}/base.mjml", f"{MAILS}/lesson.mjml", f"{MAILS}/parts.mjml"
_STYLE = f"{MAILS}/style.toml"
_LEAVE = (
    ' <a href="{{ links.leave }}" style="color:{{ style.light.muted }};text-decoration:underline">'
    "Leave this course</a>."
)

_FOOT = (
    edited("a template without the way out", "unsub-link", _LESSON, _LEAVE, "", at=""),
    edited(
        "a plain text without the way out",
        "text-part",
        f"{MAILS}/lesson.txt",
        " Leave this course:\n{{ links.leave }}",
        "",
        at="",
    ),
    edited(
        "a foot without a postal address",
        "postal-address",
        _BASE,
        "{{ sender.name }} · {{ sender.postal_address }}",
        "{{ sender.name }}",
        at="",
        # Each frame that shows none is named, whatever it is built on.
        found=_LESSON,
    ),
    edited(
        "a foot that does not say since when",
        "why-you-get-this",
        f"{MAILS}/issue.mjml",
        "You asked for {{ newsletter.title }} on {{ subscriber.since }}.",
        "You are on our list.",
        at="",
    ),
)

_HEAD = (
    edited(
        "the language lost",
        "lang-missing",
        _BASE,
        '<mjml lang="{{ language }}" dir="{{ direction }}">',
        "<mjml>",
    ),
    edited(
        "the title lost", "title-missing", _BASE, "    <mj-title>{{ title }}</mj-title>\n", "",
        at="<mj-head>",
    ),
    edited(
        "the word about dark mode lost",
        "dark-meta",
        _BASE,
        '      <meta name="color-scheme" content="light dark" />\n',
        "",
        at="<mj-head>",
    ),
)  # fmt: skip

_LOOK = (
    edited(
        "a white button",
        "contrast-button",
        _PARTS,
        'background-color="{{ style.light.accent }}" color="{{ style.light.on_accent }}"',
        'background-color="#FFFFFF" color="{{ style.light.on_accent }}"',
        at="<mj-button",
    ),
    edited(
        "words in light grey", "theme-contrast", _STYLE, 'muted = "#59626D"', 'muted = "#B8BEC5"',
        also="contrast-text",
    ),
    edited(
        "a link without its line",
        "link-underline",
        _STYLE,
        'a = "color:{accent};text-decoration:underline"',
        'a = "color:{accent};text-decoration:none"',
    ),
    edited(
        "tables in tiny letters",
        "font-size",
        _STYLE,
        "border-collapse:collapse;font-size:16px",
        "border-collapse:collapse;font-size:11px",
        at="table =",
    ),
    edited(
        "a button too low for a thumb",
        "target-size",
        _PARTS,
        'inner-padding="13px 22px"',
        'inner-padding="4px 22px"',
        at="<mj-button",
    ),
    edited(
        "a sheet as wide as a website", "width-overflow", _STYLE, 'width = "600px"',
        'width = "960px"', at='css-class="bp-sheet"', found=_BASE,
    ),
    edited(
        "a colour mistyped",
        "style",
        _STYLE,
        'a = "color:{accent};',
        'a = "color:{acent};',
    ),
    edited(
        "a quotation moved by position",
        "html-forbidden",
        _STYLE,
        'blockquote = "',
        'blockquote = "position:absolute;',
        also="css-unsupported",
    ),
)  # fmt: skip

_MARKUP = (
    edited(
        "a table of the layout that is read out",
        "table-role",
        _LESSON,
        '<table role="presentation" aria-hidden="true"',
        "<table",
    ),
    edited("an element mistyped", "mjml-element", _BASE, '<mj-spacer height="1px" />',
           '<mj-space height="1px" />'),
    edited("an attribute mistyped", "mjml-attribute", _PARTS, "border-radius=", "border-radios=",
           at="<mj-button"),
    edited("a column that is never closed", "mjml-nesting", _PARTS,
           "<mj-column>{{ inner }}</mj-column>", "<mj-column>{{ inner }}", at="<mj-section"),
    edited("a question about one person", "template-personal", _LESSON,
           '{% call only_if("next.when") %}The next lesson', "{% if next.when %}The next lesson"),
    edited("a name mistyped in a notice", "jinja-undefined", f"{MAILS}/goodbye.md",
           "# You have left {{ about.title }}", "# You have left {{ about.titel }}"),
    edited("a form in the foot", "html-forbidden", _BASE,
           "{% block foot %}{% endblock %}",
           '{% block foot %}{% endblock %}<form action="https://example.org/answer">'
           '<input name="answer" /></form>', at="<form", also="css-unsupported"),
    edited("a block in a paragraph", "html-valid", _LESSON, "You asked for",
           "<div>You</div> asked for", at="<p"),
)  # fmt: skip

DEFECTS: tuple[Defect, ...] = (*_FOOT, *_HEAD, *_LOOK, *_MARKUP)
