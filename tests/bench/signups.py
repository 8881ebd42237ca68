"""Sign-ups while the same process sends to many people: how many, how long they take, none lost."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.bench.fast_sink import fast_sink
from tests.bench.figure import Figure
from tests.bench.rounds import measured
from tests.conftest import CHECKOUT

METHOD = """\
`bypost serve` sends a lesson to everybody through a sink on loopback, while eight browsers sign
people up through its form, one after another each, for half a minute. Everybody who was asked for
must be kept, and their confirmation accepted."""

#: Browsers that sign people up at the same time, one after another each.
_BROWSERS = 8
#: Seconds that a form must have been open, and a little more.
_READING = 2.5
#: Seconds for which they do so: a confirmation goes out before a lesson, so that the send would
#: hardly end while they come.
_COMING = 30.0
_LONGEST = 600.0
_COURSE = "courses/after-the-interview"
_LIMITS = ("PER_NETWORK_PER_HOUR", "PER_FORM_PER_HOUR", "PER_HOUR")


@dataclass(slots=True)
class Visits:
    """What the browsers met."""

    seconds: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


def figures(people: int = 100_000) -> list[Figure]:
    """Sign people up through the form while a lesson goes to ``people`` others; one round."""
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as name:
        root = Path(name)
        for folder in ("templates", "lessons", "newsletters"):
            shutil.copytree(CHECKOUT / folder, root / folder)
        shutil.copy(CHECKOUT / "bypost.toml", root)
        with (root / "subscribers.csv").open("w", encoding="utf-8") as file:
            file.write("email,name,time_zone\n")
            file.writelines(f"p{i}@example.com,Person {i},Europe/Berlin\n" for i in range(people))
        log = root / "serve.log"
        with fast_sink("resend") as provider, _serve(root, provider, log) as site:
            visits, took = _sign_up_while_sending(root, site, people)
            _settle(root, people + len(visits.seconds))
        return _of(root, visits, took, people, log.read_text(encoding="utf-8"))


@contextmanager
def _serve(root: Path, provider: str, log: Path) -> Iterator[str]:
    """Run ``bypost serve`` and yield its address."""
    environ = {
        **os.environ,
        **{f"BYPOST_SIGNUP__{name}": "1000000" for name in _LIMITS},
        "BYPOST_SENDING__PROVIDER": "resend",
        "BYPOST_SENDING__TICK_SECONDS": "1",
        "BYPOST_PROVIDERS__RESEND__BASE_URL": provider,
        "BYPOST_PROVIDERS__RESEND__API_KEY": "re_test_key",
        "BYPOST_PROVIDERS__RESEND__PER_SECOND": "100000",
    }
    command = [sys.executable, "-u", "-m", "bypost", "serve", "--allow-local", "--port", "0"]
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command, cwd=root, env=environ, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        assert process.stdout is not None
        try:
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found, log.read_text(encoding="utf-8")
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield found[0]
        finally:
            process.terminate()
            process.wait(timeout=60)


def _sign_up_while_sending(root: Path, site: str, people: int) -> tuple[Visits, float]:
    """Return what the browsers met in the middle of the send, and for how long they came."""
    while _accepted(root) == 0:
        time.sleep(0.2)
    visits, done = Visits(), threading.Event()
    threads = [
        threading.Thread(target=_browse, args=(site, number, visits, done))
        for number in range(_BROWSERS)
    ]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    time.sleep(_READING + _COMING)
    assert _accepted(root) < people, "the send was over before them: take more people"
    done.set()
    for thread in threads:
        thread.join()
    return visits, time.perf_counter() - start - _READING


def _browse(site: str, number: int, visits: Visits, done: threading.Event) -> None:
    with requests.Session() as browser:
        page = browser.get(f"{site}/{_COURSE}", timeout=60).text
        token = re.search(r'name="token" value="([^"]+)"', page)
        assert token
        time.sleep(_READING)
        count = 0
        while not done.is_set():
            count += 1
            typed = {"email": f"s{number}-{count}@example.com", "token": token[1], "hour": "09:00"}
            began = time.perf_counter()
            answer = browser.post(
                f"{site}/{_COURSE}", data=typed, timeout=60, allow_redirects=False
            )
            if answer.status_code == 303:
                visits.seconds.append(time.perf_counter() - began)
            else:
                visits.refused.append(answer.status_code)


def _accepted(root: Path) -> int:
    """Return how many mails were accepted."""
    try:
        with closing(sqlite3.connect(root / "var" / "bypost.db", timeout=30)) as database:
            return int(
                database.execute(
                    "SELECT coalesce(sum(size), 0) FROM batches WHERE state = 'settled'"
                ).fetchone()[0]
            )
    except sqlite3.OperationalError:  # not there yet
        return 0


def _settle(root: Path, owed: int) -> None:
    """Wait until every mail owed is out."""
    until = time.perf_counter() + _LONGEST
    while _accepted(root) < owed and time.perf_counter() < until:
        time.sleep(0.5)


def _of(root: Path, visits: Visits, took: float, people: int, log: str) -> list[Figure]:
    asked = len(visits.seconds)
    with closing(sqlite3.connect(root / "var" / "bypost.db")) as database:
        (kept,) = database.execute("SELECT count(*) FROM signups").fetchone()
    times = sorted(1000 * one for one in visits.seconds)
    within = {share: times[int(len(times) * share)] for share in (0.5, 0.99)}
    wrong = {
        "refused": ("refused or failed", len(visits.refused)),
        "lost": ("asked and not kept", asked - kept),
        "owed": ("owed and not accepted", people + asked - _accepted(root)),
        "locked": ("`database is locked` in the log", log.count("is locked")),
    }
    return [
        measured("signups.rate", "sign-ups", "people/s", [asked / took], note=f"{asked:,} asked"),
        measured("signups.half", "half answered within", "ms", [within[0.5]], at_most=True),
        measured("signups.most", "99 % answered within", "ms", [within[0.99]], at_most=True),
        *(
            measured(f"signups.{key}", what, "", [count], at_most=True)
            for key, (what, count) in wrong.items()
        ),
    ]
