"""A real Chromium, and a real ``bypost serve --local`` on a copy of the shipped project."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.forks.child import Child, Process

# A machine that does other work is slow; what never comes is told apart all the same.
expect.set_options(timeout=20_000)
_HERE = Path(__file__).parent
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Give all of these tests to one process: a second Chromium beside it slows both down."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        reason = f"no Chromium on this machine: none of {', '.join(_NAMES)} is in PATH"
        if os.environ.get("BYPOST_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=[*_QUIET, *sandbox])
        yield chromium
        chromium.close()


@dataclass
class Server:
    """A running ``bypost serve --local``."""

    url: str
    root: Path
    process: Process

    def stop(self, sign: signal.Signals) -> tuple[int, str, str, float]:
        """Stop it; return its exit code, what it wrote, and how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(sign)
        out, err = self.process.communicate(timeout=20)
        seconds = time.monotonic() - began
        assert self.process.returncode is not None
        return self.process.returncode, out.decode(), err.decode(), seconds


@pytest.fixture
def serve(shipped_project: Path) -> Iterator[Callable[..., Server]]:
    """Start servers on the shipped project; they are stopped at the end."""
    started: list[Process] = []

    def start(*, anew: bool = False) -> Server:
        port = free_port()
        process = start_process(shipped_project, port, anew=anew)
        started.append(process)
        server = Server(f"http://localhost:{port}", shipped_project, process)
        wait_for(server)
        return server

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def start_process(root: Path, port: int, *, anew: bool) -> Process:
    """Start the pages; ``anew`` is a start from nothing, else a fork of what is imported."""
    words = ["-m", "bypost", "serve", "--project", str(root), "--local", "--port", str(port)]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("BYPOST_")}
    if not anew:
        return Child(words, cwd=root, environ=environ)
    return subprocess.Popen(
        [sys.executable, *words], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(server: Server) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and server.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.url}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    server.process.kill()
    raise AssertionError(f"the server did not start: {server.process.communicate()}")


@dataclass
class Watched:
    """A page, and everything it asked for or complained about."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def heard(self) -> None:
        """Fail if the page complained, or asked another host for something."""
        assert self.complaints == []
        assert self.elsewhere == []


@pytest.fixture
def watch(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Open pages that are listened to."""
    contexts = []

    def opening(base: str, *, script: bool = True, width: int = 1280, **more: Any) -> Watched:
        context = browser.new_context(
            java_script_enabled=script,
            viewport={"width": width, "height": 900},
            locale="en-GB",
            **more,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        watched = Watched(page, base)

        def asked(address: str) -> None:
            if not address.startswith((f"{base}/", "data:")):
                watched.elsewhere.append(address)

        def said(kind: str, text: str) -> None:
            if kind in {"error", "warning"}:
                watched.complaints.append(text)

        context.on("request", lambda request: asked(request.url))
        page.on("console", lambda message: said(message.type, message.text))
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        page.goto(base)
        return watched

    yield opening
    for context in contexts:
        context.close()
