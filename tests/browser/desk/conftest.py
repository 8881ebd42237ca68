"""A served desk over invented people with weeks behind them, and somebody who signs in to it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from bypost.admins import account, password
from bypost.admins.role import Role
from bypost.cli import main
from bypost.project import open_project
from tests.browser.conftest import Server, Watched, free_port, wait_for
from tests.conftest import CHECKOUT
from tests.forks.child import Child

#: How many people there are; 50,000 where the desk is shown.
PEOPLE = int(os.environ.get("BYPOST_DESK_PEOPLE", "2000"))
#: A folder for pictures of every page.
SHOTS = os.environ.get("BYPOST_SHOTS")
DAYS = 40
NAME, PASSWORD = "olga", "three quiet herons at dusk"
COURSE = "after-the-interview"
LETTER = "/desk/newsletters/clarity-notes"
#: Passes follow each other as fast as somebody presses buttons.
TICK = "0.5"

ISSUE = """\
---
id: {id}
subject: {subject}
preheader: A preheader that is long enough to be taken for one by the checks
status: ready
date: 2099-01-01
at: "09:00"
---
# {subject}

Hello {{{{ subscriber.name|default("you", true) }}}}, these are a few words to read in a test.
"""


@pytest.fixture(scope="session", autouse=True)
def _plain_environment(browser: Browser) -> Iterator[None]:
    """Hide what is said to the tests, to their browser too, from settings that know all names."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("BYPOST_")]:
            patch.delenv(name)
        yield


def fill(root: Path) -> None:
    """Fill the database of a project, and give the desk an operator."""
    database = root / "var" / "bypost.db"
    words = ["rehearse", "--project", str(root), "--fill", str(PEOPLE), "--days", str(DAYS)]
    assert main([*words, "--database", str(database), "--json"]) == 0
    hashed = password.hash_of(PASSWORD)
    with open_project(root) as context, context.store.write() as connection:
        account.add(connection, NAME, Role.OPERATOR, hashed, context.clock.now())


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shipped project that has a past; to be copied."""
    root = tmp_path_factory.mktemp("filled") / "project"
    root.mkdir()
    for folder in ("templates", "lessons", "newsletters"):
        shutil.copytree(CHECKOUT / folder, root / folder)
    for name in ("bypost.toml", "personas.toml"):
        shutil.copy(CHECKOUT / name, root)
    fill(root)
    return root


def write_issue(root: Path, name: str, subject: str) -> None:
    """Write an issue that is ready, though not for today."""
    path = root / "newsletters" / "clarity-notes" / f"2099-01-01-{name}.md"
    path.write_text(ISSUE.format(id=name, subject=subject), encoding="utf-8")


LESSON = """\
---
id: a-rest
subject: A week without applications
preheader: What to do with seven days in which nobody expects an answer from you at all.
delay: 2 weekdays
if_past: skip
---
# A week without applications

Take a week in which you write to nobody, and read this again when it is over.
"""


def insert_lesson(root: Path) -> None:
    """Write a lesson between others, as somebody who has put the pen down since."""
    path = root / "lessons" / COURSE / "02-a-rest.md"
    path.write_text(LESSON, encoding="utf-8")
    then = time.time() - 120
    os.utime(path, (then, then))


@dataclass
class House:
    """A project, and the desk that is served on it."""

    server: Server

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def root(self) -> Path:
        return self.server.root

    def ask(self, query: str, *values: object) -> Any:
        """Return the first column of the first row of the database."""
        path = self.root / "var" / "bypost.db"
        with closing(sqlite3.connect(path, timeout=10)) as database:
            return database.execute(query, values).fetchone()[0]

    def sign_in(self, seen: Watched) -> Page:
        """Sign in as the operator; return the page, which shows Today."""
        page = seen.page
        page.goto(f"{self.url}/desk")
        page.locator("#name").fill(NAME)
        page.locator("#password").fill(PASSWORD)
        page.locator("main button").click()
        page.wait_for_url(f"{self.url}/desk")
        return page


@pytest.fixture
def house(filled: Path, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Serve a copy of the filled project as anybody's server would, with passes behind it."""
    started: list[Child] = []

    def start(prepare: Callable[[Path], None] = lambda root: None, **environ: str) -> House:
        root = tmp_path / "project"
        shutil.copytree(filled, root)
        prepare(root)
        port = free_port()
        url = f"http://localhost:{port}"
        words = ["-m", "bypost", "serve", "--project", str(root), "--port", str(port)]
        site = {"BYPOST_SITE__BASE_URL": url, "BYPOST_SENDING__TICK_SECONDS": TICK}
        process = Child(
            [*words, "--allow-local"], cwd=root, environ={**os.environ, **site, **environ}
        )
        started.append(process)
        server = Server(url, root, process)
        wait_for(server)
        return House(server)

    yield start
    for process in started:
        process.kill()
        process.communicate()
