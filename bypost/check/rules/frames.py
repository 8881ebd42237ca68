"""What the compiler reports about the templates around a mail's text: Jinja, MJML and the style.

These are not asked here: no mail can be made with a template that breaks one.
"""

from __future__ import annotations

from bypost.check.finding import Level
from bypost.check.rule import Rule


def _rule(name: str, title: str, why: str, fix: str, bad: str, good: str) -> Rule:
    return Rule(
        id=name,
        level=Level.ERROR,
        title=title,
        why=why,
        fix=fix,
        source="ByPost's compiler; what mjml-python 1.4 does with it is in docs/decisions.md",
        bad=bad,
        good=good,
        holds=True,
    )


RULES = (
    _rule(
        "template",
        "A template that is wrong",
        "Jinja cannot read it, or it mixes a personal name with one that is not.",
        "Correct it on the line named. An expression about the subscriber may not hold names of "
        "the mail: write two expressions.",
        "{{ subscriber.name ~ course.title }}",
        "{{ subscriber.name }} {{ course.title }}",
    ),
    _rule(
        "template-missing",
        "A template that is not there",
        "Every mail needs its frame in `templates/email`, as `.mjml` and as `.txt`, and "
        "`style.toml`.",
        "Restore it from the package's own templates.",
        "templates/email/    # without lesson.mjml",
        "templates/email/lesson.mjml",
    ),
    _rule(
        "template-personal",
        "A statement that asks for something personal",
        "A template is rendered once for everybody, so a statement in it cannot decide for one "
        "person.",
        'Use `{% call only_if("next.when") %} ... {% endcall %}`.',
        "{% if next.when %}The next one: {{ next.when }}{% endif %}",
        '{% call only_if("next.when") %}The next one: {{ next.when }}{% endcall %}',
    ),
    _rule(
        "style",
        "A style.toml that is wrong",
        "The templates and everything Markdown makes take their colours and sizes from it.",
        "Give each colour to both palettes, and define what the elements use under `[light]`, "
        "`[dark]` or `[size]`.",
        '[elements]\na = "color: {acent}"',
        '[elements]\na = "color: {accent}"',
    ),
    _rule(
        "mjml-syntax",
        "MJML that cannot be read",
        "An element that is not closed, or a bare `<` or `&`, ends the reading of the whole "
        "document.",
        "Close the element; write `&lt;` and `&amp;`.",
        "<mj-text>Fish & chips<br></mj-text>",
        "<mj-text>Fish &amp; chips<br /></mj-text>",
    ),
    _rule(
        "mjml-element",
        "An element that cannot be used",
        "mjml-python prints an element it does not know into the mail, and some it knows come "
        "out otherwise than in the official compiler. So there is a list.",
        "Use an element of `bypost/render/elements.py`.",
        "<mj-txt>Hello</mj-txt>",
        "<mj-text>Hello</mj-text>",
    ),
    _rule(
        "mjml-attribute",
        "An attribute that is not known",
        "mjml-python drops it without a word. A value that differs between people cannot stand "
        "where a number must.",
        "Correct its name, or write a number.",
        '<mj-text colour="#333">Hello</mj-text>',
        '<mj-text color="#333">Hello</mj-text>',
    ),
    _rule(
        "mjml-nesting",
        "An element where it may not stand",
        "mjml-python drops what stands in the wrong place, or closes what was never opened.",
        "Put it where the message says, and close what was opened last first.",
        "<mj-section><mj-text>Hello</mj-text></mj-section>",
        "<mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section>",
    ),
    _rule(
        "mjml-text",
        "Text that would be lost",
        "Text directly in a section or a column does not reach the mail.",
        "Put it into `<mj-text>` or `<mj-raw>`.",
        "<mj-column>Hello</mj-column>",
        "<mj-column><mj-text>Hello</mj-text></mj-column>",
    ),
)
