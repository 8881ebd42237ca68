"""Who may ask the bench, what its pages may load, and where it is mounted."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.web import make_site
from bypost.web.pages import STATIC
from bypost.web.preview.app import OWN_POSTS
from tests.web.preview.conftest import HERE, ONE, Desk

PAGES = (f"/preview/mail/{ONE}", f"/preview/mail/{ONE}?view=markdown", "/preview/problems", "/x")


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8010", "192.0.2.1"])
def test_the_bench_answers_to_names_of_this_machine_only(desk: Desk, host: str) -> None:
    for path in (*PAGES, f"/preview/frame/{ONE}", "/preview/events", "/static/preview.css"):
        assert desk.client.get(path, headers={"Host": host}).status_code == 403


def test_a_post_must_come_from_a_page_of_the_bench(desk: Desk) -> None:
    for path in OWN_POSTS:
        for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert desk.client.post(path, headers=headers).status_code == 403


def test_no_page_runs_or_loads_anything_but_its_own_files(desk: Desk) -> None:
    for path in PAGES:
        answer = desk.client.get(path)
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert not re.search(r"<(script(?! src=)|style)|\son\w+=|\sstyle=", answer.text)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)
    for name in ("preview.css", "preview.js", "preview-panes.js"):
        text = (STATIC / name).read_text(encoding="utf-8")
        assert not re.search(r"https?://|url\(|@import", text)


def test_a_mail_in_its_frame_can_run_nothing(desk: Desk) -> None:
    policy = desk.client.get(f"/preview/frame/{ONE}").headers["content-security-policy"]
    assert "sandbox" in policy
    assert "script" not in policy


def test_the_bench_needs_no_database_and_leaves_none(desk: Desk) -> None:
    before = {path for path in desk.root.rglob("*") if path.is_file()}
    for path in PAGES:
        desk.client.get(path)
    assert {path for path in desk.root.rglob("*") if path.is_file()} == before


def test_the_local_page_has_the_bench_and_the_public_site_has_none(
    project: Path, open_context: Callable[..., Context]
) -> None:
    context = open_context(project)
    with TestClient(make_site(context, local=True), base_url=HERE) as local:
        assert 'href="/preview"' in local.get("/").text
        page = local.get("/preview").text
        assert "Title of one" in page
        assert '<a href="/">Mailbox</a>' in page
        assert local.get("/preview", headers={"Host": "evil.example"}).status_code == 403
    with TestClient(make_site(context), base_url="https://course.example.net") as public:
        assert public.get("/preview").status_code == 404
        assert public.get("/preview/events").status_code == 404


def test_what_takes_long_to_load_is_not_loaded_before_the_first_page(project: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from starlette.testclient import TestClient;"
        "from bypost.cli import app; from bypost.web.preview.app import make_preview;"
        f"client = TestClient(make_preview(Path(sys.argv[1])), base_url={HERE!r});"
        "assert client.get('/preview').status_code == 200;"
        "print([name for name in sys.argv[2:] if name in sys.modules])"
    )
    heavy = ["sqlalchemy", "fastapi", "requests", "bypost.store", "bypost.check.rules", "tinycss2"]
    done = subprocess.run(
        [sys.executable, "-c", code, str(project), *heavy], capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr
