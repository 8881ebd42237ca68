"""From an element of a mail to the line of the templates that makes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bypost.check.blame import blamed, named
from bypost.check.page import Page
from bypost.check.styles import Element, styles_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "templates/email"
    folder.mkdir(parents=True)
    (folder / "style.toml").write_text(
        '[elements]\np = "margin:0 0 16px"\nul = "margin:0;padding-{start}:24px;color:{ink}"\n'
    )
    (folder / "parts.mjml").write_text('\n<mj-text css-class="bp-prose">\n')
    (folder / "base.mjml").write_text('<mjml>\n\n\n<mj-text css-class="bp-muted small">\n')
    return tmp_path


def element(html: str, tag: str) -> Element:
    styles = styles_of(Page(f"<html><body>{html}</body></html>"))
    return next(it for it in styles.elements if it.tag == tag)


def test_the_style_of_an_element_of_the_prose_is_in_style_toml(root: Path) -> None:
    html = (
        '<div class="bp-prose"><ul style="margin:0;padding-left:24px;color:#111;x:1">x</ul></div>'
    )
    found = blamed(root, element(html, "ul"), ("color",))
    assert (found.path, found.line, found.name) == ("templates/email/style.toml", 3, "`ul`")


def test_what_an_element_inherits_leads_to_whom_it_has_it_from(root: Path) -> None:
    html = (
        '<div class="bp-muted"><div style="color:#111"><p style="margin:0 0 16px">x</p></div></div>'
    )
    found = blamed(root, element(html, "p"), ("color",))
    assert (found.path, found.line) == ("templates/email/base.mjml", 4)
    assert found.name == "`div` in `.bp-muted`"
    found = blamed(root, element(html, "p"), ("margin",))
    assert (found.path, found.line) == ("templates/email/style.toml", 2)


def test_the_nearest_class_of_a_template_leads_to_its_line(root: Path) -> None:
    html = (
        '<div class="bp-muted small"><div class="mj-column bp-prose bypost-line-9"><b>x</b></div>'
        "</div>"
    )
    found = blamed(root, element(html, "b"))
    assert (found.path, found.line) == ("templates/email/parts.mjml", 2)
    assert found.name == named(element(html, "b")) == "`b` in `.bp-prose`"


def test_of_several_lines_with_a_class_the_one_that_says_most_is_meant(root: Path) -> None:
    (root / "templates/email/lesson.mjml").write_text(
        '<mj-text css-class="bp-muted" line-height="1.4">\n'
        '<mj-text css-class="bp-muted" line-height="1.9">\n'
    )
    html = '<div class="bp-muted"><b style="color:#111;line-height:1.9">x</b></div>'
    found = blamed(root, element(html, "b"), ("color",))
    assert (found.path, found.line) == ("templates/email/lesson.mjml", 2)


def test_an_element_that_no_template_knows_leads_to_the_frame(root: Path) -> None:
    found = blamed(root, element('<i class="elsewhere">x</i>', "i"))
    assert (found.path, found.line, found.name) == (
        "templates/email/base.mjml", None, "`i.elsewhere`"
    )  # fmt: skip
