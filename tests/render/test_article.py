"""A lesson as a web page: the same words for everybody, nothing that a strict policy forbids."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest
from PIL import Image

from bypost.errors import ContentError
from bypost.model.course import Course, Lesson, Source
from bypost.render.article import Article, make_article
from bypost.render.assets import Gallery
from bypost.render.mail import lesson_mail
from scheduler.cadence import AtOnce
from scheduler.window import Window

LABELS = {"exercise": "Exercise", "note": "Note", "image": "Image"}
NEUTRAL = {"links.progress": "https://x.example/courses/letters", "next.when": "two days later"}


def article(
    body: str,
    *,
    deeper: int = 0,
    settings: dict[str, str] | None = None,
    gallery: Gallery | None = None,
) -> Article:
    source = Source(path="lessons/letters/00-one.md", body=body)
    lessons = [
        Lesson(
            id=name,
            subject="S",
            preheader="Hello {{ subscriber.name }}",
            delay=AtOnce(),
            source=source,
        )
        for name in ("one", "two")
    ]
    course = Course(
        id="letters",
        title="Letters & more",
        summary="S",
        language="en",
        time_zone="UTC",
        hour=time(9),
        window=Window.always(),
        settings=settings or {},
        lessons=tuple(lessons),
        path="lessons/letters",
    )
    mail = lesson_mail(course, lessons[0], {}, None)
    return make_article(mail, NEUTRAL, LABELS, gallery or Gallery(Path(), ""), deeper=deeper)


def test_nobodys_name_stands_where_a_name_would() -> None:
    made = article(
        '# A\n\n{{ subscriber.name|default("Hello", true) }}, it comes {{ next.when }}.\n'
    )
    assert made.html == "<p>Hello, it comes two days later.</p>\n"
    assert made.preheader == "Hello "


def test_a_personal_link_leads_to_the_public_page() -> None:
    made = article("# A\n\n[your page]({{ links.progress }}?x=1)\n")
    assert 'href="https://x.example/courses/letters?x=1"' in made.html


def test_a_block_for_people_with_a_value_is_left_out_and_a_setting_decides() -> None:
    personal = "::: if subscriber.company\nAt {{ subscriber.company }}\n:::\n"
    body = f"# A\n\n{personal}\n::: if guide\nG\n:::\n"
    assert article(body, settings={"guide": ""}).html == ""
    assert "<p>G</p>" in article(body, settings={"guide": "yes"}).html


def test_markup_in_a_setting_is_text() -> None:
    made = article("# {{ course.x }}\n\n{{ course.x }}\n", settings={"x": "<b>&"})
    assert made.title == "<b>&"
    assert made.html == "<p>&lt;b&gt;&amp;</p>\n"


def test_headings_go_below_those_of_the_page() -> None:
    made = article("# A\n\n## B\n\n::: exercise C\n\n### D\n:::\n", deeper=2)
    for heading in ("<h4>B</h4>", "<h4>C</h4>", "<h5>D</h5>"):
        assert heading in made.html
    assert made.title == "A"


def test_nothing_in_it_needs_a_looser_policy() -> None:
    table = "| a | b |\n|--:|:-:|\n| 1 | 2 |\n"
    picture = "![Alt](https://x.example/a.png)"
    inside = "[![Alt](https://x.example/b.png) more](https://x.example)"
    nothing = '![](https://x.example/c.png "decorative")'
    made = article(f"# A\n\n{table}\n{picture}\n\n{inside}\n\n{nothing}\n")
    assert "style=" not in made.html
    assert "<img" not in made.html
    assert "c.png" not in made.html
    assert '<th class="right">a</th>' in made.html
    assert '<a href="https://x.example/a.png">Image: Alt</a>' in made.html
    assert '<a href="https://x.example">Image: Alt more</a>' in made.html


def test_a_box_says_what_it_is() -> None:
    made = article("# A\n\n::: note\nN\n:::\n")
    assert '<div class="box note">\n<h2>Note</h2>\n<p>N</p>' in made.html


@pytest.mark.parametrize("body", ["# A\n\n{{ nothing.x }}\n", "# A\n\n[x]({{ course.x }})\n"])
def test_what_cannot_be_mailed_cannot_be_read(body: str) -> None:
    with pytest.raises(ContentError):
        article(body, settings={"x": "javascript:alert(1)"})


def test_a_picture_beside_it_is_shown_with_its_size(tmp_path: Path) -> None:
    folder = tmp_path / "lessons" / "letters"
    folder.mkdir(parents=True)
    Image.new("RGB", (1000, 500)).save(folder / "views.png")
    gallery = Gallery(tmp_path, "", 500)
    made = article("# A\n\n![Two *views*](views.png)\n", gallery=gallery)
    (name,) = gallery.assets
    assert made.html == (
        f'<p><img src="/assets/{name}" alt="Two views" width="500" height="250"'
        ' loading="lazy" /></p>\n'
    )
