"""The page that compares the providers says what the adapters declare, and nobody is left out."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from bypost.model.message import Search
from bypost.providers import table
from bypost.providers.base import Provider
from bypost.providers.registry import BUILDERS, HOOKS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = table.page()

every_adapter = pytest.mark.parametrize(
    "adapter", table.adapters().values(), ids=lambda one: one.name
)
every_hook = pytest.mark.parametrize("name", HOOKS)


def rows(heading: str) -> dict[str, list[str]]:
    """Return the rows of the table under a heading, by name."""
    part = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| [`")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {re.findall(r"`(\w+)`", one[0])[0]: one[1:] for one in cells}


def test_the_page_is_what_the_adapters_declare_now(tmp_path: Path) -> None:
    table.write(tmp_path)
    now = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert (DOCS / "providers" / "README.md").read_text(encoding="utf-8") == now, "run `make docs`"


def test_every_name_of_the_settings_has_its_rows_and_its_page() -> None:
    assert set(rows("What a request carries")) == set(BUILDERS)
    assert set(rows("When an answer is lost")) == set(BUILDERS)
    assert set(rows("Checked against what, and when")) == set(BUILDERS)
    assert set(rows("Events")) == set(rows("Pace")) == set(HOOKS)
    assert {path.stem for path in (DOCS / "providers").glob("*")} == {"README", *BUILDERS}


@every_adapter
def test_every_page_leads_back_to_the_table(adapter: type[Provider]) -> None:
    text = (DOCS / "providers" / f"{adapter.name}.md").read_text(encoding="utf-8")
    assert "](README.md)" in text


@every_adapter
def test_what_was_not_checked_against_a_description_says_so(adapter: type[Provider]) -> None:
    said = rows("Checked against what, and when")[adapter.name]
    own = (DOCS / "providers" / f"{adapter.name}.md").read_text(encoding="utf-8")
    assert said[2] == f"{adapter.checked.on:%B %Y}"
    assert adapter.checked.on <= date(2030, 1, 1)
    if adapter.checked.description:
        assert said[0] == adapter.checked.description
    elif adapter.name in HOOKS:
        assert said[0] == "**none was to be had**"
        assert "**no machine-readable description**" in own
    else:
        assert said[0] == "there is no vendor"


@every_adapter
def test_who_is_searched_says_what_for_and_nobody_else_does(adapter: type[Provider]) -> None:
    searched = rows("When an answer is lost")[adapter.name][1]
    if isinstance(adapter.send_class, Search):
        assert re.search("`[A-Za-z]+`", searched)
    elif adapter.find is Provider.find:
        assert searched == "–"
    else:
        assert searched.startswith("nothing by itself")


@every_hook
def test_the_row_in_operating_says_the_same_of_events(name: str) -> None:
    known_by, oldest = rows("Events")[name]
    text = (DOCS / "operating.md").read_text(encoding="utf-8")
    (line,) = [one for one in text.splitlines() if f"](providers/{name}.md#webhooks) |" in one]
    assert f"| {known_by} |" in line
    assert line.endswith(f"| {oldest} |") or oldest.startswith("never:") == ("| never:" in line)


@every_adapter
def test_own_pages_name_the_most_of_a_request(adapter: type[Provider]) -> None:
    most = rows("What a request carries")[adapter.name][1]
    text = (DOCS / "providers" / f"{adapter.name}.md").read_text(encoding="utf-8")
    if adapter.name != "outbox":
        assert re.search(rf"\b{most}\b", text), most


def test_no_table_is_too_wide_to_read() -> None:
    heads = [line for line in PAGE.splitlines() if line.startswith("| Name |")]
    assert len(heads) == 5
    assert max(line.count("|") - 1 for line in heads) <= 7


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/operating.md"])
def test_whoever_chooses_is_led_to_the_table(page: str) -> None:
    text = (DOCS.parent / page).read_text(encoding="utf-8")
    assert "providers/README.md)" in text
    if page == "README.md":
        assert all(f"`{name}`" in text for name in BUILDERS)
