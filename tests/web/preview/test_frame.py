"""A mail in a frame, as one kind of mail program shows it."""

from __future__ import annotations

import pytest

from bypost.web.preview.choice import Choice
from bypost.web.preview.frame import framed, in_scheme, policy

MAIL = (
    "<!doctype html><html><head><title>t</title><style>p { color: #111111 } "
    "@media (prefers-color-scheme: dark) { p { color: #eeeeee } } "
    "@media screen and (PREFERS-COLOR-SCHEME:light) { p { margin: 0 } }</style></head>"
    '<body><p>They said (prefers-color-scheme: dark) once. <a href="https://example.org">x</a></p>'
    '<img src="https://course.example.org/assets/0123.png" alt="A sheet"></body></html>'
)
ASSETS = "https://course.example.org/assets/"


def show(choice: Choice | None = None, scheme: str = "light", html: str = MAIL) -> str:
    return framed(html, choice or Choice(), scheme, assets=ASSETS)


@pytest.mark.parametrize(
    ("scheme", "dark", "light"),
    [
        ("dark", "(min-width: 0)", "(max-width: 0)"),
        ("light", "(max-width: 0)", "(min-width: 0)"),
    ],
)
def test_a_scheme_is_what_was_asked_for_whatever_this_machine_prefers(
    scheme: str, dark: str, light: str
) -> None:
    shown = in_scheme(MAIL, scheme)
    assert f"@media {dark} {{ p {{ color: #eeeeee" in shown
    assert f"@media screen and {light} {{ p {{ margin" in shown
    assert f"color-scheme:only {scheme}" in shown


def test_words_of_the_text_stay_as_they_are() -> None:
    assert "They said (prefers-color-scheme: dark) once." in in_scheme(MAIL, "dark")


def test_links_open_a_page_of_their_own() -> None:
    assert '<head><base target="_blank">' in show()


def test_images_of_the_project_come_from_here() -> None:
    assert 'src="/preview/assets/0123.png"' in show()


def test_gmail_shows_no_style_sheets_of_the_head() -> None:
    assert "#eeeeee" not in show(Choice(gmail=True), "dark")


def test_a_line_is_drawn_where_gmail_cuts_a_long_mail_off() -> None:
    long = MAIL.replace("<img", "<p>word word</p>" * 8_000 + "<p>the end</p><img")
    shown = show(Choice(gmail=True), html=long)
    before, _, after = shown.partition("[Message clipped]")
    assert "the end" not in before
    assert "the end" in after
    assert 90_000 < len(before.encode()) < 103_000
    assert before.rpartition("<div")[0].endswith("</p>")
    assert "[Message clipped]" not in show(html=long)


def test_forced_inversion_repaints_what_the_mail_paints() -> None:
    dark = show(None, "inverted", '<html><head></head><body bgcolor="#ffffff">x</body></html>')
    assert "#ffffff" not in dark.lower()


def test_a_frame_runs_nothing_and_loads_from_here_alone() -> None:
    for choice in (Choice(), Choice(images=False)):
        said = policy(choice)
        assert "default-src 'none'" in said
        assert "script-src" not in said
        assert "allow-scripts" not in said
    assert "img-src 'self' data:" in policy(Choice())
    assert "img-src 'none'" in policy(Choice(images=False))
