"""Pictures beside a mail: where they may stand, what the mail says of them, what is refused."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from bypost.errors import ContentError
from bypost.model.course import Source
from bypost.model.theme import Logo, Theme
from bypost.render import image_file
from bypost.render.assets import (
    COLUMN,
    NAME,
    Gallery,
    column_of,
    files_named,
    names_of_content,
)
from bypost.render.document import Document, Prose
from bypost.render.frames import FOLDER
from bypost.render.parser import markdown
from bypost.render.problems import Problems
from bypost.render.style import load_style
from bypost.render.words import Place, Words
from tests.render.pictures import bomb, encoded, noise, photograph, put

BASE = "https://mail.example.org"


@pytest.fixture
def beside(own: Any) -> Any:
    """A workshop with pictures beside its lesson; the column of its text is 512 px wide."""
    put(own.root, "views.png", encoded(noise(300, 200), "PNG"))
    put(own.root, "desk.jpg", photograph(1600, 800))
    return own


def images(html: str) -> list[dict[str, str | None]]:
    return [dict(node.attributes) for node in LexborHTMLParser(html).css("img")]


def test_a_picture_is_shown_from_an_address_made_of_its_bytes(beside: Any, fill: Any) -> None:
    content = beside.lesson("Look:\n\n![Two *views*](views.png)")
    (image,) = images(fill(content).html)
    name = str(image["src"]).removeprefix(f"{BASE}/assets/")
    assert NAME.fullmatch(name)
    assert names_of_content(content) == {name}
    assert (image["alt"], image["width"]) == ("Two views", "300")
    assert "max-width:100%" in str(image["style"])
    assert "height:auto" in str(image["style"])
    assert "[Image: Two views]" in fill(content).text.replace("*", "")


def test_a_large_picture_is_shown_as_wide_as_the_text_with_pixels_for_fine_screens(
    beside: Any,
) -> None:
    gallery = Gallery(beside.root, BASE, 512)
    assert hang(gallery, "![A desk](desk.jpg)")["width"] == "512"
    (asset,) = gallery.assets.values()
    assert (asset.width, asset.height, asset.natural_width) == (1024, 512, 1600)
    assert asset.path == "lessons/baking/desk.jpg"
    assert asset.natural_bytes == (beside.root / asset.path).stat().st_size


def hang(gallery: Gallery, text: str, words: Words | None = None) -> dict[str, str | int | float]:
    """Hang the pictures of a text; return the attributes of the first."""
    tokens = markdown().parse(text)
    place = Place("lessons/baking/01-dough.md", 6)
    problems = Problems()
    gallery.hang(
        Document([], [Prose(tokens, place)], frozenset()), place, words or Words(), problems
    )
    problems.raise_if_any()
    found = [child for token in tokens for child in token.children or () if child.type == "image"]
    return found[0].attrs


@pytest.mark.parametrize(
    ("markdown", "width"),
    [
        ("![A](desk.jpg)", "512"),
        ("::: note\n![A](desk.jpg)\n:::", "460"),
        ("- ![A](desk.jpg)", "488"),
        ("> - ![A](desk.jpg)", "464"),
        ("| a | b |\n|---|---|\n| ![A](desk.jpg) | x |\n\nx", "256"),
        ("| a | b |\n|---|---|\n| c | d |\n\n![A](desk.jpg)", "512"),
        ("# A title ![A](desk.jpg)\n\nx", "512"),
    ],
)
def test_a_picture_is_never_wider_than_the_place_it_stands_in(
    beside: Any, fill: Any, markdown: str, width: str
) -> None:
    (image,) = images(fill(beside.lesson(markdown)).html)
    assert image["width"] == width


def test_the_same_file_gives_the_same_mail_and_another_picture_another(beside: Any) -> None:
    body = "![A](views.png)"
    first = beside.lesson(body)
    image_file._read.cache_clear()
    assert beside.lesson(body) == first
    put(beside.root, "views.png", encoded(noise(300, 201), "PNG"))
    assert beside.lesson(body).hash != first.hash


def test_a_file_that_did_not_change_is_not_read_again(
    beside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = beside.lesson("![A](desk.jpg)")
    monkeypatch.setattr(image_file, "make_picture", None)
    assert beside.lesson("![A](desk.jpg)") == first


@pytest.mark.parametrize(
    "written",
    ["<in here/two views.png>", "in%20here/two%20views.png", "./in%20here/./two%20views.png"],
)
def test_a_name_may_have_spaces_and_folders(beside: Any, written: str) -> None:
    put(beside.root, "in here/two views.png", encoded(noise(9, 9), "PNG"))
    gallery = Gallery(beside.root, "")
    hang(gallery, f"![A]({written})")
    assert gallery.files == {"lessons/baking/in here/two views.png"}


def test_a_courses_setting_may_name_a_picture_and_a_person_may_not(beside: Any, fill: Any) -> None:
    content = beside.lesson("![A]({{ course.which }}.png)", settings={"which": "views"})
    assert len(images(fill(content).html)) == 1
    problem = beside.problem("![A](views-{{ subscriber.name }}.png)")
    assert problem.rule == "asset-path"
    assert beside.problem("![A]({{ subscriber.name }}.png)").rule == "link-personal"


def test_a_picture_on_the_web_stays_as_it_is(beside: Any, fill: Any) -> None:
    content = beside.lesson("![A](https://example.org/assets/views.png)")
    (image,) = images(fill(content).html)
    assert image["src"] == "https://example.org/assets/views.png"
    assert "width" not in image
    assert names_of_content(content) == frozenset()


@pytest.mark.parametrize("address", ["views.png", "https://example.org/a.png"])
@pytest.mark.parametrize("title", ["", ' "A title"'])
def test_a_picture_without_words_is_an_error(beside: Any, address: str, title: str) -> None:
    for words in ("", " "):
        problem = beside.problem(f"Text\nand\n![{words}]({address}{title})")
        assert (problem.rule, problem.line) == ("img-alt", 8)
        assert '"decorative"' in problem.fix


def test_a_picture_that_shows_nothing_says_so_and_is_not_read_out(beside: Any, fill: Any) -> None:
    content = beside.lesson('One.\n\n![](views.png "decorative")\n\nTwo.')
    (image,) = images(fill(content).html)
    assert image["alt"] == ""
    assert "title" not in image
    assert "One.\n\nTwo." in fill(content).text


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("veiws.png", "asset-missing"),
        ("pictures", "asset-missing"),
        ("views.png/x.png", "asset-missing"),
        ("a" * 300 + ".png", "asset-missing"),
        ("../letters/views.png", "asset-path"),
        ("pictures/../../letters/views.png", "asset-path"),
        ("%2e%2e/letters/views.png", "asset-path"),
        ("/etc/passwd", "asset-path"),
        ("%2Fetc%2Fpasswd", "asset-path"),
        ("//example.org/views.png", "asset-path"),
        ("..%5Cletters%5Cviews.png", "asset-path"),
        ("views.png%00.jpg", "asset-path"),
        (".views.png", "asset-path"),
        ("views.png~", "asset-path"),
        ("C:/views.png", "link-scheme"),
        ("data:image/png;base64,AAAA", "link-scheme"),
    ],
)
def test_a_name_leads_to_a_file_beside_the_mail_or_is_an_error_with_its_line(
    beside: Any, address: str, rule: str
) -> None:
    put(beside.root, "pictures/x.png", encoded(noise(9, 9), "PNG"))
    put(beside.root, "../letters/views.png", encoded(noise(9, 9), "PNG"))
    problem = beside.problem(f"Text\n\n- one\n- ![A]({address})")
    assert (problem.rule, problem.line) == (rule, 9)
    assert problem.fix


def test_a_mistyped_name_is_answered_with_the_right_one(beside: Any) -> None:
    assert beside.problem("![A](veiws.png)").fix == "did you mean `views.png`?"


def test_a_link_may_stay_in_the_folder_and_not_leave_it(beside: Any) -> None:
    folder = beside.root / "lessons" / "baking"
    outside = put(beside.root, "../letters/other.png", encoded(noise(9, 9), "PNG"))
    (folder / "in.png").symlink_to("views.png")
    (folder / "out.png").symlink_to(outside)
    (folder / "away").symlink_to(outside.parent)
    assert names_of_content(beside.lesson("![A](in.png)"))
    for address in ("out.png", "away/other.png"):
        assert beside.problem(f"![A]({address})").rule == "asset-path"


def test_what_is_no_file_is_not_waited_for(beside: Any) -> None:
    os.mkfifo(beside.root / "lessons" / "baking" / "pipe.png")
    assert beside.problem("![A](pipe.png)").rule == "asset-missing"


def test_a_file_too_large_is_not_read(beside: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(beside.root, "large.png", b"")
    with path.open("wb") as file:
        file.truncate(10_000_001)
    monkeypatch.setattr(image_file, "_read", None)
    problem = beside.problem("![A](large.png)")
    assert problem.rule == "asset-size"
    assert "10.0 MB" in problem.message


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"<svg/>", "asset-format"),
        (encoded(noise(60, 60), "PNG")[:900], "asset-broken"),
        (bomb(60_000, 60_000), "asset-size"),
    ],
)
def test_an_unfit_picture_is_named_with_its_line(beside: Any, data: bytes, rule: str) -> None:
    put(beside.root, "drawing.png", data)
    problem = beside.problem("Text\n\n![A](drawing.png)")
    assert (problem.rule, problem.line) == (rule, 8)
    assert problem.message.startswith("`drawing.png` ")
    assert problem.fix


def test_everything_wrong_is_said_at_once(beside: Any) -> None:
    found = beside.problems("![](veiws.png)\n\n![A](nothing.png)\n\n{{ course.nothing }}")
    assert [problem.line for problem in found] == [6, 6, 8, 10]


def test_the_files_a_text_names_are_known_without_compiling_it() -> None:
    body = (
        "![A](a.png) ![B](in%20here/b.jpg)\n\n::: if guide\n![C](./c.gif)\n:::\n"
        "![](https://example.org/d.png) `![no](e.png)`\n"
    )
    named = files_named(Source(path="lessons/baking/01.md", body=body))
    assert named == {f"lessons/baking/{name}" for name in ("a.png", "in here/b.jpg", "c.gif")}


def test_the_column_is_that_of_the_style(own: Any) -> None:
    def width() -> int:
        return column_of(load_style(own.root / FOLDER, FOLDER))

    assert width() == 512
    own.template("style.toml", 'width = "600px"', 'width = "480px"')
    assert width() == 392
    own.template("style.toml", 'width = "480px"', 'width = "40em"')
    assert width() == COLUMN


def test_a_logo_beside_the_settings_is_served_like_any_picture(own: Any, fill: Any) -> None:
    folder = own.root / "images"
    folder.mkdir()
    Image.new("RGB", (900, 300), "navy").save(folder / "logo.png")
    theme = Theme(logo=Logo("images/logo.png", 150))
    content = own.lesson("Text", theme=theme)
    (name,) = names_of_content(content)
    assert f'src="{BASE}/assets/{name}"' in fill(content).html
    (folder / "logo.png").write_bytes(b"<svg/>")
    with pytest.raises(ContentError) as caught:
        own.lesson("Text", theme=theme)
    assert [(p.path, p.rule) for p in caught.value.problems] == [("bypost.toml", "asset-format")]
    assert re.search(r"\[theme\] logo: `images/logo.png` ", str(caught.value))
