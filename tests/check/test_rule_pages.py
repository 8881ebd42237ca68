"""Every rule has words and a page, and everything that is ever reported has a rule."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bypost.check import rule_pages
from bypost.check.catalogue import CATALOGUE
from bypost.check.report import explanation
from bypost.check.rule import Rule
from bypost.check.rules import MODULES, RULES

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "rules"
RULE = re.compile(r"[a-z]+(-[a-z]+)*")
#: Where the id of a rule stands among the arguments of the calls that carry one.
RULE_ARGUMENT = {"Problem": 4, "add": 1, "Unfit": 0}

every_rule = pytest.mark.parametrize("rule", CATALOGUE.values(), ids=lambda rule: rule.id)


def raised() -> set[str]:
    """The ids that loader and compiler give to what they find wrong."""
    found = {"content"}  # of a Problem that names none
    for folder in ("content", "render"):
        for path in (ROOT / "bypost" / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    found |= set(_rules_of(node))
    return found


def _rules_of(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    name = call.func.id if isinstance(call.func, ast.Name) else name
    if name not in RULE_ARGUMENT:
        return
    at = RULE_ARGUMENT[name]
    given = [word.value for word in call.keywords if word.arg == "rule"]
    given += [call.args[at]] if len(call.args) > at else []
    for argument in given:
        for node in ast.walk(argument):
            value = getattr(node, "value", None)
            if isinstance(node, ast.Constant) and isinstance(value, str) and RULE.fullmatch(value):
                yield value


def test_whatever_loader_and_compiler_report_has_a_rule() -> None:
    assert len(raised()) > 35
    assert raised() - set(CATALOGUE) == set()


def test_whatever_keeps_a_mail_from_being_made_is_reported_somewhere() -> None:
    holding = {rule.id for rule in CATALOGUE.values() if rule.holds}
    assert holding - raised() == set()


def test_no_two_rules_share_an_id_and_no_module_was_forgotten() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    folder = ROOT / "bypost" / "check" / "rules"
    describing = {
        path.stem
        for path in folder.glob("*.py")
        if re.search(r"^RULES\b", path.read_text(), re.MULTILINE)
    }
    assert {module.__name__.rpartition(".")[2] for module in MODULES} == describing - {"__init__"}


@every_rule
def test_a_rule_says_what_why_how_and_whence(rule: Rule) -> None:
    assert RULE.fullmatch(rule.id)
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    for text in (rule.why, rule.fix):
        assert text.endswith(".")
        assert "!" not in re.sub(r"`[^`]*`", "", text)
    assert rule.source
    assert rule.bad.strip() != rule.good.strip()


@every_rule
def test_the_page_of_a_rule_is_what_the_rule_says_now(rule: Rule) -> None:
    path = PAGES / f"{rule.id}.md"
    assert path.is_file(), "run `make docs`"
    assert path.read_text(encoding="utf-8") == rule_pages.page(rule), "run `make docs`"


def test_the_table_of_rules_is_complete_and_no_page_is_left_over() -> None:
    assert (PAGES / "README.md").read_text(encoding="utf-8") == rule_pages.index()
    assert {path.stem for path in PAGES.glob("*")} == {"README", *CATALOGUE}
    named = re.findall(r"^\| \[`([a-z-]+)`\]\(\1\.md\) \|", rule_pages.index(), re.MULTILINE)
    assert sorted(named) == sorted(CATALOGUE)


def test_writing_removes_the_page_of_a_rule_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("Old.")
    rule_pages.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(rule_pages.pages())


def test_an_example_with_fences_of_its_own_does_not_end_its_block() -> None:
    rule = CATALOGUE["words"]
    page = rule_pages.page(
        Rule(
            id=rule.id,
            level=rule.level,
            title=rule.title,
            why=rule.why,
            fix=rule.fix,
            source=rule.source,
            bad="```\ncode\n```",
            good=rule.good,
        )
    )
    assert "````\n```\ncode\n```\n````" in page


def test_what_keeps_a_mail_from_being_made_offers_no_exception() -> None:
    assert "<!-- bypost: allow key" not in rule_pages.page(CATALOGUE["key"])
    assert "<!-- bypost: allow words " in rule_pages.page(CATALOGUE["words"])
    assert "No exception" in explanation(CATALOGUE["key"])
    assert "<!-- bypost: allow words reason -->" in explanation(CATALOGUE["words"])


def test_what_the_table_links_to_is_there() -> None:
    for name, anchor in re.findall(r"\]\(\.\./([a-z.]+)#([a-z]+)\)", rule_pages.index()):
        headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / name).read_text(), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", it.lower()) for it in headings}
