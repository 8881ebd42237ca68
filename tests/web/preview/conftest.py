"""A small project on the bench, and a browser for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser
from starlette.testclient import TestClient

from bypost.web.preview.app import make_preview
from bypost.web.preview.session import Session
from scheduler.clock import SimulatedClock
from tests.conftest import write_course

HERE = "http://localhost:8010"
ONE = "lessons/letters/00-one.md"


@dataclass
class Desk:
    """The bench in a browser that runs no scripts."""

    client: TestClient
    root: Path

    def page(self, address: str) -> LexborHTMLParser:
        answer = self.client.get(address)
        assert answer.status_code == 200, address
        return LexborHTMLParser(answer.text)

    def mail(self, query: str = "", path: str = ONE) -> LexborHTMLParser:
        return self.page(f"/preview/mail/{path}{query}")

    def texts(self, page: LexborHTMLParser, selector: str) -> list[str]:
        return [" ".join(node.text().split()) for node in page.css(selector)]

    def frame(self, page: LexborHTMLParser) -> str:
        """The mail in the first frame of a page."""
        address = page.css_first("iframe").attributes["src"]
        return self.client.get(str(address)).text

    def edit(self, old: str, new: str, path: str = ONE) -> None:
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def project(empty_project: Path) -> Path:
    write_course(empty_project)
    return empty_project


@pytest.fixture
def desk(project: Path) -> Iterator[Desk]:
    with TestClient(make_preview(project), base_url=HERE, follow_redirects=False) as client:
        yield Desk(client, project)


@pytest.fixture
def session(project: Path, clock: SimulatedClock) -> Session:
    return Session(project, clock=clock)
