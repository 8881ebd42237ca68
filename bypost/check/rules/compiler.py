"""What the compiler reports about a mail's own text: Markdown, addresses and expressions.

These are not asked here: a mail that breaks one cannot be made, and its course is held back.
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
        source="ByPost's compiler",
        bad=bad,
        good=good,
        holds=True,
    )


_MARKDOWN = (
    _rule(
        "character",
        "A character that no mail can carry",
        "Control characters, and the invisible signs that the compiler uses itself, come along "
        "when text is pasted. Mail servers refuse them or cut the mail there.",
        "Delete it on the line named; it may be invisible.",
        "Five\\x00words",
        "Five words",
    ),
    _rule(
        "container-unknown",
        "A container that is not there",
        "What begins with `:::` is a container: `exercise`, `note`, `button` or `if`. Another "
        "name is a mistype, and its text would lose its box.",
        "Write one of the known names.",
        "::: exersise\nWrite one sentence.\n:::",
        "::: exercise\nWrite one sentence.\n:::",
    ),
    _rule(
        "container-unclosed",
        "A container that is never closed",
        "It would take in everything down to the end of the mail.",
        "End it with a line of as many colons. A container around another needs more colons than "
        "the one inside it.",
        "::: note\nRemember this.",
        "::: note\nRemember this.\n:::",
    ),
    _rule(
        "container-stray",
        "A line of colons that closes nothing",
        "The container ended before, so this line would stand in the mail as text. As a rule a "
        "container around another has too few colons.",
        "Give the container around more colons than the ones inside it, or remove the line.",
        "::: exercise\n::: if book\nOpen the book.\n:::\n:::",
        ":::: exercise\n::: if book\nOpen the book.\n:::\n::::",
    ),
    _rule(
        "container-nested",
        "A container where none may stand",
        "A box in a box, in a list or in a quotation is nothing that mail programs show alike.",
        "End the one before the other begins, or begin the line of colons at the margin.",
        "* First\n\n  ::: note\n  Remember this.\n  :::",
        "* First\n\n::: note\nRemember this.\n:::",
    ),
    _rule(
        "button-address",
        "A button without exactly one address",
        "Without an address it leads nowhere.",
        "Write `::: button URL`, with the address on the same line and no spaces in it.",
        "::: button\nOpen the page\n:::",
        "::: button https://example.org/page\nOpen the page\n:::",
    ),
    _rule(
        "button-label",
        "A button without exactly one line of text",
        "The text below is what the button says: one short line, no list and no second paragraph.",
        "Write its label on one line below.",
        "::: button https://example.org/page\n:::",
        "::: button https://example.org/page\nOpen the page\n:::",
    ),
    _rule(
        "if-name",
        "A condition about something that is not there",
        "`::: if NAME` asks for a setting of the course or for something known about the "
        "subscriber. A name that is not there would always mean no.",
        "Write a name under `[settings]` of `course.toml`, or `subscriber.COLUMN`.",
        "::: if bok\nOpen the book.\n:::",
        "::: if book\nOpen the book.\n:::",
    ),
    _rule(
        "markdown-html",
        "Raw HTML",
        "Mail programs each know another part of HTML. Markdown is made into HTML that all of "
        "them show; what stands there raw would not be, and has no plain-text form.",
        "Write it in Markdown, or between backticks if it is an example.",
        "<b>Now</b> write.",
        "**Now** write.",
    ),
    _rule(
        "link-empty",
        "An address that is empty",
        "As a rule it is made of a setting without a value.",
        "Give the setting a value, or put the block into `::: if NAME`.",
        "[The book]({{ course.book_url }})",
        "::: if book_url\n[The book]({{ course.book_url }})\n:::",
    ),
    _rule(
        "link-personal",
        "An address that a subscriber may have chosen",
        "It begins with a value that came from a sign-up form or a file, and so could lead "
        "anywhere.",
        "Begin it with https:// and a host of your own.",
        "[Your page]({{ subscriber.page }})",
        "[Your page](https://example.org/{{ subscriber.page|urlencode }})",
    ),
)

_EXPRESSIONS = (
    _rule(
        "jinja-syntax",
        "An expression that cannot be read",
        "What stands between `{{` and `}}` is replaced by its value. One that is not closed on "
        "its line, or is no expression, would reach people as it is.",
        "Close it with `}}`, or write `\\{{` for two braces.",
        "Hello {{ subscriber.name",
        "Hello {{ subscriber.name }}",
    ),
    _rule(
        "jinja-undefined",
        "A name that is not there in this mail",
        "It is mistyped, or belongs to another kind of mail: the last lesson has no `next`, an "
        "issue no `course`. Columns of the CSV and attributes of personas are names under "
        "`subscriber`.",
        "Correct the name, or add the column to `subscribers.csv` or to a persona.",
        "Hello {{ subscriber.nmae }}",
        "Hello {{ subscriber.name }}",
    ),
    _rule(
        "jinja-unsafe",
        "A filter, method or name that is not allowed",
        "Expressions are filled with what subscribers wrote. Some of Jinja would let such a "
        "value into the HTML unescaped, or reach into the program.",
        "Use one of the filters in `docs/writing.md`.",
        "{{ subscriber.name|safe }}",
        "{{ subscriber.name }}",
    ),
    _rule(
        "jinja-value",
        "An expression that fails for some value",
        "It is tried with a sample value and with an empty one, because any value may be empty.",
        'Guard it, for example with `|default("you")`.',
        "{{ subscriber.name[0] }}",
        '{{ subscriber.name|default("you", true) }}',
    ),
    _rule(
        "jinja-statement",
        "A statement in a mail",
        "`{% %}` and `{# #}` are for templates. A mail is compiled once for everybody, so a "
        "statement in it could not tell one person from another.",
        "Use `::: if NAME`, or put it between backticks if it is an example.",
        "{% if subscriber.name %}Hello{% endif %}",
        "::: if subscriber.name\nHello\n:::",
    ),
    _rule(
        "jinja-lost",
        "An expression that does not reach the mail",
        "It stands where no text is shown, such as in the definition of a link that nothing "
        "uses, and is missing from the HTML or from the plain text.",
        "Move it to where text is shown, or remove it.",
        "[unused]: https://example.org/{{ course.id }}",
        "See https://example.org/{{ course.id }}",
    ),
    _rule(
        "personalise",
        "A mail that cannot be made for a persona",
        "It compiles, and then fails for the values of one person: that person would get nothing.",
        "Give the value in `personas.toml`, or guard the expression against its absence.",
        "{{ subscriber.joined.year }}",
        "{{ subscriber.since }}",
    ),
)

RULES = (*_MARKDOWN, *_EXPRESSIONS)
