"""What ``[theme]`` changes about mails, and that nothing of it can break out of a style."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from bypost.errors import ContentError, SettingsError
from bypost.model.theme import Logo, Theme
from bypost.render.personalise import Personaliser
from bypost.settings import load_settings
from tests.render.conftest import CHECKOUT, VALUES, Workshop

BODY = """\
# Rye

Some [words](https://example.org/).

::: button https://example.org/
Bake it
:::
"""


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    shutil.copytree(CHECKOUT / "templates", tmp_path / "templates")
    return Workshop(tmp_path)


@pytest.fixture
def mail(shop: Workshop) -> Callable[[Theme], str]:
    def making(theme: Theme) -> str:
        return Personaliser(shop.lesson(BODY, theme=theme)).render(VALUES).html

    return making


def themed(root: Path, text: str) -> Theme:
    (root / "bypost.toml").write_text(text, encoding="utf-8")
    return load_settings(root, {}).theme.theme()


def picture(path: Path, width: int = 400, height: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = BytesIO()
    Image.new("RGB", (width, height), "#0E6B62").save(written, "PNG")
    path.write_bytes(written.getvalue())


def test_without_a_theme_mails_are_byte_for_byte_as_before(
    shop: Workshop, mail: Callable[[Theme], str]
) -> None:
    assert themed(shop.root, "") == Theme()
    assert mail(themed(shop.root, "[theme]\n")) == mail(Theme())


def test_a_colour_stands_in_for_that_of_the_templates_everywhere(
    shop: Workshop, mail: Callable[[Theme], str]
) -> None:
    text = '[theme.light]\naccent = "#7a1f3d"\n[theme.dark]\naccent = "#F2A7BF"\n'
    html = mail(themed(shop.root, text))
    assert "#0E6B62" not in html
    assert "#6FC9BE" not in html
    dark = html[html.index("prefers-color-scheme: dark") :].split("</style>")[0]
    assert "#F2A7BF" in dark
    assert "#7A1F3D" not in dark
    link = LexborHTMLParser(html).css_first(".bp-prose a")
    assert link is not None
    assert "color:#7A1F3D" in (link.attributes["style"] or "")


def test_fonts_and_width_reach_the_mail(shop: Workshop, mail: Callable[[Theme], str]) -> None:
    text = "[theme]\nsans = \"'Segoe UI', sans-serif\"\nserif = 'Palatino, serif'\nwidth = 480\n"
    html = mail(themed(shop.root, text))
    assert "Segoe UI" in html
    assert "Helvetica" not in html
    assert "font-family:Palatino, serif" in html
    assert "Georgia" not in html
    assert "max-width:480px" in html
    assert 'width="600"' not in html


def test_a_logo_on_the_web_stands_on_top_with_the_sender_s_name(
    mail: Callable[[Theme], str],
) -> None:
    html = mail(Theme(logo=Logo("https://example.org/logo.png", 120)))
    images = LexborHTMLParser(html).css("img")
    assert [it.attributes["src"] for it in images] == ["https://example.org/logo.png"]
    assert images[0].attributes["alt"] == "Clarity Notes"
    assert images[0].attributes["width"] == "120"
    assert html.index("logo.png") < html.index("<h1")


def test_a_logo_in_the_project_is_served_by_the_site(shop: Workshop) -> None:
    picture(shop.root / "images/logo.png")
    compiler = shop.compiler(theme=Theme(logo=Logo("images/logo.png", 120)))
    (asset,) = compiler.assets.values()
    # Twice the pixels it is shown at, for fine screens.
    assert (asset.path, asset.width) == ("images/logo.png", 240)
    html = str(shop.lesson(BODY, theme=Theme(logo=Logo("images/logo.png", 120))).html)
    assert f"https://mail.example.org/assets/{asset.name}" in html


@pytest.mark.parametrize("made", [False, True])
def test_a_logo_that_is_missing_or_no_picture_is_told_at_the_settings(
    shop: Workshop, made: bool
) -> None:
    if made:
        (shop.root / "logo.png").write_text("not a picture")
    with pytest.raises(ContentError) as caught:
        shop.compiler(theme=Theme(logo=Logo("logo.png", 120)))
    (problem,) = caught.value.problems
    assert problem.path == "bypost.toml"
    assert problem.rule == ("asset-format" if made else "asset-missing")
    assert problem.fix


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("light.ink = 'red'", "write a colour as #RRGGBB"),
        ("light.ink = '#1234'", "write a colour as #RRGGBB"),
        ("light.ink = '#000;background:url(x)'", "write a colour as #RRGGBB"),
        ("light.ink = 3", "write a text in quotes"),
        ("light.inc = '#000000'", "did you mean `ink`?"),
        ("sans = 'Arial'", "end with a font that every machine has"),
        ("sans = 'Arial; color: red, serif'", "write names with commas between"),
        ("sans = 'Arial\"><script>, serif'", "write names with commas between"),
        ("sans = 'url(x), serif'", "write names with commas between"),
        ('sans = "\'Arial, serif"', "write names with commas between"),
        ("sans = ''", "write names with commas between"),
        ("width = 319", "must be at least 320"),
        ("width = 641", "must be at most 640"),
        ("width = '600px'", "write a whole number"),
        ("logo = 'http://example.org/a.png'", "write an https address, or a file in the project"),
        ("logo = 'javascript://x'", "write an https address, or a file in the project"),
        ("logo = 'data:image/png;base64,AA'", "write an address or a file name without spaces"),
        ("logo = 'https://a.example/a.png\" onerror=\"x'", "without spaces and quotes"),
        ("logo = '../logo.png'", "write a file in the project"),
        ("logo = '/etc/logo.png'", "write a file in the project"),
        ("logo = 'logo.svg'", "write a picture that mail programs show"),
        ("logo_width = 553", "must be at most 552"),
    ],
)
def test_what_is_no_value_of_a_theme_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        themed(tmp_path, f"[theme]\n{text}\n")
    assert "bypost.toml:2: theme." in str(caught.value)
    assert told in str(caught.value)


def test_a_short_colour_is_written_out_for_outlook(tmp_path: Path) -> None:
    assert themed(tmp_path, "[theme]\nlight.ink = '#1aF'\n").light == {"ink": "#11AAFF"}


def test_templates_without_a_colour_do_without_it(
    shop: Workshop, mail: Callable[[Theme], str]
) -> None:
    style = shop.root / "templates/email/style.toml"
    lines = style.read_text().splitlines()
    style.write_text("\n".join([*lines, "# changed", ""]).replace("paper", "page"))
    for path in (shop.root / "templates/email").glob("*.mjml"):
        path.write_text(path.read_text().replace(".paper", ".page"))
    assert "#123456" not in mail(Theme(light={"paper": "#123456"}))
