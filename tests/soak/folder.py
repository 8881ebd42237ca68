"""The project of a round: a course of one lesson, an issue, people, and settings of short times."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path

from bypost.testing.fake_postmark import WEBHOOK_SECRET
from tests.conftest import CHECKOUT, write_course, write_people
from tests.soak import plan
from tests.soak.plan import Plan, Subject

_SETTINGS = """\
[import]
courses = ["letters"]
newsletters = ["notes"]

[database]
url = "{database}"

[sending]
provider = "{provider}"
engine = "{engine}"
threads = {threads}
tick_seconds = {rest}
lease_seconds = {lease}
timeout_seconds = {timeout}
quiet_seconds = {quiet}
retry_seconds = {retry}
batch_without_key = {batch}

[providers.{provider}]
base_url = "{url}"
per_second = 1000
batch_size = {batch}
"""
_ISSUE = """\
---
id: hello
subject: The subject of the issue
preheader: A preheader that is long enough to be taken for one by the checks
status: ready
date: {at}
---
# The title of the issue

Hello {{{{ subscriber.name|default("you", true) }}}}, this is an issue.
"""


def make(root: Path, given: Plan, subject: Subject, url: str, *, database: str) -> None:
    """Write the project of a round over ``database``; its issue comes later."""
    shutil.copytree(CHECKOUT / "templates", root / "templates")
    settings = _SETTINGS.format(
        database=database,
        engine="procrastinate" if given.jobs else "threads",
        provider=subject.provider,
        url=url,
        threads=plan.THREADS,
        rest=plan.REST,
        lease=plan.LEASE,
        timeout=plan.TIMEOUT,
        quiet=plan.QUIET,
        retry=plan.RETRY,
        batch=plan.BATCH,
    )
    (root / "bypost.toml").write_text(settings, encoding="utf-8")
    write_course(root, delays=("at once",))
    folder = root / "newsletters" / "notes"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text(
        'title = "Notes"\nsummary = "A newsletter for tests."\n', encoding="utf-8"
    )
    write_people(root, *(f"{_address(n)},Person {n},UTC" for n in range(given.people)))


def add_issue(root: Path, at: datetime) -> None:
    """Write the issue that is due at ``at``: in the middle of sending the lessons."""
    path = root / "newsletters" / "notes" / f"{at.date()}-hello.md"
    path.write_text(_ISSUE.format(at=at.isoformat()), encoding="utf-8")


def secrets(subject: Subject) -> dict[str, str]:
    """Return what stands in the environment: the fakes' own keys, a hook where events come."""
    # Machines that share a database share the keys of their links and of addresses.
    ours = {
        "BYPOST_SITE__SECRET_KEYS": json.dumps(["soak-" * 10]),
        "BYPOST_SITE__ADDRESS_KEY": "soak-" * 10,
    }
    if subject.provider == "resend":
        return {**ours, "BYPOST_PROVIDERS__RESEND__API_KEY": "re_test_key"}
    key = {**ours, "BYPOST_PROVIDERS__POSTMARK__API_KEY": "pm_test_key"}
    hook = {"BYPOST_PROVIDERS__POSTMARK__WEBHOOK_SECRET": WEBHOOK_SECRET}
    return {**key, **(hook if subject.name == "events" else {})}


def _address(number: int) -> str:
    """Return an address; some are such that both fakes refuse them."""
    refused = number % plan.REFUSED_EVERY == 5
    return f"p{number}{'.inactive.bounce-now' if refused else ''}@example.org"
