"""A small project after its first pass, and browsers for its site."""

from __future__ import annotations

import email.policy
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser
from starlette.types import Receive, Scope, Send

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.store import enrollments, subscribers, subscriptions
from bypost.web import make_site
from bypost.web import site as site_of
from bypost.web.api import make_api
from bypost.web.doors import Doors
from scheduler.clock import SimulatedClock
from tests.conftest import write_course, write_people
from tests.web.api_client import Api, make_token

ANNA = "anna@example.org"
HOSTILE = 'Bo <script>alert("1")</script>'
LOCAL = "http://127.0.0.1:8000"
PUBLIC = "https://course.example.net"

NEWSLETTER = 'title = "Notes & News"\nsummary = "A newsletter for tests."\n'


class Beat:
    """Stands in for the runner."""

    last_tick = None

    def __init__(self) -> None:
        self.well = True
        self.woken = 0

    def healthy(self, now: object) -> bool:
        return self.well

    def wake(self) -> None:
        self.woken += 1


@pytest.fixture
def beat() -> Beat:
    return Beat()


class _WhenAsked:
    """The API, made at the first request to it: most tests make none, and it takes long."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._api: FastAPI | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._api = self._api or make_api(self._doors)
        await self._api(scope, receive, send)


@pytest.fixture(autouse=True)
def _api_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_of, "make_api", _WhenAsked)


@pytest.fixture
def project(empty_project: Path) -> Path:
    write_course(empty_project)
    folder = empty_project / "newsletters" / "notes"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text(NEWSLETTER, encoding="utf-8")
    write_people(
        empty_project,
        f"{ANNA},Anna,Europe/Berlin,letters,notes",
        'bo@example.org,"Bo <script>alert(""1"")</script>",Asia/Tokyo,letters,',
        header="email,name,time_zone,courses,newsletters",
    )
    return empty_project


@pytest.fixture
def context(project: Path, open_context: Callable[..., Context]) -> Context:
    opened = open_context(project)
    Pass(opened).run()
    return opened


@pytest.fixture
def browse(context: Context, beat: Beat) -> Iterator[Callable[..., TestClient]]:
    """Make clients of the public or the local site; none follows redirects or keeps cookies."""
    with ExitStack() as stack:

        def make(*, local: bool = False) -> TestClient:
            site = make_site(context, runner=beat, local=local)
            client = TestClient(site, base_url=LOCAL if local else PUBLIC, follow_redirects=False)
            return stack.enter_context(client)

        yield make


@pytest.fixture
def public(browse: Callable[..., TestClient]) -> TestClient:
    return browse()


@pytest.fixture
def local(browse: Callable[..., TestClient]) -> TestClient:
    return browse(local=True)


@pytest.fixture
def person(context: Context) -> Callable[..., Mapping[str, Any]]:
    """Look somebody up, with their run and subscription as they are now."""

    def find(address: str = ANNA) -> Mapping[str, Any]:
        with context.store.read() as connection:
            row = subscribers.by_keys(connection, [address])[address]
            runs = enrollments.of_subscribers(connection, [row["id"]])
            letters = subscriptions.of_subscribers(connection, [row["id"]])
        return {**row, "run": runs[0], "letter": letters[0] if letters else None}

    return find


@pytest.fixture
def course_token(context: Context, person: Callable[..., Mapping[str, Any]]) -> str:
    return context.links.token(person()["run"]["link_id"])


@pytest.fixture
def letter_token(context: Context, person: Callable[..., Mapping[str, Any]]) -> str:
    return context.links.token(person()["letter"]["link_id"])


def mails(root: Path) -> list[EmailMessage]:
    """Return what is in the local mailbox, in the order of the deliveries."""
    paths = (root / "var" / "outbox").glob("*.eml")
    parse = BytesParser(policy=email.policy.default).parsebytes
    return [parse(p.read_bytes()) for p in sorted(paths, key=lambda p: int(p.stem.split("-")[-1]))]


def body(mail: EmailMessage) -> str:
    """Return the plain text of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@pytest.fixture
def fill(public: TestClient, clock: SimulatedClock) -> Callable[..., Any]:
    """Fill a form in as a person does: open the page, take five seconds, press the button."""

    def filling(path: str = "/courses/letters", **fields: Any) -> Any:
        page = LexborHTMLParser(public.get(path).text)
        field = page.css_first("form [name=token]")
        assert field is not None
        token = field.attributes["value"]
        clock.advance(timedelta(seconds=5))
        return public.post(path, data={"token": token, **fields})

    return filling


@pytest.fixture
def confirm_link(context: Context, fill: Callable[..., Any]) -> Callable[..., str]:
    """Ask for the course as somebody new; return the path in their confirmation."""

    def asking(
        address: str = "cy@example.org", path: str = "/courses/letters", **fields: Any
    ) -> str:
        assert fill(path, email=address, **fields).status_code == 303
        Pass(context).run()
        own = [mail for mail in mails(context.root) if address in str(mail["To"])]
        found = re.search(r"https?://[^/\s]+(/c/\S+)", body(own[-1]))
        assert found is not None
        return found[1]

    return asking


@pytest.fixture
def api(context: Context, public: TestClient) -> Api:
    """Return a program that may do everything."""
    return Api(public, make_token(context))
