"""docs/api.md: its examples work as they stand, and it names what there is."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.web import make_site
from tests.conftest import CHECKOUT
from tests.web.api_client import Api, make_token

PAGE = (CHECKOUT / "docs/api.md").read_text(encoding="utf-8")
SITE = "https://course.example.org"


@pytest.fixture
def shipped(
    shipped_project: Path, open_context: Callable[..., Context]
) -> Iterator[tuple[TestClient, Context]]:
    context = open_context(shipped_project)
    Pass(context).run()
    with TestClient(make_site(context), base_url=SITE) as client:
        yield client, context


def blocks() -> list[tuple[str, str]]:
    """Each block of code with its language."""
    return re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


def run_curl(client: TestClient, command: str, token: str) -> Any:
    """Send what a curl command would send."""
    command = command.replace("\\\n", " ").replace("$SITE", SITE).replace("$TOKEN", token)
    words = iter(shlex.split(command))
    assert next(words) == "curl"
    url, method, data = "", "", None
    headers: dict[str, str] = {}
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-X":
            method = next(words)
        elif word == "-d":
            data = next(words)
        elif word != "-s":
            assert not url, word
            url = word
    method = method or ("GET" if data is None else "POST")
    content = data.encode() if data is not None else None
    return client.request(method, url, headers=headers, content=content)


def test_each_example_is_answered_as_the_page_says(shipped: tuple[TestClient, Context]) -> None:
    client, context = shipped
    token = make_token(context)
    found = blocks()
    ran = 0
    for number, (language, text) in enumerate(found):
        if language != "sh" or not text.startswith("curl"):
            continue
        answers = [run_curl(client, one, token) for one in re.split(r"\n\n", text.strip())]
        ran += len(answers)
        after = found[number + 1] if number + 1 < len(found) else ("", "")
        if after[0] == "json":
            shown, told = json.loads(after[1]), answers[-1].json()
            assert told == shown
        else:
            assert all(answer.status_code == 200 for answer in answers)
    assert ran == 8


def test_every_list_filter_and_verb_of_the_api_is_there(
    shipped: tuple[TestClient, Context],
) -> None:
    client, context = shipped
    paths = Api(client, make_token(context)).get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        verb = path.rpartition("/")[2]
        assert f"/{verb}" in PAGE or "{" in verb, path
        if path.count("/") > 1 and "{" in verb:
            assert path.split("/")[1] in PAGE
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["in"] == "query":
                assert f"`{parameter['name']}`" in PAGE


def test_every_code_of_a_problem_is_there() -> None:
    sources = (CHECKOUT / "bypost/web/api").glob("*.py")
    texts = [path.read_text(encoding="utf-8") for path in sources]
    texts.append((CHECKOUT / "bypost/people/admit.py").read_text(encoding="utf-8"))
    codes = {code for text in texts for code in re.findall(r'code="([a-z-]+)"', text)}
    codes |= {code for text in texts for code in re.findall(r'NotAdmitted\(\s*"([a-z]+)"', text)}
    assert len(codes) > 12
    shown = set(re.findall(r"`([a-z-]+)`", PAGE.split("| Status |")[1]))
    assert codes <= shown
