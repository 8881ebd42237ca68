"""``python -m tests.contracts``: the rules of each contract, and the tests of each provider.

    python -m tests.contracts [--rules]

What pytest collects is counted; nothing is run. A rule is a test function of a contract, which each
provider's tests inherit; a test is one case of it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from bypost.providers.registry import BUILDERS

ROOT = Path(__file__).parents[2]
_OUT = Console(highlight=False, markup=False, width=130)


class Collected:
    """A plugin of pytest that keeps what was collected."""

    def __init__(self) -> None:
        self.items: list[pytest.Function] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.items += [item for item in items if isinstance(item, pytest.Function)]


def main() -> int:
    """Count, print both tables, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.contracts", description=__doc__)
    parser.add_argument("--rules", action="store_true", help="write out each rule")
    given = parser.parse_args()
    collected = Collected()
    folder = str(ROOT / "tests" / "providers")
    # This package is loaded already; nothing is run, so nothing of it needs rewriting.
    calm = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    options = ["--collect-only", "-q", "--rootdir", str(ROOT), *calm, folder]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main(options, plugins=[collected])
    if code:
        _OUT.print(said.getvalue())
        return int(code)
    rules: dict[str, set[str]] = defaultdict(set)
    tests: dict[str, Counter[str]] = {name: Counter() for name in sorted(BUILDERS)}
    for item in collected.items:
        contract = contract_of(item)
        if contract != "own":
            rules[contract].add(item.originalname)
        for name in providers_of(item):
            tests[name][contract] += 1
    _OUT.print(_rules(rules))
    _OUT.print(_tests(tests, sorted(rules)))
    for contract, found in sorted(rules.items()) if given.rules else ():
        _OUT.print(f"{contract}:")
        for rule in sorted(found):
            _OUT.print(f"  {rule.removeprefix('test_').replace('_', ' ')}")
    _OUT.print(f"{len(collected.items):,} tests in tests/providers")
    return 0


def contract_of(item: pytest.Function) -> str:
    """Return the contract that a test is a rule of, or ``own``."""
    for kind in item.cls.__mro__ if item.cls else ():
        if item.originalname in vars(kind):
            return kind.__name__ if kind.__name__.endswith("Contract") else "own"
    return "own"


def providers_of(item: pytest.Function) -> set[str]:
    """Return whom a test is about: by its file, its webhook's name, or what it is called with."""
    words = item.path.stem.removeprefix("test_").split("_")
    named = {words[0], getattr(item.cls, "name", "")}
    if called := getattr(item, "callspec", None):
        given = called.params.values()
        named |= {one if isinstance(one, str) else getattr(one, "name", "") for one in given}
    return {name for name in named if isinstance(name, str)} & BUILDERS.keys()


def _rules(rules: dict[str, set[str]]) -> Table:
    table = Table("Contract", "Rules")
    for name, found in sorted(rules.items()):
        table.add_row(name, f"{len(found)}")
    return table


def _tests(tests: dict[str, Counter[str]], contracts: list[str]) -> Table:
    table = Table("Provider", *contracts, "Own", "All")
    for name, counted in tests.items():
        cells = [counted[contract] for contract in (*contracts, "own")]
        table.add_row(name, *(f"{one:,}" if one else "–" for one in cells), f"{sum(cells):,}")
    return table


if __name__ == "__main__":
    sys.exit(main())
