"""Rendering: lessons compiled, mails made whole, and the shipped course from cold."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from bypost.content.loader import load_project_content
from bypost.model.content import Content, Values
from bypost.model.course import Sender
from bypost.render.compile import Compiler
from bypost.render.mjml import compile_mjml
from bypost.render.personalise import Personaliser
from bypost.render.split import template_source
from tests.bench.cache import cache_folder
from tests.bench.figure import Figure
from tests.bench.rounds import ROUNDS, compared, measured, per_second, taken_in_turns
from tests.conftest import CHECKOUT
from tests.mjml import official
from tests.mjml.sources import documents

METHOD = """\
The lessons of the shipped course, in time of the processor. *MJML*: our compiler and npm's `mjml`
over the same documents, both warm, in turns and by the clock; left out where Node or npm are
missing. *personalised*: subject, HTML and text of the second lesson with one person's values in
their slots, beside the same templates compiled once by Jinja (autoescape, in the sandbox), beside
compiling the lesson again for each person, and beside copying the finished bytes. *cold*: the
course is read and all of its lessons compiled by a process that has just started and imported what
it needs; *with imports* is the same with the start of Python and the imports, by the clock."""

SENDER = Sender(
    name="Bench", email="bench@example.org", reply_to="bench@example.org", postal_address="1 Street"
)
_COLD_MS = 100
#: npm's package stays there from run to run.
_NPM = cache_folder() / "mjml"
#: How often each document is compiled in one round of the official compiler.
_COMPILED = 5
_PEOPLE = 1000
#: Imports nothing but what compiles lessons, and prints the milliseconds after that.
_COURSE_FROM_COLD = """
import time
from pathlib import Path
from bypost.content.loader import load_project_content
from bypost.model.course import Sender
from bypost.render.compile import Compiler
began = time.perf_counter()
course = load_project_content(Path()).courses[0]
sender = Sender(name="B", email="b@x.example", reply_to="b@x.example", postal_address="1 Street")
compiler = Compiler(Path(), sender=sender, base_url="https://x.example")
for lesson in course.lessons:
    compiler.lesson(course, lesson)
print(1000 * (time.perf_counter() - began))
"""


def figures() -> list[Figure]:
    """Return all of it."""
    library = load_project_content(CHECKOUT)
    course = library.courses[0]
    compiler = Compiler(CHECKOUT, sender=SENDER, base_url="https://x.example")
    lessons = course.lessons

    def compiled(number: int) -> Content:
        return compiler.lesson(course, lessons[number % len(lessons)])

    rates = [per_second(compiled) for _ in range(ROUNDS)]
    what = "lessons compiled, from Markdown to HTML and text"
    return [
        measured("rendering.lessons", what, "lessons/s", rates),
        *_beside_npm(len(lessons)),
        *_personalised(compiler.lesson(course, lessons[1]), lambda: compiled(1)),
        *_cold(),
    ]


def _beside_npm(lessons: int) -> Iterator[Figure]:
    mjml = [document.mjml for document in documents()[:lessons]]
    try:
        theirs = official.install(_NPM)
    except official.Missing as missing:
        sys.stderr.write(f"not compared with npm's compiler: {missing}\n")
        return

    def ours() -> float:
        def work(_: int) -> None:
            for text in mjml:
                compile_mjml(text, "lesson")

        # By the clock, as Node tells its own time.
        return len(mjml) * per_second(work, clock=time.perf_counter)

    def others() -> float:
        made = official.compile_all(_NPM, mjml, _COMPILED)
        return len(made) * 1000 / sum(one.milliseconds for one in made)

    mine, npm = taken_in_turns([ours, others])
    yield compared("rendering.mjml", "MJML compiled", "lessons/s", mine, npm, f"npm's {theirs}")


def _personalised(content: Content, compile_again: Callable[[], Content]) -> Iterator[Figure]:
    people = [values(number) for number in range(_PEOPLE)]
    fill = Personaliser(content)
    render = jinja(content)
    finished = [part.encode() for part in render(people[0])]
    ways: tuple[Callable[[int], object], ...] = (
        lambda n: fill.render(people[n % _PEOPLE]),
        lambda n: render(people[n % _PEOPLE]),
        lambda n: Personaliser(compile_again()).render(people[n % _PEOPLE]),
        lambda _: [bytes(memoryview(part)) for part in finished],
    )
    rates = taken_in_turns([_rate(way) for way in ways])
    words = ("compiled Jinja", "compiling again", "copying the bytes")
    for key, to, other in zip(("jinja", "again", "copy"), words, rates[1:], strict=True):
        yield compared(f"rendering.{key}", "mails personalised", "mails/s", rates[0], other, to)


def _rate(way: Callable[[int], object]) -> Callable[[], float]:
    return lambda: per_second(way)


def jinja(content: Content) -> Callable[[Values], Sequence[str]]:
    """Return what renders subject, HTML and text whole, as templates that are compiled once."""
    text = SandboxedEnvironment(autoescape=False, undefined=StrictUndefined)
    html = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    templates = (
        text.from_string(template_source(content.subject)),
        html.from_string(template_source(content.html)),
        text.from_string(template_source(content.text)),
    )
    return lambda known: [template.render(known) for template in templates]


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


def _cold() -> Iterator[Figure]:
    """Return how long the shipped course takes in processes that have just started."""
    whole, inner = [], []
    for number in range(ROUNDS + 1):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _COURSE_FROM_COLD],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
            check=True,
            capture_output=True,
            text=True,
        )
        if number:  # the first one writes byte code
            whole.append(1000 * (time.perf_counter() - began))
            inner.append(float(done.stdout))
    what = "the shipped course from cold"
    note = f"{statistics.median(whole):.0f} ms with the start of Python and the imports"
    yield measured("rendering.cold", what, "ms", inner, goal=_COLD_MS, at_most=True, note=note)
