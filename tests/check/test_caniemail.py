"""The data of caniemail: reduced, read, recognised in a mail, and measured against a baseline."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from bypost.check.baseline import collected, shipped
from bypost.check.caniemail import CanIEmail, Support, data, reduced, update, written
from bypost.check.features import used
from bypost.check.page import Page
from tests.check.conftest import SHIPPED

RAW = {
    "last_update_date": "2026-05-13 14:45:41 +0000",
    "nicenames": {
        "family": {"gmail": "Gmail", "outlook": "Outlook"},
        "platform": {"ios": "iOS", "windows": "Windows", "windows-mail": "Windows Mail"},
    },
    "data": [
        {
            "slug": "css-filter",
            "title": " filter",
            "category": "css",
            "stats": {
                "gmail": {"ios": {"2019-02": "n", "2024-01": "a #2 #1"}},
                "outlook": {"windows-mail": {"2019": "n"}},
            },
            "notes_by_num": {"1": "One.", "2": "Two\n lines.", "3": "Of an older version."},
        },
        {
            "slug": "css-color",
            "title": "color",
            "category": "css",
            "stats": {"outlook": {"windows": {"2016": "n", "2019": "y"}}},
            "notes_by_num": None,
        },
    ],
}


def test_the_newest_verdict_of_each_program_is_kept_with_its_notes() -> None:
    found = CanIEmail(reduced(RAW)).feature("css-filter")
    (verdict,) = found.verdicts
    assert (verdict.client, verdict.support) == ("Gmail (iOS)", Support.PARTIAL)
    assert verdict.notes == ("One.", "Two lines.")
    assert found.url == "https://www.caniemail.com/features/css-filter/"


def test_a_program_without_a_verdict_and_one_that_has_ended_have_none() -> None:
    kept = reduced(RAW)
    assert kept["clients"] == ["gmail ios", "outlook windows"]
    (verdict,) = CanIEmail(kept).feature("css-color").verdicts
    assert (verdict.client, verdict.support) == ("Outlook (Windows)", Support.FULL)


def test_an_update_takes_the_package_or_its_file_and_writes_a_feature_in_a_line(
    tmp_path: Path,
) -> None:
    (tmp_path / "package/data").mkdir(parents=True)
    source = tmp_path / "package/data/caniemail.json"
    source.write_text(json.dumps(RAW))
    for path in (tmp_path / "package", source):
        assert update(path, tmp_path / "kept.json") == "2026-05-13"
        text = (tmp_path / "kept.json").read_text()
        assert text == written(reduced(RAW))
        assert json.loads(text) == reduced(RAW)
        assert sum(line.startswith('  "css-') for line in text.splitlines()) == 2


def test_the_package_carries_data_with_its_date_and_its_notice() -> None:
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", data().date)
    assert {"gmail", "apple-mail", "outlook", "yahoo"} <= data().families.keys()
    assert len(data().titles) > 300
    notice = files("bypost.check").joinpath("data", "caniemail-LICENSE.txt").read_text("utf-8")
    assert "Copyright (c) 2019 Rémi Parmentier" in notice


def test_verdicts_are_those_of_the_programs_asked_for() -> None:
    found = data().feature("css-box-shadow")
    assert {it.family for it in found.among(("gmail", "yahoo"), Support.NONE)} == {"gmail", "yahoo"}
    assert found.among(("apple-mail",), Support.NONE) == ()


@pytest.mark.parametrize(
    ("html", "slug"),
    [
        ('<b style="box-shadow:none">x</b>', "css-box-shadow"),
        ('<b style="display: flex">x</b>', "css-display-flex"),
        ('<b style="width:calc(1px + 2px)">x</b>', "css-unit-calc"),
        ('<b style="width:10vw">x</b>', "css-unit-vw"),
        ('<b style="color:var(--ink)">x</b>', "css-variables"),
        ('<b style="background:linear-gradient(red, blue)">x</b>', "css-linear-gradient"),
        ('<b style="max-width:max(1px, 2px)">x</b>', "css-function-max"),
        ('<b style="margin-inline:2px">x</b>', "css-margin-inline-block"),
        ('<b style="column-gap:2px">x</b>', "css-gap"),
        ("<style>a:hover { color: red }</style>", "css-pseudo-class-hover"),
        ("<style>p::before { content: 'x' }</style>", "css-pseudo-element-before"),
        ("<style>p + p { color: red }</style>", "css-selector-adjacent-sibling"),
        ("<style>@font-face { font-family: x }</style>", "css-at-font-face"),
        ("<style>@media (orientation: portrait) { p { color: red } }</style>",
         "css-at-media-orientation"),
        ("<h2>x</h2>", "html-h1-h6"),
        ("<ul><li>x</li></ul>", "html-lists"),
        ("<section>x</section>", "html-semantics"),
        ('<input type="checkbox">', "html-input-checkbox"),
        ('<img src="a" srcset="b 2x">', "html-srcset"),
        ('<a href="mailto:a@b.c">x</a>', "html-mailto-links"),
        ('<a href="#x">x</a>', "html-anchor-links"),
    ],
)  # fmt: skip
def test_a_feature_is_recognised_where_it_is_used_and_nowhere_else(html: str, slug: str) -> None:
    assert slug in used(Page(f"<html><head></head><body>{html}</body></html>"))
    assert slug not in used(Page("<html><head></head><body><p>x: max, var, 10vw</p></body></html>"))


def test_the_list_of_what_the_shipped_templates_use_is_up_to_date() -> None:
    """After a change: ``python -m bypost.check.baseline templates``."""
    assert collected(SHIPPED) == shipped()
