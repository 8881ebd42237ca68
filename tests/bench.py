"""``make bench``: what a mail and a pass cost, in figures of one run on this machine.

    python -m tests.bench [--people 100000]

Ratios within one run count; seconds differ between machines and minutes.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from rich.console import Console
from rich.table import Table

from bypost.content.loader import load_project_content
from bypost.model.content import Values
from bypost.model.course import Sender
from bypost.render.compile import Compiler
from bypost.render.personalise import Personaliser
from bypost.render.split import template_source

CHECKOUT = Path(__file__).resolve().parent.parent
SENDER = Sender(
    name="Bench", email="bench@example.org", reply_to="bench@example.org", postal_address="1 Street"
)


def values(number: int) -> Values:
    """Return what the slots of one person are filled from."""
    return {
        "subscriber": {
            "name": f"Person <{number}>",
            "email": f"p{number}@example.org",
            "time_zone": "UTC",
            "since": "23 November 2026",
        },
        "links": {
            "leave": f"https://x.example/u/{number}",
            "progress": f"https://x.example/p/{number}",
        },
        "next": {"when": "Tuesday at 09:00", "date": "Tuesday 24 November", "title": "The next"},
    }


def per_second(work: Callable[[int], object], seconds: float = 1.0, rounds: int = 5) -> float:
    """Return the median rate of ``work`` over some rounds."""
    rates = []
    for _ in range(rounds):
        count, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds / rounds:
            work(count)
            count += 1
        rates.append(count / spent)
    return statistics.median(rates)


def bench_rendering(table: Table) -> None:
    """Compile lessons; render mails whole with Jinja, and by slots."""
    library = load_project_content(CHECKOUT)
    course = library.courses[0]
    compiler = Compiler(CHECKOUT, sender=SENDER, base_url="https://x.example")
    lessons = course.lessons
    compiled = per_second(lambda n: compiler.lesson(course, lessons[n % len(lessons)]))
    content = compiler.lesson(course, lessons[1])
    fill = Personaliser(content)
    slots = per_second(lambda n: fill.render(values(n)))
    html = Environment(autoescape=True, undefined=StrictUndefined)
    text = Environment(autoescape=False, undefined=StrictUndefined)
    whole = [
        html.from_string(template_source(content.html)),
        text.from_string(template_source(content.text)),
        text.from_string(template_source(content.subject)),
    ]
    jinja = per_second(lambda n: [one.render(values(n)) for one in whole])
    table.add_row("lessons compiled", f"{compiled:,.0f} /s", "")
    table.add_row("mails rendered whole by Jinja", f"{jinja:,.0f} /s", "1.0")
    table.add_row("mails rendered by slots", f"{slots:,.0f} /s", f"{slots / jinja:.1f}")


def bench_pass(table: Table, people: int) -> None:
    """Send one lesson to many people through HTTP to a sink on loopback."""
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as name:
        root = Path(name)
        for folder in ("templates", "lessons"):
            shutil.copytree(CHECKOUT / folder, root / folder)
        shutil.copy(CHECKOUT / "bypost.toml", root)
        with (root / "subscribers.csv").open("w", encoding="utf-8") as file:
            file.write("email,name,time_zone\n")
            file.writelines(f"p{i}@example.com,Person {i},Europe/Berlin\n" for i in range(people))
        sink = subprocess.Popen(
            [sys.executable, "-m", "bypost.testing.fake_resend", "--discard"],
            stdout=subprocess.PIPE,
        )
        assert sink.stdout is not None
        url = sink.stdout.readline().decode().strip()
        try:
            seconds, peak = timed_pass(root, url)
        finally:
            sink.terminate()
            sink.wait(10)
        size = (root / "var" / "bypost.db").stat().st_size
    table.add_row(f"a pass over {people:,} people", f"{seconds:.1f} s", "")
    table.add_row("  people a second, import to record", f"{people / seconds:,.0f} /s", "")
    table.add_row("  peak memory", f"{peak / 1024:.0f} MB", "")
    table.add_row("  database", f"{size / people:.0f} B a person", "")


def timed_pass(root: Path, url: str) -> tuple[float, int]:
    """Return seconds and peak kilobytes of one ``send`` in a process of its own."""
    environ = {
        **os.environ,
        "BYPOST_SENDING__PROVIDER": "resend",
        "BYPOST_PROVIDERS__RESEND__BASE_URL": url,
        "BYPOST_PROVIDERS__RESEND__API_KEY": "re_test_key",
        "BYPOST_PROVIDERS__RESEND__PER_SECOND": "100000",
    }
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(CHECKOUT / "send.py"), "--allow-local"], cwd=root, env=environ
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.perf_counter() - start, usage.ru_maxrss


def main() -> None:
    """Run everything and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    people = parser.parse_args().people
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("ratio", justify="right")
    with console.status("rendering"):
        bench_rendering(table)
    with console.status(f"a pass over {people:,} people"):
        bench_pass(table, people)
    console.print(table)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    console.print(f"on {os.cpu_count()} cores; this process itself used {own / 1024:.0f} MB")


if __name__ == "__main__":
    main()
