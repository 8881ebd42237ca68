"""Mistakes around the words: pictures, files, the course's settings, the sender."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from tests.check.seeded.defect import (
    COMPARISON,
    COURSE,
    DECIDE,
    LAST,
    SETTINGS,
    VAGUE,
    Defect,
    add,
    edited,
    remove,
    rename,
    write,
)

_PLACE = "Keep the middle list."


def _png(width: int, height: int, *, noise: bool = False) -> bytes:
    """Return a grey picture; of noise it weighs a byte each pixel."""
    stream = BytesIO()
    size = (width, height)
    picture = Image.effect_noise(size, 90) if noise else Image.new("L", size, 128)
    picture.save(stream, "PNG")
    return stream.getvalue()


def _picture(
    name: str, rule: str, text: str, picture: bytes = _png(1024, 300), *, also: str = ""
) -> Defect:
    """Return a picture in the second lesson, with its file beside it."""
    return Defect(
        name=name,
        rule=rule,
        path=COMPARISON,
        steps=(
            add(f"{COURSE}/desk.png", picture),
            write(COMPARISON, _PLACE, f"{_PLACE}\n\n{text}"),
        ),
        at=text,
        also=frozenset(also.split()),
    )


_PICTURES = (
    _picture("a picture without words", "img-alt", "![](desk.png)"),
    _picture(
        "the file's name in the place of words",
        "img-alt",
        "![desk.png](desk.png)",
    ),
    _picture(
        "a picture with too few points",
        "img-dimensions",
        "![A desk with one sheet of paper](desk.png)",
        _png(360, 120),
    ),
    _picture(
        "a photograph as a PNG",
        "img-size",
        "![A desk with one sheet of paper](desk.png)",
        _png(1024, 400, noise=True),
        also="size-total",
    ),
    edited(
        "a picture that was not copied along",
        "asset-missing",
        COMPARISON,
        _PLACE,
        "![A desk with one sheet of paper](desk.png)",
    ),
    edited(
        "a picture from a folder elsewhere",
        "asset-path",
        COMPARISON,
        _PLACE,
        "![A desk with one sheet of paper](../../pictures/desk.png)",
    ),
    edited(
        "a drawing as SVG",
        "img-format",
        COMPARISON,
        _PLACE,
        "![Two columns of notes](https://example.org/columns.svg)",
    ),
    edited(
        "a picture fetched without https",
        "img-remote",
        COMPARISON,
        _PLACE,
        "![Two columns of notes](http://example.org/columns.png)",
    ),
    Defect(
        name="a picture left behind",
        rule="asset-unused",
        path=f"{COURSE}/desk.png",
        steps=(add(f"{COURSE}/desk.png", _png(20, 20)),),
    ),
)

_FILES = (
    Defect(
        name="a lesson taken out of the middle",
        rule="order-gap",
        path=VAGUE,
        steps=(remove(DECIDE),),
    ),
    Defect(
        name="two lessons with one number",
        rule="order-gap",
        path=f"{COURSE}/02-why-feedback-is-vague.md",
        steps=(rename(VAGUE, "02-why-feedback-is-vague.md"),),
    ),
    Defect(
        name="an issue without a date in its name",
        rule="file-name",
        path="newsletters/clarity-notes/following-up.md",
        steps=(rename("newsletters/clarity-notes/2026-12-01-following-up.md", "following-up.md"),),
    ),
)

_COURSE = (
    edited(
        "a title without quotes",
        "toml",
        SETTINGS,
        'title = "After the Interview"',
        "title = After the Interview",
    ),
    edited("a zone that is not there", "key", SETTINGS, '"UTC"', '"Europe/Londen"', at="time_zone"),
    edited("a window that never opens", "key", SETTINGS, 'end = "21:00"', 'end = "07:00"'),
    edited(
        "a language that is none", "key", SETTINGS, 'language = "en"', 'language = "english please"'
    ),
    Defect(
        name="a setting that leads to this machine",
        rule="link-scheme",
        path=LAST,
        steps=(write(SETTINGS, 'guide_url = ""', 'guide_url = "http://localhost:3000/guide"'),),
        at="::: button {{ course.guide_url }}",
    ),
    edited(
        "a sample that is no lesson", "key", SETTINGS, 'sample = "comparison"', 'sample = "compare"'
    ),
)

_SENDER = (
    edited("a sender at Gmail", "from-free", "bypost.toml",
           "course@example.org", "clarity@gmail.com", at="clarity@gmail.com"),
    edited("an address for answers that nobody reads", "reply-to", "bypost.toml",
           "hello@example.org", "no-reply@example.org", at="no-reply"),
    edited("a sender named by the address", "from-name", "bypost.toml", '"Clarity Notes"',
           '"course@example.org"', at="name"),
)  # fmt: skip

DEFECTS: tuple[Defect, ...] = (*_PICTURES, *_FILES, *_COURSE, *_SENDER)
