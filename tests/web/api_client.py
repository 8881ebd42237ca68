"""A program that uses the API with a token of its own."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.store import tokens
from bypost.web.problem import API, MEDIA_TYPE


class Api:
    """Sends requests with a token; every answer that is an error must be a whole problem."""

    def __init__(self, client: TestClient, token: str) -> None:
        self.client = client
        self.token = token

    def request(self, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        answer = self.client.request(method, f"{API}{path}", headers=headers, **more)
        if answer.status_code >= 400:
            check_problem(answer)
        assert self.token not in answer.text
        return answer

    def get(self, path: str, **query: Any) -> Any:
        return self.request("GET", path, params=query)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return self.request("POST", path, json=body, headers=headers)

    def patch(self, path: str, body: Any) -> Any:
        return self.request("PATCH", path, json=body)

    def pages(self, path: str, **query: Any) -> list[list[dict[str, Any]]]:
        """Return the items of each page of a list."""
        found, cursor = [], None
        while True:
            more: dict[str, Any] = {"cursor": cursor} if cursor else {}
            answer = self.get(path, **query, **more)
            assert answer.status_code == 200, answer.text
            found.append(answer.json()["items"])
            cursor = answer.json()["next"]
            if cursor is None:
                return found

    def all(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Return every item of a list."""
        return [item for items in self.pages(path, **query) for item in items]


def check_problem(answer: Any) -> None:
    """Check that an answer is a problem with its parts (RFC 9457), and says how to mend it."""
    assert answer.headers["content-type"] == MEDIA_TYPE
    told = answer.json()
    assert told["type"] == "about:blank"
    assert told["status"] == answer.status_code
    assert told["title"]
    assert told["code"]
    assert told["detail"].endswith(".")


def make_token(context: Context, *scopes: str, name: str = "test") -> str:
    """Return a new token."""
    token = tokens.make()
    with context.store.write() as connection:
        assert tokens.add(
            connection,
            name,
            tokens.hash_of(token),
            scopes=scopes or tokens.SCOPES,
            now=context.clock.now(),
        )
    return token
