"""The tests of the tests: each safeguard is taken away in turn, and they must notice.

The product has no switch for it; :mod:`plugin` patches it from here. ``make mutate`` does the same
with all tests of sending.
"""

from __future__ import annotations

import pytest

from tests.mutation.catalogue import MUTATIONS
from tests.mutation.trial import run

pytestmark = pytest.mark.process


@pytest.mark.parametrize("name", MUTATIONS)
def test_without_a_safeguard_the_tests_that_are_named_for_it_fail(name: str) -> None:
    mutation = MUTATIONS[name]
    trial = run(mutation, *mutation.missed_by)
    assert trial.code == 1, trial.output
    missing = [
        wanted
        for wanted in mutation.missed_by
        if not any(test.startswith(wanted) for test in trial.failed)
    ]
    assert missing == [], trial.output


def test_with_all_safeguards_the_same_tests_pass() -> None:
    named = {test for mutation in MUTATIONS.values() for test in mutation.missed_by}
    trial = run(None, *sorted(named))
    assert (trial.code, trial.failed) == (0, []), trial.output
