"""What ``bypost plan`` says of every person comes to pass.

``python -m tests.editing --plans 500`` goes on for longer.
"""

from __future__ import annotations

import pytest

from tests.editing.prophecy import Prophecy
from tests.editing.walk import Walk
from tests.editing.world import World

_PLANS = 5


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_next_mails_and_counts_of_a_plan_come_to_pass(world: World, seed: int) -> None:
    prophecy = Prophecy(Walk(world, seed))
    while prophecy.plans < _PLANS:
        prophecy.compare()
    assert prophecy.people > 10
    assert prophecy.counts > _PLANS
