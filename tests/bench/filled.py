"""A project with many invented people, and somebody at its desk who has worked there."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from starlette.routing import Route

from bypost.admins import session as sessions
from bypost.admins.role import Role
from bypost.delivery import audience
from bypost.delivery.context import Context
from bypost.project import open_project, wire
from bypost.settings import load_settings
from bypost.store import Connection, Store, admins, audit, migrate
from bypost.testing.fill.fill import fill
from bypost.web import make_site
from bypost.web.desk import session
from scheduler.clock import SystemClock
from tests.conftest import CHECKOUT

DAYS = 40
_WHO, _SAVED = "olga", "finishers"
#: Lines of the log: years of one busy operator.
_LINES = 20_000
_FILE = "email,name\n" + "".join(
    f"new-{n}@example.org,New {n}\nnobody-{n},x\n" for n in range(2000)
)


class Filled:
    """The desk of a project with so many people.

    Args:
        root: An empty folder, or one that was made here before.
    """

    def __init__(self, root: Path, people: int) -> None:
        self.root = root
        if not (root / "var" / "bypost.db").exists():
            _make(root, people)
        context = open_project(root)
        self.context = replace(context, guarded=False)
        site = make_site(self.context, local=True)
        self.paths = [
            route.path
            for route in site.routes
            if isinstance(route, Route)
            and route.path.startswith("/desk")
            and "GET" in (route.methods or ())
        ]
        self._client = TestClient(site, base_url=context.links.base_url, follow_redirects=False)
        self._token = _sign_in(self.context)
        self.values = self._values()

    def get(self, path: str) -> Any:
        """Open a page."""
        return self._client.get(path, headers=self._cookie())

    def _post(self, path: str, data: Mapping[str, str], **more: Any) -> Any:
        fields = {"csrf": session.csrf_of(self._token), **data}
        origin = {"Origin": str(self._client.base_url).rstrip("/")}
        answer = self._client.post(path, data=fields, headers=self._cookie() | origin, **more)
        assert answer.status_code == 303, answer.text
        return answer

    def _cookie(self) -> dict[str, str]:
        self._client.cookies.clear()
        return {"Cookie": f"{session.cookie_name(self.context.links)}={self._token}"}

    def _values(self) -> dict[str, str]:
        """Return what stands for each place of an address: real ones, with much behind them."""
        course = _one(self.context, "SELECT course FROM applied_courses ORDER BY course")
        with self.context.store.write() as connection:
            audience.save_within(self.context, connection, _SAVED, f'course "{course}" finished')
        newsletter, issue = _row(
            self.context, "SELECT newsletter, issue FROM issues ORDER BY first_seen_at DESC"
        )
        lesson = _one(self.context, f"SELECT item FROM contents WHERE collection = '{course}'")
        person = _one(
            self.context,
            "SELECT subscriber_id FROM enrollments WHERE status = 'finished' AND id > "
            "(SELECT max(id) FROM enrollments) / 2 ORDER BY id",
        )
        return {
            "course": course,
            "lesson": lesson,
            "newsletter": newsletter,
            "issue": issue,
            "id": person,
            "name": _WHO,
            "number": self._import(),
            "asset": "none.png",
            "/desk/bulk/{id}": self._bulk(),
            "/desk/audiences/saved/{name}": _SAVED,
        }

    def _import(self) -> str:
        """Take up a file with as many bad rows as good ones; return the import's number."""
        where = self._post("/desk/imports", {}, files={"file": ("new.csv", _FILE, "text/csv")})
        path = where.headers["location"]
        number = str(path.rpartition("/")[2])
        self._wait(number, "reviewed")
        self._post(f"{path}/apply", {"note": "invented, as they are"})
        self._wait(number, "done")
        return number

    def _wait(self, number: str, state: str) -> None:
        for _ in range(600):
            if _one(self.context, f"SELECT state FROM imports WHERE id = {number}") == state:
                return
            time.sleep(0.1)
        raise RuntimeError(f"import {number} is never {state}")

    def _bulk(self) -> str:
        who = {"audience": f'audience "{_SAVED}"', "action": "add_tag", "value": "thanks"}
        return str(self._post("/desk/bulk", who).headers["location"].rpartition("/")[2])


def _make(root: Path, people: int) -> None:
    """Write a project like the one that is shipped, and fill its database."""
    root.mkdir(exist_ok=True)
    for folder in ("templates", "lessons", "newsletters"):
        shutil.copytree(CHECKOUT / folder, root / folder)
    for name in ("bypost.toml", "personas.toml"):
        shutil.copy(CHECKOUT / name, root)
    settings = load_settings(root, {})
    store = Store(settings.database.url, root=root)
    migrate.upgrade(store)
    context = wire(root, settings, store, SystemClock())
    fill(context, people=people, days=DAYS, seed=1, on_progress=lambda *_: None)
    _write_issues(root, store)
    store.close()


def _write_issues(root: Path, store: Store) -> None:
    """Write the files of the issues that went out: the desk shows none without its file."""
    with store.read() as connection:
        sent = connection.exec_driver_sql("SELECT newsletter, issue FROM issues").all()
    for newsletter, issue in sent:
        day, name = issue[:10], issue[11:]
        folder = root / "newsletters" / newsletter
        written = next(file for file in folder.glob("*.md") if f"\nid: {name}\n" in _text(file))
        text = re.sub(r"\nid: .+", f"\nid: {issue}", _text(written))
        text = re.sub(
            r"\ndate: .+", f"\ndate: {day}", text.replace("status: draft", "status: ready")
        )
        (folder / f"{issue}.md").write_text(text, encoding="utf-8")


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _sign_in(context: Context) -> str:
    """Make an account with a session and a long log; return the session's secret."""
    token, now = session.new_token(), context.clock.now()
    with context.store.write() as connection:
        if admins.by_name(connection, _WHO) is None:
            admins.add(connection, _WHO, Role.OPERATOR, "no password opens this", now)
            _log(connection, context)
        row = admins.by_name(connection, _WHO)
        assert row is not None
        sessions.begin(connection, row["id"], token, now)
    return token


def _log(connection: Connection, context: Context) -> None:
    for number in range(_LINES):
        audit.add(
            connection,
            at=context.clock.now(),
            who=_WHO,
            via="desk",
            action=("course.pause", "subscriber.pause", "newsletter.test")[number % 3],
            subject=f"subscriber:{number % 999}",
            detail="",
        )


def _row(context: Context, sql: str) -> tuple[Any, ...]:
    with context.store.read() as connection:
        return tuple(connection.exec_driver_sql(f"{sql} LIMIT 1").one())


def _one(context: Context, sql: str) -> str:
    return str(_row(context, sql)[0])


def fill_in(path: str, values: Mapping[str, str]) -> str:
    """Return an address with its places filled in.

    Raises:
        KeyError: A place is new: say above what stands for it.
    """

    def value(found: re.Match[str]) -> str:
        return values.get(path, values[found[1]])

    return re.sub(r"\{(\w+)\}", value, path)
