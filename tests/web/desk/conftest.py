"""A desk to try: its site, somebody signed in, and the token that its forms carry."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bypost.admins import session as sessions
from bypost.delivery.context import Context
from bypost.store import admins
from bypost.web.desk import session
from tests.web.conftest import PUBLIC

#: What nobody should be able to do by a name, a tag or an attribute.
HOSTILE = (
    '<script>alert("1")</script>',
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{ 7 * 7 }}",
    "=HYPERLINK(1)",
)


def holding(**cookies: str) -> dict[str, str]:
    """Return the header of a browser that holds these cookies, and no others."""
    pairs = (f"{name.replace('_', '-')}={value}" for name, value in cookies.items())
    return {"Cookie": "; ".join(pairs)}


class Signed:
    """Somebody at the desk, as their browser sees it."""

    def __init__(self, client: TestClient, token: str, origin: str = PUBLIC) -> None:
        self.client = client
        self.token = token
        self._origin = {"Origin": origin}

    @property
    def csrf(self) -> str:
        """What each form of theirs carries."""
        return session.csrf_of(self.token)

    def get(self, path: str, *, said: str = "", **options: Any) -> Any:
        """Open a page below ``/desk``."""
        held = {"desk": self.token, **({"desk_said": said} if said else {})}
        headers = {**holding(**held), **options.pop("headers", {})}
        answer = self.client.get(f"/desk{path}", headers=headers, **options)
        self.client.cookies.clear()
        return answer

    def settled(self, path: str, **options: Any) -> str:
        """Open what may be worked out beside the page, and return it once it is there."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            page: str = self.get(path, **options).text
            if 'role="status"' not in page:
                return page
            time.sleep(0.02)
        raise AssertionError(f"{path} takes for ever")

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        """Press a button: the token of the form and the origin are right unless given."""
        headers = {**holding(desk=self.token), **self._origin, **options.pop("headers", {})}
        fields = {"csrf": self.csrf, **(data or {})}
        answer = self.client.post(f"/desk{path}", data=fields, headers=headers, **options)
        self.client.cookies.clear()
        return answer

    def after(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        """Press a button, and return the page it leads to with what it has to say."""
        answer = self.post(path, data, **options)
        assert answer.status_code == 303, answer.text
        where = answer.headers["location"].removeprefix("/desk")
        return self.get(where, said=answer.cookies.get("desk-said", ""))


@pytest.fixture
def sign_in(context: Context, public: TestClient) -> Callable[..., Signed]:
    """Make an account, unless it is there, and a session of its own, without any password."""

    def make(name: str, role: str = "operator") -> Signed:
        token, now = session.new_token(), context.clock.now()
        with context.store.write() as connection:
            admins.add(connection, name, role, "no password opens this", now)
            row = admins.by_name(connection, name)
            assert row is not None
            sessions.begin(connection, row["id"], token, now)
        return Signed(public, token)

    return make


@pytest.fixture
def operator(sign_in: Callable[..., Signed]) -> Signed:
    return sign_in("olga", "operator")


@pytest.fixture
def viewer(sign_in: Callable[..., Signed]) -> Signed:
    return sign_in("vera", "viewer")
