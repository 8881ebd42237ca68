"""The dialogue of docs/editing.md: every command is run, and says what the page says."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
import yaml
from markdown_it import MarkdownIt

from bypost import project as wiring
from bypost.cli import main
from bypost.cli.app import app
from bypost.delivery.rehearsal import Rehearsal
from bypost.delivery.run import Pass
from bypost.project import open_project, rewire
from scheduler.clock import SimulatedClock
from tests.conftest import CHECKOUT, write_people

PAGE = CHECKOUT / "docs/editing.md"
PLAN_ID = re.compile(r"\b[0-9a-f]{12}\b")
LESSON = """\
---
id: {id}
subject: {title}
preheader: A preheader that is long enough to be taken for one by the checks
delay: {delay}
---
# {title}

Hello {{{{ subscriber.name|default("you", true) }}}}.
"""
LESSONS = (
    ("00", "welcome", "Welcome", "at once"),
    ("10", "say-it-first", "Say it first", "2 days"),
    ("20", "one-thing", "One thing at a time", "2 days"),
    ("30", "warm-up", "Cut the warm-up", "2 days"),
)
ZONES = ("Europe/Berlin", "America/New_York", "Europe/Berlin")


@dataclass
class Console:
    """Runs the commands of the page in a project."""

    root: Path
    clock: SimulatedClock
    capsys: pytest.CaptureFixture[str]
    code: int = 0
    #: Name of a plan on the page -> its name here.
    plans: dict[str, str] = field(default_factory=dict)

    def go_to(self, at: datetime) -> None:
        """Make every pass until then."""
        with open_project(self.root, clock=self.clock) as context:
            settings = context.settings
            same = rewire(
                context,
                store=context.store,
                clock=self.clock,
                outbox=self.root / settings.providers.outbox.path,
            )
            Rehearsal(same).run(at)
            self.clock.advance_to(at)
            Pass(same).run()

    def run(self, line: str) -> str:
        if line == "echo $?":
            return f"{self.code}\n"
        for shown, real in self.plans.items():
            line = line.replace(shown, real)
        words = shlex.split(line)
        if words[0] != "bypost":
            subprocess.run(words, cwd=self.root, check=True)
            return ""
        self.capsys.readouterr()
        self.code = main([*words[1:], "--project", str(self.root)])
        out, err = self.capsys.readouterr()
        return out + err

    def compare(self, line: str, expected: str) -> None:
        found = self.run(line)
        self.plans |= dict(zip(PLAN_ID.findall(expected), PLAN_ID.findall(found), strict=False))
        for shown, real in self.plans.items():
            found = found.replace(real, shown)
        assert found.rstrip() == expected.rstrip(), line


@pytest.fixture
def console(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Console]:
    """A course of four lessons, two days apart; two people a day join, on twelve days."""
    root, clock = tmp_path / "project", SimulatedClock(datetime(2026, 11, 1, 12, tzinfo=UTC))
    monkeypatch.setattr(wiring, "SystemClock", lambda: clock)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    root.mkdir()
    shutil.copytree(CHECKOUT / "templates", root / "templates")
    shutil.copy(CHECKOUT / "bypost.toml", root)
    folder = root / "lessons/clear-writing"
    folder.mkdir(parents=True)
    (folder / "course.toml").write_text('title = "Clear writing"\nsummary = "For tests."\n')
    for number, name, title, delay in LESSONS:
        text = LESSON.format(id=name, title=title, delay=delay)
        (folder / f"{number}-{name}.md").write_text(text)
    (root / "var").mkdir()
    made = Console(root, clock, capsys)
    rows: list[str] = []
    for day in range(2, 14):
        for _ in range(2):
            place = len(rows)
            rows.append(f"reader-{place + 1}@example.org,Reader,{ZONES[place % 3]}")
        write_people(root, *rows)
        made.go_to(datetime(2026, 11, day, 12, tzinfo=UTC))
    yield made
    monkeypatch.delenv("TZ")
    time.tzset()


def test_the_dialogue_happens_as_the_page_tells_it(console: Console) -> None:
    ran = 0
    for block in MarkdownIt("commonmark").parse(PAGE.read_text(encoding="utf-8")):
        kind, _, more = block.info.partition(" ")
        if block.type != "fence":
            continue
        if kind == "markdown" and more:  # a file as it is to be
            (console.root / more).write_text(block.content, encoding="utf-8")
        elif kind == "console":
            if more:
                console.go_to(datetime.fromisoformat(more))
            for part in re.split(r"^\$ ", block.content, flags=re.MULTILINE)[1:]:
                line, _, expected = part.partition("\n")
                console.compare(line, expected)
                ran += 1
    assert ran >= 8


def test_the_workflow_for_pull_requests_runs_commands_that_exist() -> None:
    workflow = yaml.safe_load((CHECKOUT / "docs/check-and-plan.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["content"]["steps"]
    lines = "\n".join(step.get("run", "") for step in steps)
    ran = re.findall(r"^bypost (\w+)((?: [^>|\n]+)?)", lines, re.MULTILINE)
    assert [verb for verb, _ in ran] == ["check", "plan", "diff"]
    command = typer.main.get_command(app)
    for verb, words in ran:
        known = {name for param in command.commands[verb].params for name in param.opts}  # type: ignore[attr-defined]
        assert set(re.findall(r"--[a-z-]+", words)) <= known
