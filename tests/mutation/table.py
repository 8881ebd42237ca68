"""The result as a Markdown table: a row for each safeguard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from tests.mutation.catalogue import MUTATIONS
from tests.mutation.mutation import Mutation
from tests.mutation.trial import Trial

#: Tests that are named in a row.
SHOWN = 3


def markdown(trials: Mapping[str, Trial]) -> str:
    """Return the table."""
    lines = [("Safeguard", "Without it", "Tests that then fail"), ("---", "---", "---")]
    lines += [_row(MUTATIONS[name], trial.failed) for name, trial in trials.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(mutation: Mutation, failed: Sequence[str]) -> tuple[str, str, str]:
    rules = list(dict.fromkeys(_words(test) for test in _best_first(mutation, failed)))
    words = "; ".join(rules[:SHOWN])
    number = f"**{len(failed):,}**"
    return mutation.safeguard, mutation.without, f"{number}: {words}" if words else number


def _best_first(mutation: Mutation, failed: Sequence[str]) -> Sequence[str]:
    """Return the tests that are named for the mutation before the others."""
    return sorted(failed, key=lambda test: (not test.startswith(mutation.missed_by), test))


def _words(test: str) -> str:
    """Return the rule that a test is named for, and its file."""
    path, _, name = test.partition("::")
    rule = name.partition("[")[0].rpartition("::")[2].removeprefix("test_")
    return f"{rule.replace('_', ' ')} (`{PurePosixPath(path).name}`)"
