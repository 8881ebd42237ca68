"""A mail as Gmail shows it: no style sheets, cut off where it is long."""

from __future__ import annotations

import pytest

from bypost.check.gmail import CLIP_BYTES, as_gmail

HEAD = (
    '<html><head><style type="text/css">p { color: red }</style>'
    '<meta name="color-scheme" content="light dark"><title>T</title></head><body>'
)


def test_style_sheets_go_and_inline_styles_stay() -> None:
    shown = as_gmail(f'{HEAD}<p style="color:blue">x</p></body></html>')
    assert shown.html == (
        '<html><head><title>T</title></head><body><p style="color:blue">x</p></body></html>'
    )
    assert shown.clipped_at is None


@pytest.mark.parametrize("letter", ["x", "é", "佐"])
def test_a_long_mail_is_cut_where_its_bytes_run_out(letter: str) -> None:
    html = f"{HEAD}<p>{letter * CLIP_BYTES}</p>"
    shown = as_gmail(html)
    assert shown.clipped_at is not None
    left = shown.html[: shown.clipped_at]
    removed = len(html.encode()) - len(shown.html.encode())
    assert CLIP_BYTES - 4 < len(left.encode()) + removed <= CLIP_BYTES


def test_a_mail_of_exactly_as_many_bytes_is_shown_whole() -> None:
    assert as_gmail("x" * CLIP_BYTES).clipped_at is None
    assert as_gmail("x" * (CLIP_BYTES + 1)).clipped_at == CLIP_BYTES


def test_the_cut_is_never_inside_a_tag_or_a_comment() -> None:
    for piece in ('<a href="https://example.org/">', "<!--[if mso]><table><![endif]-->"):
        for shift in range(3):
            html = " " * shift + piece * (CLIP_BYTES // len(piece) + 2)
            cut = as_gmail(html).clipped_at
            assert cut is not None
            assert (cut - shift) % len(piece) == 0
            assert cut <= CLIP_BYTES
