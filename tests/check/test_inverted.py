"""A mail as apps repaint it for dark mode."""

from __future__ import annotations

from bypost.check.inverted import inverted
from bypost.check.page import Page
from bypost.check.styles import styles_of


def body(html: str, head: str = "") -> str:
    return f"<!doctype html><html><head>{head}</head><body>{html}</body></html>"


def test_light_grounds_become_dark_and_dark_text_light() -> None:
    found = inverted(body('<p style="color:#000000;background:#FFFFFF;margin:0">x</p>'))
    assert '<p style="color:#DBDBDB;background:#212121;margin:0">x</p>' in found


def test_colours_that_are_on_the_right_side_stay() -> None:
    html = '<p style="color:#FFFFFF;background-color:#0E6B62">x</p>'
    assert html in inverted(body(html))


def test_hairlines_and_attributes_are_repainted_as_well() -> None:
    found = inverted(
        body('<table bgcolor="#FFFFFF"><tr><td style="border:1px solid white">x</td></tr></table>')
    )
    assert 'bgcolor="#212121"' in found
    assert "border:1px solid #212121" in found


def test_style_sheets_are_repainted_and_dark_colours_left_out() -> None:
    css = (
        "<style>p { color: #000000 !important } .x { background: url(white.png) }"
        "@media (max-width: 500px) { p { background: #FFF } }"
        "@media (prefers-color-scheme: dark) { p { color: #123456 } }</style>"
        '<style media="(prefers-color-scheme: dark)">p { color: #123457 }</style>'
        '<meta name="color-scheme" content="light dark">'
    )
    found = inverted(body("<p>x</p>", css))
    assert "color:#DBDBDB!important" in found
    assert "url(white.png)" in found
    assert "max-width: 500px" in found
    assert "background:#212121" in found
    assert "12345" not in found
    assert "color-scheme" not in found


def test_a_mail_without_colours_is_shown_light_on_dark() -> None:
    styles = styles_of(Page(inverted(body("<p>x</p>"))))
    look = next(look for it, look in styles.looks().items() if it.tag == "p")
    assert look.ground is not None
    assert look.ground.red < 50 < 200 < look.colour.red


def test_what_lets_others_through_still_does() -> None:
    found = inverted(body('<p style="background-color:rgba(255,255,255,.5)">x</p>'))
    assert "rgb(33 33 33 / 0.5)" in found


def test_text_and_comments_stay_as_they_are() -> None:
    html = "<!--[if mso]><table><tr><td><![endif]--><p>white &amp; black</p>"
    assert html in inverted(body(html))
