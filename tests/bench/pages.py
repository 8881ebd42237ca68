"""What the desk's pages cost the server, among many people; plans of what is slow."""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlencode

from sqlalchemy import Engine, event

from tests.bench.asked import Tell, silent
from tests.bench.figure import Figure
from tests.bench.filled import Filled, fill_in
from tests.bench.rounds import measured

METHOD = """\
Every page of the desk, asked for within the process, in a project of invented people with 40 days
behind them and somebody who has worked at its desk; the median of five times after a first one
that is not counted. *spread* is from the fastest page to the slowest. `--only pages` tells each
page, and the plans of what is slow."""

_ROUNDS = 5
#: Milliseconds; a page above it is shown with its statements.
LIMIT = 300.0
#: What is asked of a page beside its bare address: what people look for, and what is rare or many.
_AUDIENCES = (
    "everyone",
    'tag "nobody-has-this"',
    'course "{course}" finished',
    'course "{course}" left after lesson "{lesson}"',
    'status confirmed and not course "{course}" joined',
    'newsletter "{newsletter}" active and not lesson "{course}/{lesson}" had',
    'attribute "heard_from" is "nowhere"',
    "source csv or paused",
    'address at "example.com"',
)
_ASKED: dict[str, tuple[dict[str, str], ...]] = {
    "/desk/subscribers": (
        {"q": "kamau"},
        {"q": "nobody at all"},
        {"before": "1000"},
        *({"audience": text} for text in _AUDIENCES[1:]),
    ),
    "/desk/audiences/count": (
        *({"audience": text} for text in _AUDIENCES),
        {"audience": "everyone", "exact": "1"},
        {"audience": _AUDIENCES[4], "exact": "1"},
    ),
    "/desk/bulk": ({"audience": _AUDIENCES[2]}, {"audience": _AUDIENCES[1]}),
    "/desk/courses/{course}": ({"days": "30"},),
    "/desk/courses/{course}/plan": ({"anew": "1"},),
    "/desk/failed": ({"before": "1000"},),
    "/desk/sent": ({"before": "1000"},),
    "/desk/housekeeping": ({"tables": "1"},),
    "/desk/log": ({"who": "olga", "action": "course.pause"}, {"subject": "subscriber:7"}),
}


@dataclass(slots=True)
class _Asked:
    """One statement, and how long the database took for it."""

    sql: str
    parameters: Any
    began: float = field(default_factory=time.perf_counter)
    took: float = 0.0


def figures(
    people: int = 1_000_000, *, folder: Path | None = None, tell: Tell = silent
) -> list[Figure]:
    """Return the slowest page, the middle one, and how many are above the limit.

    Args:
        folder: Where the filled project is kept for the next time; None: it is not.
        tell: Is told a line for each page, and the slowest statements of those above the limit.
    """
    with tempfile.TemporaryDirectory(prefix="bypost-bench-") as name:
        filled = Filled(folder or Path(name) / "project", people)
        try:
            pages = {one: _page(filled, one, tell) for one in _addresses(filled)}
        finally:
            filled.context.store.close()
    worst = max(pages, key=lambda one: pages[one])
    slow = sum(took > LIMIT for took in pages.values())
    note = f"`{unquote_plus(worst)}`"
    what, times = f"the median of {len(pages)} pages", list(pages.values())
    return [
        replace(measured("pages.median", what, "ms", times, at_most=True), runs=_ROUNDS),
        measured("pages.slowest", "the slowest", "ms", [pages[worst]], at_most=True, note=note),
        measured("pages.slow", f"pages above {LIMIT:.0f} ms", "", [slow], at_most=True),
    ]


def _addresses(filled: Filled) -> Iterator[str]:
    for path in filled.paths:
        address = fill_in(path, filled.values)
        yield address
        for asked in _ASKED.get(path, ()):
            words = {name: _named(text, filled.values) for name, text in asked.items()}
            yield f"{address}?{urlencode(words)}"


def _named(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], text)


def _page(filled: Filled, address: str, tell: Tell) -> float:
    """Return the milliseconds of one page, after a first time that is not counted."""
    cold = _get(filled, address)[0]
    rounds = [_watched(filled, address) for _ in range(_ROUNDS)]
    _, answer, seen = rounds[-1]
    median = 1000 * statistics.median(took for took, _, _ in rounds)
    count = f"{len(seen)} statements, {sum(one.took for one in seen) * 1000:.0f} ms"
    status = "" if answer.status_code == 200 else f" ({answer.status_code})"
    slow = "  ABOVE" if median > LIMIT else ""
    first = f"first {1000 * cold:.0f} ms"
    tell(f"{unquote_plus(address)}{status}: {median:.0f} ms{slow}; {first}; {count}")
    if median > LIMIT:
        for one in sorted(seen, key=lambda one: -one.took)[:3]:
            tell(_told(filled, one))
    return median


def _watched(filled: Filled, address: str) -> tuple[float, Any, list[_Asked]]:
    with _statements() as seen:
        took, answer = _get(filled, address)
    return took, answer, seen


def _get(filled: Filled, address: str) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = filled.get(address)
    took = time.perf_counter() - began
    if answer.status_code not in {200, 303, 409} and "/assets/" not in address:
        raise RuntimeError(f"{address}: {answer.status_code}\n{answer.text}")
    return took, answer


@contextmanager
def _statements() -> Iterator[list[_Asked]]:
    """Gather what is asked of the database within the block."""
    seen: list[_Asked] = []

    def begin(_: Any, __: Any, sql: str, parameters: Any, context: Any, ___: Any) -> None:
        context.asked = _Asked(sql, parameters)

    def end(_: Any, __: Any, ___: str, ____: Any, context: Any, _____: Any) -> None:
        one = getattr(context, "asked", None)  # none: it began before
        if one is not None:
            one.took = time.perf_counter() - one.began
            seen.append(one)

    event.listen(Engine, "before_cursor_execute", begin)
    event.listen(Engine, "after_cursor_execute", end)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", begin)
        event.remove(Engine, "after_cursor_execute", end)


def _told(filled: Filled, one: _Asked) -> str:
    """Return a statement with the database's plan for it."""
    head = f"{1000 * one.took:.0f} ms until its first row: {' '.join(one.sql.split())}"
    if not one.sql.lstrip().startswith(("SELECT", "WITH")):
        return head
    with filled.context.store.read() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one.sql}", one.parameters)
        return "\n".join((head, *(f"  {row[3]}" for row in rows)))
