"""Rendering: lessons compiled, and mails made whole by Jinja and by slots."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from jinja2 import Environment, StrictUndefined
from rich.table import Table

from bypost.content.loader import load_project_content
from bypost.model.content import Values
from bypost.model.course import Sender
from bypost.render.compile import Compiler
from bypost.render.personalise import Personaliser
from bypost.render.split import template_source
from tests.conftest import CHECKOUT

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


def measure(table: Table) -> None:
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
