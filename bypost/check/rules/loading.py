"""What the loader reports: files and front matter that cannot be read.

These are not asked here: content that breaks one is not loaded, and its course is held back.
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
        source="ByPost's loader",
        bad=bad,
        good=good,
        holds=True,
    )


RULES = (
    _rule(
        "front-matter",
        "Front matter that cannot be read",
        "The lines between the two `---` are YAML. A colon or a brace inside a value, a tab, or a "
        "quote that is never closed makes them unreadable, and with them everything the file "
        "says about itself.",
        "Put the value in quotes; indent with spaces; begin the file with a line `---` and end "
        "the front matter with another.",
        "---\nsubject: One: two\n---",
        '---\nsubject: "One: two"\n---',
    ),
    _rule(
        "key",
        "A key that is missing, unknown or wrong",
        "An unknown key would be read by nobody, and a delay or a date that cannot be understood "
        "would leave a lesson without its time.",
        "Write it as the message says. All keys: `docs/writing.md`.",
        "delay: 2 fortnights",
        "delay: 14 days",
    ),
    _rule(
        "toml",
        "A file that is not valid TOML",
        "`course.toml`, `newsletter.toml` and `personas.toml` are read as TOML. A text without "
        "quotes is the usual mistake.",
        'Write `key = "text"`, with texts in quotes.',
        "title = Short Sentences",
        'title = "Short Sentences"',
    ),
    _rule(
        "duplicate-id",
        "An id that is there twice",
        "Progress is kept by the ids of lessons. Two lessons with one id would be taken for one "
        "lesson: who had the first would never get the second. The same goes for the keys of "
        "personas.",
        "Give the later one another id. An id that people have already got must not change.",
        "id: welcome    # also in 00-welcome.md",
        "id: first-steps",
    ),
    _rule(
        "empty",
        "A mail without text, or a course without lessons",
        "There is nothing to send.",
        "Write the text below the front matter, add a lesson such as `00-welcome.md`, or remove "
        "the file or folder.",
        "---\nid: welcome\nsubject: Welcome\n---",
        "---\nid: welcome\nsubject: Welcome\n---\n\nGood that you are here.",
    ),
    _rule(
        "file",
        "A file that cannot be read",
        "It is missing, larger than 1 MB, not a file, not to be read by this user, or a link that "
        "leads out of the project. Nothing outside the project folder is ever opened.",
        "Do what the message says: create it, copy it into the project, or give it readable "
        "permissions.",
        "lessons/style/01-verbs.md -> /home/ana/verbs.md",
        "lessons/style/01-verbs.md",
    ),
    _rule(
        "file-name",
        "A name that cannot be used",
        "Lessons go out in the order of the numbers their names begin with, issues are found by "
        "the date in theirs, and the name of a folder stands in the addresses of pages.",
        "Begin a lesson's name with a number and an issue's with a date; name folders with small "
        "letters, digits and hyphens.",
        "lessons/Style Guide/welcome.md",
        "lessons/style-guide/00-welcome.md",
    ),
    _rule(
        "encoding",
        "A file that is not UTF-8",
        "In another encoding every letter beyond plain English would arrive as a wrong one.",
        "Save the file as UTF-8 in your editor.",
        "Caf\\xe9 (Latin-1)",
        "Café (UTF-8)",
    ),
    _rule(
        "content",
        "Something that no other rule names",
        "As a rule a window that never opens: every day it could open on is among its skip "
        "dates, so the next lesson would never leave.",
        "Do what the message says, for example remove some of the skip dates.",
        "window:\n  days: mon\n  skip: [2027-01-04, 2027-01-11, ...]",
        "window:\n  days: mon-fri\n  skip: [2027-01-04]",
    ),
)
