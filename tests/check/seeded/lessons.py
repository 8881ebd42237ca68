"""Mistakes in the text of lessons and issues."""

from __future__ import annotations

from tests.check.seeded.defect import (
    BURNOUT,
    COMPARISON,
    COURSE,
    DECIDE,
    ISSUE,
    LAST,
    LATER_ISSUE,
    VAGUE,
    WELCOME,
    Defect,
    add,
    cut,
    edited,
    write,
)

_PLACE = "Keep the middle list."
_ENDING = "I hope the next answer is a yes."

_PROMISES = (
    edited(
        "a next lesson promised in the last one",
        "next-promise",
        LAST,
        _ENDING,
        "In the next lesson you get a list of phrases to avoid. " + _ENDING,
        at="In the next lesson",
    ),
    edited(
        "tomorrow promised where two weekdays pass",
        "next-promise",
        DECIDE,
        "If the third was the hardest",
        "Tomorrow we will look at feedback. If the third was the hardest",
        at="Tomorrow we will",
    ),
    edited(
        "a lesson named by a number it never had",
        "next-promise",
        VAGUE,
        "Leave the guesses where they are.",
        "There is more about this in lesson 9. Leave the guesses where they are.",
        at="in lesson 9",
    ),
    edited(
        "the date of the next lesson asked for in the last one",
        "jinja-undefined",
        LAST,
        _ENDING,
        "The next mail comes {{ next.when }}.",
    ),
    edited(
        "a link to a lesson that comes later",
        "link-lesson",
        COMPARISON,
        _PLACE,
        "There is more on this in [the lesson on burnout]({{ links.progress }}/lessons/burnout).",
    ),
    edited(
        "a link to a lesson by its file's name",
        "link-lesson",
        BURNOUT,
        "The budget might look like this.",
        "Take [your log]({{ links.progress }}/lessons/03-vague-feedback) beside it.",
    ),
    edited(
        "a link to an issue that is a draft",
        "link-lesson",
        VAGUE,
        "Use a page you can keep adding to.",
        "There is [a note on following up]({{ site.base_url }}/newsletters/clarity-notes/issues/"
        "following-up) too.",
    ),
)

_LINKS = (
    edited(
        "a link that says here",
        "link-text",
        DECIDE,
        "If the third was the hardest to write, spend your preparation there.",
        "More examples of such sentences are [here](https://example.org/sentences).",
    ),
    edited(
        "an address in the place of words",
        "link-text",
        DECIDE,
        "If the third was the hardest to write, spend your preparation there.",
        "More examples: <https://example.org/sentences/for/the/manager>",
    ),
    edited(
        "one set of words for two places",
        "link-text",
        DECIDE,
        "If the third was the hardest to write, spend your preparation there.",
        "[A list of sentences](https://example.org/one), and another:\n"
        "[A list of sentences](https://example.org/two).",
        at="https://example.org/two",
    ),
    edited(
        "an address without the s of https",
        "link-scheme",
        COMPARISON,
        _PLACE,
        "There is [a sheet to print](http://example.org/sheet).",
    ),
    edited(
        "a path that only a website knows",
        "link-scheme",
        COMPARISON,
        _PLACE,
        "There is [a sheet to print](/files/sheet.html).",
    ),
    edited(
        "a link that shows one host and leads to another",
        "link-mismatch",
        COMPARISON,
        _PLACE,
        "There is a sheet at [www.example.org](https://click.example.net/7f3a).",
        also="link-text",
    ),
    edited(
        "a name in a query without urlencode",
        "jinja-url",
        COMPARISON,
        _PLACE,
        'Your [sheet](https://example.org/sheet?for={{ subscriber.name|default("you") }}).',
    ),
    edited(
        "an address that a subscriber could choose",
        "link-personal",
        COMPARISON,
        _PLACE,
        "Your [own page]({{ subscriber.name }}).",
    ),
)

_EXPRESSIONS = (
    edited(
        "a greeting without a text for those who gave no name",
        "var-fallback",
        WELCOME,
        '{{ subscriber.name|default("Hello", true) }},',
        "Dear {{ subscriber.name }},",
    ),
    edited(
        "a word on the next lesson in one that may be the last",
        "next-fallback",
        WELCOME,
        "id: welcome\n",
        "id: welcome\nif_past: at_end\n",
        at="{{ next.when }}",
    ),
    edited(
        "a name mistyped",
        "jinja-undefined",
        WELCOME,
        "subscriber.name|",
        "subscriber.nmae|",
        at="subscriber.nmae",
    ),
    edited(
        "an expression that is not closed",
        "jinja-syntax",
        WELCOME,
        "{{ next.when }}",
        "{{ next.when }",
        at="{{ next.when }",
    ),
    edited(
        "a statement in a lesson",
        "jinja-statement",
        LAST,
        _ENDING,
        "{% if subscriber.name %}Good luck, {{ subscriber.name }}.{% endif %}",
    ),
    edited(
        "a value passed unescaped",
        "jinja-unsafe",
        LAST,
        '{{ subscriber.name|default("Hello", true) }}',
        "{{ subscriber.name|safe }}",
    ),
    edited(
        "the course's name in an issue",
        "jinja-undefined",
        LATER_ISSUE,
        "Take twenty minutes, while you still remember.",
        "As in {{ course.title }}, take twenty minutes.",
    ),
    edited(
        "a condition mistyped",
        "jinja-undefined",
        LAST,
        ":::: if course.questions_url",
        ":::: if course.question_url",
        # Taken for yes, so that what is inside is looked at as well.
        also="link-empty",
    ),
    edited(
        "a condition about a setting that was never made",
        "if-name",
        WELCOME,
        "A lesson takes about four minutes to read.",
        "::: if book_url\nThere is a book as well.\n:::\n\n"
        "A lesson takes about four minutes to read.",
    ),
    Defect(
        name="a button for a setting that is empty",
        rule="link-empty",
        path=LAST,
        steps=(
            write(LAST, ":::: if course.guide_url\n", ""),
            write(LAST, ":::\n::::\n\n:::: if course.que", ":::\n\n:::: if course.que"),
        ),
        at="::: button {{ course.guide_url }}",
    ),
)  # fmt: skip

_MARKDOWN = (
    edited(
        "an exercise that is never closed",
        "container-unclosed",
        COMPARISON,
        "make sure that the next team sees it.\n:::",
        "make sure that the next team sees it.\n",
        at="::: exercise Rewrite",
    ),
    edited(
        "a container mistyped", "container-unknown", BURNOUT, "::: note\n", "::: notice\n"
    ),
    edited(
        "a note inside of an exercise",
        "container-nested",
        COMPARISON,
        "Keep the middle list. Choose one thing from it and make sure that the next team sees it."
        "\n:::",
        "::: note\nKeep the middle list.\n:::\n:::",
        also="container-stray container-unclosed",
    ),
    edited(
        "a button without an address",
        "button-address",
        COMPARISON,
        "## What follows",
        "::: button\nPrint a sheet\n:::\n\n## What follows",
        at="::: button",
    ),
    edited("a line break in HTML", "markdown-html", LAST, _ENDING, "I hope for a yes.<br>Write."),
    edited(
        "a heading that skips two levels",
        "heading-order",
        COMPARISON,
        "## Two views of the same hour",
        "#### Two views of the same hour",
    ),
    edited(
        "a second title",
        "heading-order",
        DECIDE,
        "## Who will be productive soonest?",
        "# Who will be productive soonest?",
    ),
    edited(
        "a table of seven columns",
        "width-overflow",
        BURNOUT,
        "| In one week | Limit |\n|---|---|",
        "| Applications | Monday | Tuesday | Wednesday | Thursday | Friday |"
        "\n|---|---|---|---|---|---|",
    ),
    edited(
        "a third cell under a head of two",
        "table-cells",
        BURNOUT,
        "| Applications, written with care | at most 4 |",
        "| Applications, written with care | at most 4 | on two days |",
    ),
    edited(
        "a control sign pasted along",
        "character",
        VAGUE,
        "A log for facts and guesses",
        "A log for facts\x0b and guesses",
        at="::: exercise A log",
    ),
    Defect(
        name="a file saved in Latin-1",
        rule="encoding",
        path=ISSUE,
        steps=(add(ISSUE, "---\nid: following-up\nsubject: Caf\u00e9\n".encode("latin-1")),),
        at="subject: Caf",
    ),
    Defect(
        name="a lesson whose text was never written",
        rule="empty",
        path=VAGUE,
        steps=(
            cut(VAGUE, "\n# Why feedback is vague", "\n:::\n"),
            write(VAGUE, "\n:::\n", "<!-- to do -->\n"),
        ),
        at="<!-- to do",
    ),
    Defect(
        name="a lesson cut down to its exercise",
        rule="length-outlier",
        path=DECIDE,
        steps=(cut(DECIDE, "\nIn effect they ask three", "\n::: exercise"),),
    ),
    Defect(
        name="a lesson that asks for nothing",
        rule="course-cta",
        path=BURNOUT,
        steps=(cut(BURNOUT, "\n::: exercise", "\n:::\n"), write(BURNOUT, "\n:::\n", "")),
    ),
    Defect(
        name="a lesson behind the closing one",
        rule="course-end",
        path=f"{COURSE}/06-salary.md",
        steps=(
            add(
                f"{COURSE}/06-salary.md",
                "---\nid: salary\nsubject: What to say when they ask about money\n"
                "preheader: A figure, a reason for it, and the silence after it that does the"
                " work.\ndelay: 2 weekdays\n---\n\n# Money\n\n"
                + "Name a figure and wait. " * 60,
            ),
        ),
        # The closing lesson is measured like any other now.
        also=frozenset({"length-outlier"}),
    ),
    edited(
        "a phrase of advertising",
        "spam-phrase",
        LAST,
        _ENDING,
        "Act now, there is no obligation. " + _ENDING,
        at="Act now",
    ),
)  # fmt: skip

DEFECTS: tuple[Defect, ...] = (*_PROMISES, *_LINKS, *_EXPRESSIONS, *_MARKDOWN)
