"""Every mistake an author can make, and the line that answers it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.content.loader import load_project_content

Write = Callable[[str, str | bytes], Path]

GOOD = {"id": "second", "subject": "Welcome", "preheader": "Hello.", "delay": "at once"}
GOOD_ISSUE = {
    "id": "rye",
    "subject": "Rye",
    "preheader": "Rye.",
    "status": "ready",
    "date": "2026-12-01",
}


def matter(keys: dict[str, str], **changes: str) -> str:
    lines = [f"{key}: {value}" for key, value in {**keys, **changes}.items()]
    return "\n".join(["---", *lines, "---", "", "Text.", ""])


def lesson(**changes: str) -> str:
    return matter(GOOD, **changes)


def issue(**changes: str) -> str:
    return matter(GOOD_ISSUE, **changes)


def course(text: str) -> str:
    return f'title = "Baking"\nsummary = "Bread."\n{text}'


QUOTE = 'put the value in quotes: subject: "{{ subscriber.name }}, one question"'

INSTANT = (
    "add the offset from UTC, as in 2026-12-01T09:00:00+01:00, "
    "or write the date alone and the hour under `at`"
)

#: name of the mistake -> (lesson, line, what is wrong, how to mend it)
LESSONS: dict[str, tuple[str | bytes, int | None, str, str]] = {
    "empty file": ("", 1, "does not begin with front matter", "begin the file with ---"),
    "no front matter": ("# Hi\n", 1, "does not begin with front matter", "begin the file with ---"),
    "never closed": (
        "---\nid: welcome\n\n# Text\n",
        1,
        "the front matter is never closed",
        "put a line with --- below the last key",
    ),
    "closed far below": (
        "---\nid: welcome\n" + "a line\n" * 3000 + "---\n",
        1,
        "the front matter is longer than 16,000 bytes",
        "put a line with --- directly below the last key",
    ),
    "a list": (
        "---\n- id\n- subject\n---\nText.\n",
        2,
        "the front matter is a list",
        "write lines of `key: value`",
    ),
    "plain text": (
        "---\n\nhello\n---\nText.\n",
        3,
        "the front matter is plain text",
        "write lines of `key: value`",
    ),
    "no text": (
        "---\nid: a\nsubject: B\npreheader: C\ndelay: 1 day\n---\n",
        7,
        "there is no text below the front matter",
        "write the text, or remove the file",
    ),
    "key twice": (
        lesson().replace("preheader: Hello.", "subject: Again\npreheader: Hello."),
        4,
        "`subject` stands here twice, first on line 3",
        "keep one of them",
    ),
    "key missing": (
        "---\nid: a\nsubject: B\npreheader: C\n---\nText.\n",
        1,
        "`delay` is missing",
        "add `delay: 1 weekday`",
    ),
    "key misspelt": (
        lesson(windw="daily"),
        6,
        "unknown key `windw`",
        "did you mean `window`?",
    ),
    "key unknown": (
        lesson(zzz="1"),
        6,
        "unknown key `zzz`",
        (
            "known here: id, subject, preheader, delay, not_before, expires, window, "
            "if_past, season, instead_of"
        ),
    ),
    "nested key misspelt": (
        lesson(window="\n  strat: 08:00"),
        7,
        "unknown key `window.strat`",
        "did you mean `start`?",
    ),
    "delay in fortnights": (
        lesson(delay="2 fortnights"),
        5,
        "`2 fortnights` is not a delay",
        "write `at once`, `2 days`, `1 weekday` or `weekly on tuesday`",
    ),
    "delay misspelt": (
        lesson(delay="2 dayz"),
        5,
        "`2 dayz` is not a delay",
        "did you mean `2 days`?",
    ),
    "delay a number": (
        lesson(delay="2"),
        5,
        "`2` is not a delay",
        "write `at once`, `2 days`, `1 weekday` or `weekly on tuesday`",
    ),
    "subject empty": (lesson(subject=""), 3, "`subject` is empty", "write a text"),
    "subject on two lines": (
        lesson(subject='"Hi\\r\\nBcc: all@example.org"'),
        3,
        "`subject` holds a line break",
        "write it on one line",
    ),
    "subject with a paragraph separator": (
        lesson(subject='"Hi\\u2029there"'),
        3,
        "`subject` holds a line break",
        "write it on one line",
    ),
    "subject with a bell": (
        lesson(subject='"Hi\\athere"'),
        3,
        "`subject` holds a control character",
        "delete it",
    ),
    "subject a list": (
        lesson(subject="[Hi]"),
        3,
        "`subject` must be text",
        "write it as `subject: ...`",
    ),
    "subject begins with an expression": (
        lesson(subject="{{ subscriber.name }}, hello"),
        3,
        "a value begins with a bracket or brace",
        QUOTE,
    ),
    "subject is an expression": (
        lesson(subject="{{ lesson.title }}"),
        3,
        "a value begins with a bracket or brace",
        QUOTE,
    ),
    "subject begins with a bracket": (
        lesson(subject="[Course] Hello"),
        3,
        "a value begins with a bracket or brace",
        QUOTE,
    ),
    "subject begins with a star": (
        lesson(subject="*Important*"),
        3,
        "a value begins with a sign that means something in YAML",
        QUOTE,
    ),
    "subject begins with a percent sign": (
        lesson(subject="%d reasons"),
        3,
        "a value begins with a sign that means something in YAML",
        QUOTE,
    ),
    "subject with a colon": (
        lesson(subject="Comparison: a word"),
        3,
        "a value holds a colon",
        'put the value in quotes: subject: "One: two"',
    ),
    "quote never closed": (
        lesson(subject='"Hi'),
        6,
        "a quote is never closed",
        "close it, or write the value without quotes",
    ),
    "tab": (
        lesson(window="\n\tstart: 08:00"),
        7,
        "a tab stands where only spaces may",
        "indent with spaces",
    ),
    "id in capitals": (
        lesson(id="Welcome Mail"),
        2,
        "`Welcome Mail` is not an id",
        "use a-z, 0-9 and -, at most 64 characters",
    ),
    "id too long": (
        lesson(id="a" * 65),
        2,
        f"`{'a' * 65}` is not an id",
        "use a-z, 0-9 and -, at most 64 characters",
    ),
    "anchor": (
        lesson(subject="&a Hi"),
        3,
        "YAML anchors are not read here",
        "write the value out; quote it if it begins with & or *",
    ),
    "alias": (
        lesson(subject="*a"),
        3,
        "YAML anchors are not read here",
        "write the value out; quote it if it begins with & or *",
    ),
    "tag": (
        lesson(subject="!!python/object/apply:os.system [date]"),
        3,
        "YAML tags are not read here",
        "write the value without `!`",
    ),
    "unprintable character": (
        lesson(subject="Hi\x07"),
        3,
        "the front matter holds an unprintable character (U+0007)",
        "delete it",
    ),
    "nested too deeply": (
        lesson(subject="[" * 7000 + "]" * 7000),
        3,
        "a value is nested too deeply",
        QUOTE,
    ),
    "escape that names no character": (
        lesson(subject='"\\UFFFFFFFF"'),
        1,
        "the front matter cannot be read as YAML",
        "write lines of `key: value`",
    ),
    "window a word": (
        lesson(window="mornings"),
        6,
        "`window` must hold keys of its own",
        "write them below `window:`",
    ),
    "window opens and closes at once": (
        lesson(window="\n  start: 08:00\n  end: 08:00"),
        8,
        "the window would open and close at 08:00",
        "write a different end, or 00:00 to 24:00 for the whole day",
    ),
    "window at 25 hours": (
        lesson(window="\n  start: 25:00"),
        7,
        "`25:00` is not an hour",
        "write one from `00:00` to `23:59`",
    ),
    "window on no weekday": (
        lesson(window="\n  days: []"),
        7,
        "the window has no weekday on which to open",
        "name at least one",
    ),
    "window on a misspelt weekday": (
        lesson(window="\n  days: [mon, tuseday]"),
        7,
        "`tuseday` is not a weekday",
        "did you mean `tuesday`?",
    ),
    "window skips no date": (
        lesson(window="\n  skip:\n    - 2026-12-24\n    - 2026-12-32"),
        9,
        "`2026-12-32` is not a date",
        "write one like 2026-12-24",
    ),
    "not_before in words": (
        lesson(not_before="soon"),
        6,
        "`soon` is not a date",
        "write one like 2026-12-24",
    ),
    "not_before in the year 202": (
        lesson(not_before="0202-12-01"),
        6,
        "`0202-12-01` is not a likely date",
        "write one like 2026-12-24",
    ),
    "expires too early": (
        lesson(not_before="2026-12-01", expires="2026-12-01"),
        7,
        "the lesson would expire before `not_before`",
        "write a date after 2026-12-01",
    ),
    "not UTF-8": (
        b"---\nid: a\nsubject: caf\xe9\n---\n",
        3,
        "is not UTF-8: byte 0xE9",
        "save the file as UTF-8 in your editor",
    ),
    "not UTF-8, with a byte order mark and CRLF": (
        b"\xef\xbb\xbf---\r\nid: a\r\n\r\n\xff\r\n---\r\n",
        4,
        "is not UTF-8: byte 0xFF",
        "save the file as UTF-8 in your editor",
    ),
    "a megabyte": (
        b"x" * 1_000_001,
        None,
        "is larger than 1,000,000 bytes",
        "keep text here, put pictures beside it as files, and downloads on a website",
    ),
}

ISSUES: dict[str, tuple[str, int, str, str]] = {
    "naive date-time": (
        issue(date="2026-12-01T09:00:00"),
        6,
        "`2026-12-01T09:00:00` does not say in which zone",
        INSTANT,
    ),
    "date in words": (
        issue(date="first of December"),
        6,
        "`first of December` is not a date",
        "write 2026-12-01, or 2026-12-01T09:00:00+01:00",
    ),
    "instant and hour": (
        issue(date="2026-12-01T09:00:00+01:00", at="09:00"),
        7,
        "`date` names an instant and `at` an hour",
        "remove `at`, or write the date alone",
    ),
    "hour in words": (
        issue(at="nine"),
        7,
        "`nine` is not an hour",
        "write hours and minutes, like `09:00`",
    ),
    "status misspelt": (
        issue(status="redy"),
        5,
        "`redy` is not a status",
        "write `draft` or `ready`",
    ),
    "delay in an issue": (
        issue(delay="1 day"),
        7,
        "unknown key `delay`",
        "known here: id, subject, preheader, status, date, at, audience",
    ),
}

COURSES: dict[str, tuple[str | bytes, int | None, str, str]] = {
    "empty": ("", 1, "`title` is missing", 'add `title = "A Short Course"`'),
    "syntax": (
        course('hour = "09:00\n'),
        3,
        "is not valid TOML: illegal character '\\n'",
        'write `key = "text"`, texts in quotes',
    ),
    "unquoted": (
        course("hour = 09:00\n"),
        3,
        "is not valid TOML: expected newline or end of document after a statement",
        'write `key = "text"`, texts in quotes',
    ),
    "key twice": (
        course('title = "Again"\n'),
        3,
        "is not valid TOML: cannot overwrite a value",
        'write `key = "text"`, texts in quotes',
    ),
    "array never closed": (
        course("[window]\nskip = [\n"),
        4,
        "is not valid TOML: invalid value",
        'write `key = "text"`, texts in quotes',
    ),
    "number too long": (
        course("title2 = " + "1" * 5000),
        None,
        "is not valid TOML: a value is too long or nested too deeply",
        'write `key = "text"`, texts in quotes',
    ),
    "key misspelt": (
        course('timezone = "UTC"'),
        3,
        "unknown key `timezone`",
        "did you mean `time_zone`?",
    ),
    "zone misspelt": (
        course('time_zone = "Europe/Berlni"'),
        3,
        "`Europe/Berlni` is not a time zone",
        "did you mean `Europe/Berlin`?",
    ),
    "zone a city": (
        course('time_zone = "New York"'),
        3,
        "`New York` is not a time zone",
        "did you mean `America/New_York`?",
    ),
    "zone a path": (
        course('time_zone = "../../etc/passwd"'),
        3,
        "`../../etc/passwd` is not a time zone",
        "write one like `Europe/Berlin`",
    ),
    "language with an underscore": (
        course('language = "en_US"'),
        3,
        "`en_US` is not a language",
        "write one like `en` or `pt-BR`",
    ),
    "hour a number": (course("hour = 9"), 3, "`9` is not text", "write one text, in quotes"),
    "setting a number": (
        course("[settings]\nprice = 3\n"),
        4,
        "`settings.price` must be text",
        'write it as `price = "..."`',
    ),
    "setting not a name": (
        course('[settings]\n"guide url" = ""\n'),
        4,
        "`guide url` is not a name",
        "use letters, digits and _",
    ),
    "setting taken": (
        course('[settings]\n\ntitle = ""\n'),
        5,
        "`title` is taken by ByPost itself",
        "choose another name",
    ),
    "settings a text": (
        course('settings = "a"\n'),
        3,
        "`settings` must hold keys of its own",
        "write them below `[settings]`",
    ),
    "window day a number": (
        course("[window]\ndays = [1]\n"),
        4,
        "`1` is not text",
        "write one text, in quotes",
    ),
    "skip after a long array": (
        course('[window]\nskip = [\n  "2026-12-24", # [eve\n  "]",\n]\nend = "9"\n'),
        4,
        "`]` is not a date",
        "write one like 2026-12-24",
    ),
}


@pytest.mark.parametrize(("text", "line", "message", "fix"), LESSONS.values(), ids=LESSONS)
def test_a_mistake_in_a_lesson_is_answered_with_its_line_and_its_cure(
    project: Path, write: Write, text: str | bytes, line: int | None, message: str, fix: str
) -> None:
    write("lessons/baking/01-broken.md", text)
    library = load_project_content(project)
    (found,) = library.broken["lessons/baking"]
    assert (found.path, found.line) == ("lessons/baking/01-broken.md", line)
    assert (found.message, found.fix) == (message, fix)
    assert library.courses == ()


@pytest.mark.parametrize(("text", "line", "message", "fix"), ISSUES.values(), ids=ISSUES)
def test_a_mistake_in_an_issue_is_answered_with_its_line_and_its_cure(
    project: Path, write: Write, text: str, line: int, message: str, fix: str
) -> None:
    write("newsletters/crumbs/2026-12-01-rye.md", text)
    library = load_project_content(project)
    (found,) = library.broken["newsletters/crumbs"]
    assert str(found) == f"newsletters/crumbs/2026-12-01-rye.md:{line}: {message}\n    {fix}"


@pytest.mark.parametrize(("text", "line", "message", "fix"), COURSES.values(), ids=COURSES)
def test_a_mistake_in_course_toml_is_answered_with_its_line_and_its_cure(
    project: Path, write: Write, text: str | bytes, line: int | None, message: str, fix: str
) -> None:
    write("lessons/baking/course.toml", text)
    found = load_project_content(project).broken["lessons/baking"][0]
    assert (found.path, found.line) == ("lessons/baking/course.toml", line)
    assert (found.message, found.fix) == (message, fix)
