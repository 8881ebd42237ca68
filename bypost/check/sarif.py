"""Findings as SARIF 2.1.0, which code hosts show on the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bypost import __version__
from bypost.check.catalogue import CATALOGUE, about
from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}
#: What a finding about a whole folder is shown in: a place must be a file.
_FILES_OF_A_FOLDER = ("course.toml", "newsletter.toml")


def as_sarif(findings: Iterable[Finding], root: Path, base: Path) -> dict[str, Any]:
    """Return one run with its results, and the rules that found them.

    Args:
        findings: In any order.
        root: The project's folder.
        base: What paths are relative to where the project lies in it: the repository.
    """
    found = list(findings)
    rules = sorted({it.rule for it in found})
    driver = {
        "name": "ByPost",
        "version": __version__,
        "rules": [_rule(name) for name in rules],
    }
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(it, rules.index(it.rule), root, base) for it in found],
            }
        ],
    }


def _rule(name: str) -> dict[str, Any]:
    rule = CATALOGUE.get(name)
    if rule is None:
        return {"id": name}
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": _plain(rule), "markdown": about(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.level]},
        "properties": {"tags": ["email"], "precision": "high"},
    }


def _plain(rule: Rule) -> str:
    return f"{rule.why} {rule.fix} Source: {rule.source}."


def _result(finding: Finding, index: int, root: Path, base: Path) -> dict[str, Any]:
    text = f"{finding.message}; {finding.fix}" if finding.fix else finding.message
    place = {
        "artifactLocation": {"uri": _uri(finding.path, root, base), "uriBaseId": "%SRCROOT%"},
        # Code hosts refuse a place without a line; the first stands for the file.
        "region": {"startLine": finding.line or 1},
    }
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.level],
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }


def _uri(path: str, root: Path, base: Path) -> str:
    file = root / path
    if file.is_dir():
        file = next((file / it for it in _FILES_OF_A_FOLDER if (file / it).is_file()), file)
    inside = file.relative_to(base if root.is_relative_to(base) else root)
    return quote(inside.as_posix())
