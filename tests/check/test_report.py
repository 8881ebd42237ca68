"""Findings for people, for scripts, and as an exit code."""

from __future__ import annotations

import json

from bypost.check import Finding, Level, exit_code
from bypost.check.report import as_json, as_text

ERROR = Finding(rule="key", level=Level.ERROR, path="a.md", line=3, message="no", fix="do")
WARNING = Finding(rule="subject-dup", level=Level.WARNING, path="a.md", line=4, message="hm")
NOTE = Finding(rule="words", level=Level.INFO, path="b.md", line=None, message="few")


def test_text_gives_path_line_and_message_and_indents_the_fix() -> None:
    assert as_text([ERROR, WARNING, WARNING, NOTE]) == (
        "✗ a.md:3: no  [key]\n"
        "    do\n"
        "! a.md:4: hm  [subject-dup]\n"
        "! a.md:4: hm  [subject-dup]\n"
        "\n"
        "i b.md: few  [words]\n"
        "\n"
        "1 error, 2 warnings, 1 note"
    )


def test_text_without_findings_says_so() -> None:
    assert as_text([]) == "nothing found"


def test_json_has_the_same_keys_for_every_finding() -> None:
    plain = json.loads(json.dumps(as_json([ERROR, NOTE])))
    assert plain == {
        "findings": [
            {
                "rule": "key",
                "level": "error",
                "path": "a.md",
                "line": 3,
                "message": "no",
                "fix": "do",
            },
            {
                "rule": "words",
                "level": "info",
                "path": "b.md",
                "line": None,
                "message": "few",
                "fix": "",
            },
        ]
    }


def test_only_an_error_makes_the_exit_code_2() -> None:
    assert exit_code([]) == 0
    assert exit_code([WARNING, NOTE]) == 0
    assert exit_code([NOTE, ERROR]) == 2


def test_strictly_a_warning_makes_the_exit_code_1_and_an_error_stays_2() -> None:
    assert exit_code([NOTE], strict=True) == 0
    assert exit_code([WARNING, NOTE], strict=True) == 1
    assert exit_code([WARNING, ERROR], strict=True) == 2
