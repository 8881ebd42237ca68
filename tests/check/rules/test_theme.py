"""The colours of the theme can be read on each other, or the check says where they stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Finding, Level, findings
from bypost.model.theme import Theme
from bypost.settings import load_settings
from tests.check.conftest import NOW, SENDER

STYLE = "templates/email/style.toml"


@pytest.fixture
def judged(project: Path, lesson: Callable[..., None]) -> Callable[..., list[Finding]]:
    """Check the project with the settings of ``text``; only what is said about the theme."""
    lesson()

    def judging(text: str = "", **environ: str) -> list[Finding]:
        (project / "bypost.toml").write_text(text)
        theme = load_settings(project, environ).theme.theme()
        return about_the_theme(project, theme)

    return judging


def about_the_theme(project: Path, theme: Theme) -> list[Finding]:
    found = findings(
        project, sender=SENDER, base_url="https://mail.example.org", now=NOW, theme=theme
    )
    return [it for it in found if it.rule == "theme-contrast"]


def test_the_shipped_colours_can_be_read(judged: Callable[..., list[Finding]]) -> None:
    assert judged() == []


def test_a_theme_whose_colours_can_be_read_is_let_pass(
    judged: Callable[..., list[Finding]],
) -> None:
    assert judged('[theme.light]\naccent = "#7A1F3D"\n[theme.dark]\naccent = "#F2A7BF"\n') == []


def test_a_pale_accent_is_reported_at_its_line_with_its_grounds(
    judged: Callable[..., list[Finding]],
) -> None:
    found = judged('[sender]\nname = "A"\n\n[theme.light]\nink = "#111"\naccent = "#B07A00"\n')
    assert {(it.path, it.line, it.level) for it in found} == {("bypost.toml", 6, Level.WARNING)}
    assert [it.message for it in found] == [
        "`accent` on `sheet` has a contrast of 3.7 in the light palette; text needs 4.5",
        "`accent` on `wash` has a contrast of 3.3 in the light palette; text needs 4.5",
        "`on_accent` on `accent` has a contrast of 3.7 in the light palette; text needs 4.5",
    ]
    assert found[0].fix == "change `accent` or `sheet`"


def test_text_as_pale_as_its_ground_is_an_error(judged: Callable[..., list[Finding]]) -> None:
    found = judged('[theme.dark]\nmuted = "#1C2125"\n')
    assert {it.level for it in found} == {Level.ERROR}
    assert [it.message.split(" has")[0] for it in found] == [
        "`muted` on `sheet`",
        "`muted` on `paper`",
    ]


def test_a_colour_from_the_environment_has_no_line(judged: Callable[..., list[Finding]]) -> None:
    found = judged(BYPOST_THEME__LIGHT__MUTED="#BBBBBB")
    assert {(it.path, it.line) for it in found} == {("bypost.toml", None)}
    assert len(found) == 2


def test_a_colour_of_the_templates_is_reported_there(
    project: Path, judged: Callable[..., list[Finding]]
) -> None:
    path = project / STYLE
    path.write_text(path.read_text().replace('"#59626D"', '"#B9B2AD"'))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "#B9B2AD" in text)
    assert {(it.path, it.line) for it in judged()} == {(STYLE, line)}
