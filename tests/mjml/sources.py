"""The documents that are compared: every shipped mail, and ten that use what templates may use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from bypost.content.loader import load_project_content
from bypost.model.course import Sender
from bypost.render.compile import Compiler
from bypost.render.problems import Problems
from bypost.render.validate import validate
from bypost.render.words import Words
from bypost.settings import load_settings

CHECKOUT = Path(__file__).resolve().parents[2]
OWN = Path(__file__).with_name("documents")

#: One person's values: a mail is compared as somebody gets it.
VALUES = {
    "subscriber": {"name": "Anna Lindqvist", "since": "23 November 2026"},
    "links": {
        "leave": "https://mail.example.org/u/one",
        "progress": "https://mail.example.org/p/two",
        "confirm": "https://mail.example.org/c/three",
    },
    "next": {"when": "on Tuesday 24 November at 09:00"},
    "about": {
        "title": "After the Interview",
        "text": "Something that you asked for has been done.",
        "link": "https://mail.example.org/p/two",
        "action": "Open my page",
    },
}


@dataclass(frozen=True, slots=True)
class Document:
    """One document of MJML; ``shipped`` unless it was written for the comparison."""

    name: str
    mjml: str
    shipped: bool


def documents() -> list[Document]:
    """Return all that are compared."""
    return [*_shipped(), *_own()]


def _shipped() -> list[Document]:
    settings = load_settings(CHECKOUT, {})
    told: list[str] = []
    compiler = Compiler(
        CHECKOUT,
        sender=Sender(**settings.sender.model_dump()),
        base_url="https://mail.example.org",
        theme=settings.theme.theme(),
        on_mjml=told.append,
    )
    library = load_project_content(CHECKOUT)
    names = []
    for course in library.courses:
        for lesson in course.lessons:
            compiler.lesson(course, lesson)
            names.append(lesson.source.path)
    for newsletter in library.newsletters:
        for issue in newsletter.issues:
            compiler.issue(newsletter, issue)
            names.append(issue.source.path)
    for notice in library.notices:
        compiler.notice(notice)
        names.append(notice.source.path)
    fill = Environment(autoescape=True, undefined=StrictUndefined).from_string
    return [
        Document(Path(name).stem, fill(mjml).render(VALUES), shipped=True)
        for name, mjml in zip(names, told, strict=True)
    ]


def _own() -> list[Document]:
    """Return the others; each uses only what templates may use, which is checked first."""
    found = []
    for path in sorted(OWN.glob("*.mjml")):
        text, problems = path.read_text(encoding="utf-8"), Problems()
        validate(text, path.name, Words(), problems)
        problems.raise_if_any()
        found.append(Document(path.stem, text, shipped=False))
    return found
